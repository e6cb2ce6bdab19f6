import { resolve } from 'node:path'
import { aboutAttempt } from '../../core/dispatch/about-attempt.ts'
import type { AttemptStore } from '../../core/dispatch/attempt-store.ts'
import type { AgentContext, Attempt, Backend, Completion } from '../../core/dispatch/backend.ts'
import { VERDICT_PART } from '../../core/output/verdict.ts'
import { asText } from '../../kernel/json.ts'
import { renderSystem } from '../system-prompt.ts'
import { type ChildLimits, runChild } from './child.ts'
import type { ChildSlots } from './child-slots.ts'
import { declaredOutput } from './declared.ts'
import { childEnvironment, type EnvironmentSource } from './environment.ts'
import type { Framing } from './framing.ts'
import type { OutputReader } from './output.ts'
import { plainOutput } from './plain.ts'
import { type ProcessSpec, parseFraming, parseProcessSpec } from './spec.ts'
import { streamedOutput } from './stream.ts'
import { type FilledTemplate, fillTemplate, type ProcessTemplate, processTemplate } from './template.ts'

export interface ProcessOptions extends ChildLimits, EnvironmentSource {
	/** Keeps the system prompt that an attempt from a template was given. */
	readonly attempts: Pick<AttemptStore, 'setSystem'>
	/** Where system prompts lie that children are given as files; the folder for temporary files unless given. */
	readonly systemFolder?: string | undefined
	/** Where further attempts wait in order. */
	readonly children: ChildSlots
}

type Run = (options: ProcessOptions, attempt: Attempt) => Promise<Completion>

/** Child processes; the kind `subprocess` of mlua-swarm, by spec as in 0.1.0 or from a template as in 0.26.0. */
export function processBackend(options: ProcessOptions): Backend {
	return {
		name: 'process',
		leavesProcess: true,
		prepare(agent, blueprint) {
			const template = processTemplate(agent, blueprint)
			const staged = agent.verdict?.channel === 'part' ? VERDICT_PART : null
			const run = template === null ? fromSpec(parseProcessSpec(agent.spec), staged) : fromTemplate(template, staged)
			return { pure: false, perform: (attempt) => inTurn(options, attempt, () => run(options, attempt)) }
		},
	}
}

async function inTurn({ children }: ProcessOptions, attempt: Attempt, run: () => Promise<Completion>): Promise<Completion> {
	const leave = await children.take(attempt)
	try {
		return await run()
	} finally {
		leave()
	}
}

function fromSpec(spec: ProcessSpec, staged: string | null): Run {
	return (options, attempt) => {
		const prompt = asText(attempt.prompt)
		const argv = [spec.program, ...spec.args, ...(spec.useStdin ? [] : [prompt])]
		return runOne(options, attempt, { ...spec, argv, stdin: spec.useStdin ? prompt : undefined }, readerFor(spec.framing, attempt, staged))
	}
}

function fromTemplate(template: ProcessTemplate, staged: string | null): Run {
	const framing = parseFraming(template.stream_mode)
	return async (options, attempt) => {
		const system = await keepSystem(options, template, attempt)
		using filled = fillTemplate(template, { attempt, system, systemFolder: options.systemFolder })
		const output = template.output ? declaredOutput(template.output) : readerFor(framing, attempt, staged)
		return await runOne(options, attempt, filled, output)
	}
}

/** On disk before the child is there to ask for it; null when the agent has none. */
async function keepSystem({ attempts }: ProcessOptions, { systemSource }: ProcessTemplate, attempt: Attempt): Promise<string | null> {
	const system = renderSystem(systemSource, attempt.prompt)
	if (system !== null) await attempts.setSystem(attempt.stepId, attempt.n, system)
	return system
}

/** What is to be started, whichever way it was described. */
type Described = Pick<FilledTemplate, 'argv' | 'stdin' | 'env' | 'cwd'>

async function runOne(options: ProcessOptions, attempt: Attempt, { argv, stdin, env, cwd }: Described, output: OutputReader) {
	const work = {
		argv: [...argv],
		env: childEnvironment(options, env, attempt),
		cwd: folderOf(cwd, attempt.context),
		input: stdin === undefined ? undefined : new TextEncoder().encode(stdin),
		key: attempt.key,
		onOutput: output.take,
	}
	return output.end(await runChild(work, attempt.signal, { ...options, about: aboutAttempt(attempt) }))
}

function readerFor(framing: Framing | undefined, attempt: Attempt, staged: string | null): OutputReader {
	return framing ? streamedOutput(framing, attempt, staged) : plainOutput()
}

/** The folder of the task, or the described one seen from there. Undefined: where the server was started. */
function folderOf(cwd: string | undefined, { work_dir, project_root }: AgentContext): string | undefined {
	const task = work_dir ?? project_root
	if (cwd === undefined) return task
	return task === undefined ? cwd : resolve(task, cwd)
}
