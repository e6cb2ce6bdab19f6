import { raceAbort } from '../../kernel/abort.ts'
import type { Clock } from '../../kernel/clock.ts'
import { MseError, messageOf } from '../../kernel/error.ts'
import type { ClientReply, ServerMsg } from '../../protocol/operator-frame.ts'
import type { WorkerPrompt } from '../../protocol/worker.ts'
import type { OperatorApi } from './operator-api.ts'
import { untilAnswered } from './operator-backoff.ts'
import type { OperatorEvent } from './operator-event.ts'
import type { OperatorHandlers, SpawnAnswer, SpawnWork } from './operator-work.ts'

export type SpawnFrame = Extract<ServerMsg, { readonly type: 'spawn' }>

export interface SpawnDeps {
	readonly api: OperatorApi
	readonly baseUrl: string
	readonly clock: Clock
	readonly handlers: OperatorHandlers
	readonly tell: (event: OperatorEvent) => void
}

/** Fetches the prompt, has the work done, submits the result. Resolves to the reply, or null when nobody waits for one. */
export async function performSpawn(deps: SpawnDeps, frame: SpawnFrame, signal: AbortSignal): Promise<ClientReply | null> {
	const { req_id: reqId, task_id: taskId, agent, attempt } = frame
	const step = { reqId, taskId, agent, attempt }
	try {
		const reply = await carryOut(deps, frame, signal)
		deps.tell({ kind: 'ended', outcome: reply.outcome, ...step })
		return reply.frame
	} catch (thrown) {
		if (signal.aborted || isOver(thrown)) {
			deps.tell({ kind: 'withdrawn', message: messageOf(signal.aborted ? signal.reason : thrown), ...step })
			return null
		}
		const message = messageOf(thrown) || 'The operator failed without a message.'
		deps.tell({ kind: 'ended', outcome: 'failed', message, ...step })
		return { type: 'spawn_ack', req_id: reqId, value: {}, ok: false, error: message }
	}
}

interface Decided {
	readonly outcome: 'done' | 'blocked' | 'halted'
	readonly frame: ClientReply
}

async function carryOut(deps: SpawnDeps, frame: SpawnFrame, signal: AbortSignal): Promise<Decided> {
	const { api, clock } = deps
	const { req_id, task_id: taskId, agent, attempt } = frame
	const handle = frame.worker_handle ?? frame.capability_token
	const given = await untilAnswered(clock, signal, () => api.prompt(handle, taskId, signal))
	deps.tell({ kind: 'started', reqId: req_id, taskId, agent, attempt })
	const answer = await raceAbort(askHandler(deps.handlers, toWork(deps, frame, given, signal)), signal)
	if (typeof answer === 'object' && 'halt' in answer) return { outcome: 'halted', frame: toHalt(req_id, answer) }
	const { value, ok = true, stats } = typeof answer === 'string' ? { value: answer } : { stats: undefined, ...answer }
	const text = typeof value === 'string' ? value : JSON.stringify(value ?? null)
	await untilAnswered(clock, signal, () => api.submit(handle, text, ok, signal))
	const ack: ClientReply = { type: 'spawn_ack', req_id, value: {}, ok: true, ...(stats !== undefined && { stats }) }
	return { outcome: ok ? 'done' : 'blocked', frame: ack }
}

/** What a handler throws fails the step, whatever its kind. */
async function askHandler(handlers: OperatorHandlers, work: SpawnWork): Promise<SpawnAnswer> {
	try {
		return await handlers.onSpawn(work)
	} catch (thrown) {
		throw new Error(messageOf(thrown), { cause: thrown })
	}
}

function toWork({ baseUrl }: SpawnDeps, frame: SpawnFrame, given: WorkerPrompt, signal: AbortSignal): SpawnWork {
	return {
		reqId: frame.req_id,
		taskId: frame.task_id,
		runId: given.context.run_id ?? null,
		agent: frame.agent,
		attempt: frame.attempt,
		prompt: given.prompt,
		system: given.system ?? null,
		context: given.context,
		directive: frame.directive,
		worker: frame.worker ?? null,
		handle: frame.worker_handle ?? frame.capability_token,
		baseUrl,
		signal,
	}
}

function toHalt(req_id: string, { halt, reason }: Extract<SpawnAnswer, { readonly halt: unknown }>): ClientReply {
	return { type: 'spawn_halt', req_id, value: halt ?? {}, ...(reason !== undefined && { reason }) }
}

/** The step ended, was cancelled, or its seat went to somebody else. */
function isOver(thrown: unknown): boolean {
	return thrown instanceof MseError && (thrown.kind === 'gone' || thrown.kind === 'conflict')
}
