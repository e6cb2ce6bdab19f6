import type { LaunchRequest, RunService } from '../../core/run/launch/request.ts'
import type { Run } from '../../core/run/record.ts'
import { type Execution, type ExecutionContext, type ExecutionProfile, endedBy, refused } from '../../core/worker/execution.ts'
import { eventsOf, failed } from '../../core/worker/lease.ts'
import type { TranscriptLine } from '../../core/worker/worker.ts'
import { messageOf } from '../../kernel/error.ts'
import type { RunId } from '../../kernel/id.ts'
import { asText, isJsonObject, type Json } from '../../kernel/json.ts'
import type { RunEnds } from './run-end.ts'

/** Which run carries out which turn. */
export interface TurnRunStore {
	find(workerId: string, turn: number): Promise<RunId | null>
	/** The run that `launch` writes, and that it is this turn's, are one transaction. */
	linking<T>(workerId: string, turn: number, launch: () => Promise<T>): Promise<T>
}

export interface OperatorWorkerDeps {
	readonly turnRuns: TurnRunStore
	readonly ends: RunEnds
	/** Asked for with each turn: runs are put together after workers. */
	runs(): Pick<RunService, 'launch' | 'cancel'>
	/** Whether there is any session, connected or not. */
	anyOperator(): boolean
}

const AGENT = 'worker'
/** Of the conversation so far the operator is shown the end. */
const SHOWN_LINES = 64

/**
 * `operator:<sid or role>`: each turn is a run of one step, which that operator is asked to carry out. So it is asked as for any
 * other step: over its socket, durably, with a prompt to fetch and a result to post, and on whichever socket it has next.
 */
export function operatorProfile(name: string, deps: OperatorWorkerDeps): ExecutionProfile {
	return {
		name: `operator:${name}`,
		rests: true,
		unavailable: () => null,
		spawn: (context) => operatorExecution(name, context, deps),
	}
}

function operatorExecution(name: string, context: ExecutionContext, deps: OperatorWorkerDeps): Execution {
	let turn: { readonly place: number; readonly left: AbortController } | null = null
	const begin = (place: number): void => {
		const mine = { place, left: new AbortController() }
		turn = mine
		void carryOut(name, context, deps, mine).finally(() => {
			if (turn === mine) turn = null
		})
	}
	const cancelTurn = async (reason: string): Promise<boolean> => {
		const runId = turn && (await deps.turnRuns.find(context.workerId, turn.place))
		return runId ? deps.runs().cancel(runId, reason) : false
	}
	const end = async (): Promise<void> => {
		turn?.left.abort()
		await cancelTurn('its worker was ended')
	}
	return {
		input() {
			if (turn !== null) return refused('input', 'busy', 'already running')
			if (!deps.anyOperator()) return refused('input', 'rejected', `nobody can answer for operator ${name}: no operator session is alive`)
			return { runState: 'busy', begin }
		},
		resume: begin,
		...endedBy(end),
		method: ({ method }) => method === 'cancel' && cancelTurn('the turn was cancelled'),
		// The run goes on, and is found again by the next life.
		close: async () => turn?.left.abort(),
	}
}

async function carryOut(
	name: string,
	context: ExecutionContext,
	deps: OperatorWorkerDeps,
	{ place, left }: { readonly place: number; readonly left: AbortController },
): Promise<void> {
	const { workerId, publish } = context
	try {
		const runId = (await deps.turnRuns.find(workerId, place)) ?? (await launch(name, context, deps, place))
		const run = await deps.ends.wait(runId, left.signal)
		for (const event of run === null ? [failed('the run of this turn is no longer kept')] : eventsOfRun(run)) publish(event)
	} catch (error) {
		if (!left.signal.aborted) publish(failed(messageOf(error)))
	}
}

async function launch(name: string, context: ExecutionContext, deps: OperatorWorkerDeps, place: number): Promise<RunId> {
	const lines = await context.transcript()
	const request = toLaunch(name, context, lines, place)
	const { run } = await deps.turnRuns.linking(context.workerId, place, () => deps.runs().launch(request))
	return run.id
}

function toLaunch(name: string, { workerId }: ExecutionContext, lines: readonly TranscriptLine[], turn: number): LaunchRequest {
	const asked = lines.find(({ sequence }) => sequence === turn)
	const transcript = lines.filter(({ sequence }) => sequence < turn).slice(-SHOWN_LINES)
	const about = {
		...{ worker_id: workerId, turn },
		...(asked?.attachments && { attachments: asked.attachments }),
		...(transcript.length > 0 && { transcript: transcript.map(({ role, content }) => ({ role, content })) }),
	}
	return {
		reference: { kind: 'inline', raw: blueprintFor(name) },
		initCtx: { prompt: asked?.content ?? '' },
		goal: `turn ${turn} of ${workerId}`,
		taskInput: { task_metadata: about as Json },
		detach: true,
	}
}

const blueprintFor = (name: string): Json => ({
	id: 'worker-turn',
	flow: { kind: 'step', ref: AGENT, in: { op: 'path', at: '$.prompt' }, out: { op: 'path', at: '$.answer' } },
	agents: [{ name: AGENT, kind: 'operator', spec: { operator_ref: name } }],
	operators: [{ name }],
})

function eventsOfRun({ status, result }: Run) {
	const ctx = isJsonObject(result) ? result : {}
	if (status === 'done') return eventsOf({ text: asText(ctx.answer ?? null) })
	const error = isJsonObject(ctx.error) ? ctx.error.message : null
	return [failed(typeof error === 'string' ? error : `the run of this turn is ${status}`)]
}
