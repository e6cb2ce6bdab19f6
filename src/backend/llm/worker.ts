import { type Execution, type ExecutionContext, type ExecutionProfile, endedBy, refused } from '../../core/worker/execution.ts'
import { messageOf } from '../../kernel/error.ts'
import type { LlmProfile } from '../../protocol/runtime-profile.ts'
import { chooseModel, type ModelChoice } from './model.ts'
import type { LlmWorkerOptions } from './worker-option.ts'

/** `llm:<name>`: a language model goes on with the conversation of the worker's transcript. */
export function llmProfile(name: string, settings: LlmProfile, options: LlmWorkerOptions): ExecutionProfile {
	return {
		name: `llm:${name}`,
		rests: true,
		unavailable() {
			try {
				choose(name, settings, options)
				return null
			} catch (error) {
				return messageOf(error)
			}
		},
		spawn: (context) => llmExecution(choose(name, settings, options), settings, context, options),
	}
}

function choose(name: string, { llm, model }: LlmProfile, options: LlmWorkerOptions): ModelChoice {
	const table = llm ?? (options.settings.has(name) || model === undefined ? name : undefined)
	if (table !== undefined && !options.settings.has(table)) throw new Error(`the config file has no [llm.${table}]`)
	return chooseModel(options, { agent: `llm:${name}`, llm: table, model })
}

function llmExecution(model: ModelChoice, settings: LlmProfile, context: ExecutionContext, options: LlmWorkerOptions): Execution {
	let turn: AbortController | null = null
	const end = (reason: string): boolean => {
		turn?.abort(new Error(reason))
		return turn !== null
	}
	const begin = (): void => {
		const mine = new AbortController()
		turn = mine
		const free = (): void => {
			turn = null
		}
		// Loaded with the first turn: a server without such workers starts quicker and smaller.
		void import('./worker-turn.ts').then(({ runTurn }) => runTurn({ model, settings, context, options, signal: mine.signal, free }))
	}
	return {
		input: () => (turn === null ? { runState: 'busy', begin } : refused('input', 'busy', 'already running')),
		// What the model had said is gone with the connection; the transcript still has all that it needs.
		resume: begin,
		...endedBy(async () => void end('the worker was ended')),
		method: ({ method }) => method === 'cancel' && end('the turn was cancelled'),
		close: async () => void end('the worker was ended'),
	}
}
