import { type Json, type JsonObject, parseJson } from '../../../kernel/json.ts'
import type { CommandEnd } from '../exec.ts'
import { requestOf, type Wake } from './wake.ts'

/** Asks the agent's socket; throws what it refuses. */
export type AskHive = (request: JsonObject) => Promise<JsonObject>

/** What to run a command with, and what to do with its end. */
export interface Work {
	readonly stdin: string
	readonly env: Readonly<Record<string, string>>
	finish(end: CommandEnd): Promise<void>
}

/** A longer variable keeps a program from starting; a system prompt then comes before the prompt. */
const LONGEST_VARIABLE = 100 * 1024

/**
 * The work that a request of the system is: for a spawn its command reads the prompt of the step, and what it prints is the result.
 * Exit code 0 passes; with another one the step is blocked by what was printed, or fails with the end of stderr where nothing was.
 * Null for a message that is no request.
 */
export async function requestedWork(ask: AskHive, wake: Wake): Promise<Work | null> {
	const frame = requestOf(wake)
	if (frame === null) return null
	const { type } = frame
	const req_id = String(frame.req_id)
	const ack = async (fields: JsonObject): Promise<void> => void (await ask({ cmd: 'mse_ack', req_id, ...fields }))
	if (type === 'spawn') return spawnWork(ask, ack, String(frame.worker_handle))
	if (type === 'ask')
		return work(JSON.stringify(frame.question ?? null), async (end) =>
			end.code === 0
				? ack({ kind: 'answer', value: toValue(end.stdout) })
				: ack({ kind: 'answer', value: { verdict: 'reject', reason: why(end) } }),
		)
	if (type === 'hook_before')
		return work(wake.body, (end) => ack({ kind: 'hook_ack', ok: end.code === 0, ...(end.code !== 0 && { reason: why(end) }) }))
	return null
}

async function spawnWork(ask: AskHive, ack: (fields: JsonObject) => Promise<void>, worker_handle: string): Promise<Work> {
	const { value } = await ask({ cmd: 'worker_prompt', worker_handle })
	const { prompt, system = '', agent, task_id } = value as { readonly [key in 'prompt' | 'system' | 'agent' | 'task_id']?: string }
	const isLong = Buffer.byteLength(system) > LONGEST_VARIABLE
	return {
		stdin: isLong ? `${system}\n\n${prompt}` : (prompt ?? ''),
		env: { MSE_WORKER_HANDLE: worker_handle, MSE_SYSTEM: isLong ? '' : system, MSE_AGENT: agent ?? '', MSE_TASK_ID: task_id ?? '' },
		async finish(end) {
			const isFailed = end.cut !== null || (end.code !== 0 && end.stdout.trim() === '')
			if (isFailed) return ack({ kind: 'spawn_ack', ok: false, error: why(end) })
			await ask({ cmd: 'worker_submit', worker_handle, body: end.stdout, ok: end.code === 0 })
			await ack({ kind: 'spawn_ack', ok: end.code === 0 })
		},
	}
}

const work = (stdin: string, finish: Work['finish']): Work => ({ stdin, env: {}, finish })

const toValue = (printed: string): Json => parseJson(printed) ?? printed.trim()

const why = ({ code, cut, stderrTail }: CommandEnd): string =>
	`the command ${cut ?? `ended with code ${code}`}${stderrTail === '' ? '' : `: ${stderrTail}`}`
