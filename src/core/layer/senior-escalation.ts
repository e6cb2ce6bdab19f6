import { messageOf } from '../../kernel/error.ts'
import type { SessionId } from '../../kernel/id.ts'
import { isJsonObject, type Json } from '../../kernel/json.ts'
import { aboutAttempt } from '../dispatch/about-attempt.ts'
import type { Attempt, Completion, Worker } from '../dispatch/backend.ts'
import type { Route } from '../dispatch/plan.ts'
import { appendFinal, type KeptFinal, keepFinal } from './kept-final.ts'
import type { Layer } from './layer.ts'
import { faceFinder, type LayerDeps } from './layer-deps.ts'

/**
 * Asks the launch's senior about a result with ok=false (mlua-swarm 0.1.0), for agents of any operator kind. The answer is
 * appended as one more Final and lets the step pass; exactly `{"verdict":"reject"}`, with a `reason` or without, or no
 * answer at all leaves it blocked.
 */
export function seniorEscalation(deps: LayerDeps): Layer {
	return (route, context) => {
		const bridgeId = context.run.options.operator?.bridgeId
		if (bridgeId === undefined) return route
		const find = faceFinder(deps, 'senior bridge', bridgeId, route, context)
		return { ...route, worker: escalating({ deps, route, bridgeId, find }) }
	}
}

interface Bridge {
	readonly deps: LayerDeps
	readonly route: Route
	readonly bridgeId: string
	find(): Promise<SessionId | null>
}

function escalating(bridge: Bridge): Worker {
	const inner = bridge.route.worker
	return {
		pure: false,
		async perform(attempt) {
			attempt.resumable(inner.resume !== undefined)
			return escalate(bridge, attempt, await inner.perform(attempt))
		},
		async resume(attempt) {
			if (await wasAsked(bridge, attempt)) return escalate(bridge, attempt, {})
			attempt.resumable(inner.resume !== undefined)
			const completion = (await inner.resume?.(attempt)) ?? null
			return completion && escalate(bridge, attempt, completion)
		},
	}
}

/** The worker was done before anybody was asked. */
async function wasAsked({ deps }: Bridge, { stepId, n }: Attempt): Promise<boolean> {
	return (await deps.faces.standing(stepId, 'ask'))?.attempt === n
}

async function escalate(bridge: Bridge, attempt: Attempt, completion: Completion): Promise<Completion> {
	const { deps, route } = bridge
	const final = await keepFinal(deps.outputs, attempt, completion, route.agent.verdict)
	if (!final || final.ok) return completion
	if (!(await wasAsked(bridge, attempt)) && (await bridge.find()) === null) return completion
	if (completion.stats) await deps.attempts.reportStats(attempt.stepId, attempt.n, completion.stats)
	attempt.resumable(true)
	const answer = await ask(bridge, attempt, final)
	attempt.working(true)
	if (answer && !isRefusal(answer.value))
		await appendFinal(attempt, { value: { original: final.value, senior_answer: answer.value }, ok: true })
	return completion
}

/** Null when no answer came: then the worker's own result stands. */
async function ask({ deps, bridgeId }: Bridge, attempt: Attempt, { value }: KeptFinal): Promise<{ readonly value: Json } | null> {
	const { faces, log } = deps
	const spawn = await faces.standing(attempt.stepId, 'spawn')
	const frame = {
		...(spawn?.attempt === attempt.n && { parent_req_id: spawn.reqId }),
		task_id: attempt.stepId,
		question: { reason: 'worker reported ok=false', value },
	}
	try {
		const reply = await faces.ask({ kind: 'ask', attempt, to: bridgeId, frame })
		if (reply.type === 'answer') return { value: reply.value as Json }
		throw new Error(`ws operator: unexpected ${reply.type} reply to ask`)
	} catch (error) {
		attempt.signal.throwIfAborted()
		log.warn('a senior gave no answer, the step stays blocked', { ...aboutAttempt(attempt), reason: messageOf(error) })
		return null
	}
}

function isRefusal(answer: Json): boolean {
	return isJsonObject(answer) && answer.verdict === 'reject' && Object.keys(answer).every((key) => key === 'verdict' || key === 'reason')
}
