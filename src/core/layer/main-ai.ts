import { randomUUID } from 'node:crypto'
import { messageOf } from '../../kernel/error.ts'
import type { SessionId } from '../../kernel/id.ts'
import type { Json } from '../../kernel/json.ts'
import { operatorKindOf } from '../blueprint/operator-kind.ts'
import { aboutAttempt } from '../dispatch/about-attempt.ts'
import type { Attempt, Completion, Worker } from '../dispatch/backend.ts'
import type { Route } from '../dispatch/plan.ts'
import { stopOf } from '../dispatch/stop.ts'
import type { Standing } from './face.ts'
import { keepFinal } from './kept-final.ts'
import type { Layer } from './layer.ts'
import { faceFinder, type LayerDeps } from './layer-deps.ts'

/**
 * Asks the launch's spawn hook before an attempt and tells it afterwards (mlua-swarm 0.1.0), for agents whose operator kind
 * is `main_ai` or `composite`. A step that was let through once is not asked for again, however often it is tried.
 */
export function mainAi(deps: LayerDeps): Layer {
	return (route, context) => {
		const { hookId, kind, perAgentKinds } = context.run.options.operator ?? {}
		if (hookId === undefined) return route
		if (operatorKindOf(context.blueprint, route.agent, { global: kind, perAgent: perAgentKinds }) === 'automate') return route
		const find = faceFinder(deps, 'spawn hook', hookId, route, context)
		return { ...route, worker: hooked({ deps, route, hookId, find }) }
	}
}

interface Hook {
	readonly deps: LayerDeps
	readonly route: Route
	readonly hookId: string
	find(): Promise<SessionId | null>
}

function hooked(hook: Hook): Worker {
	const inner = hook.route.worker
	return {
		pure: false,
		async perform(attempt) {
			await before(hook, attempt, await standingOf(hook, attempt))
			return withAfter(hook, attempt, () => inner.perform(attempt))
		},
		async resume(attempt) {
			const standing = await standingOf(hook, attempt)
			if (!standing && !inner.resume) return null
			await before(hook, attempt, standing)
			const wasAsked = standing?.attempt === attempt.n && !isGranted(standing)
			return withAfter(hook, attempt, () => (wasAsked ? inner.perform(attempt) : (inner.resume?.(attempt) ?? null)))
		},
	}
}

const standingOf = ({ deps }: Hook, { stepId }: Attempt): Promise<Standing | null> => deps.faces.standing(stepId, 'hook_before')

const isGranted = ({ reply }: Standing): boolean => reply?.type === 'hook_ack' && reply.ok

async function before(hook: Hook, attempt: Attempt, standing: Standing | null): Promise<void> {
	const { stepId: task_id, agent, n } = attempt
	if (standing && isGranted(standing)) return
	const isOurs = standing?.attempt === n || standing?.reply != null
	if (!isOurs && (await hook.find()) === null) return
	attempt.resumable(true)
	const frame = { task_id, agent, attempt: n }
	const asking = standing?.reply ?? hook.deps.faces.ask({ kind: 'hook_before', attempt, to: hook.hookId, frame })
	const reply = await Promise.resolve(asking).catch((error) => {
		attempt.signal.throwIfAborted()
		throw rejected(messageOf(error))
	})
	if (reply.type !== 'hook_ack') throw rejected(`ws operator: unexpected ${reply.type} reply to before`)
	if (!reply.ok) throw rejected(reply.reason || 'ws operator: spawn rejected')
	attempt.working(true)
}

const rejected = (why: string): Error => new Error(`spawn rejected by middleware: ${why}`)

async function withAfter<C extends Completion | null>(hook: Hook, attempt: Attempt, work: () => C | Promise<C>): Promise<C> {
	const { deps, route } = hook
	attempt.resumable(route.worker.resume !== undefined)
	try {
		const completion = await work()
		const final = completion && (await keepFinal(deps.outputs, attempt, completion, route.agent.verdict))
		if (completion) await tellAfter(hook, attempt, final?.value ?? null)
		return completion
	} catch (error) {
		if (!goesOn(attempt.signal)) await tellAfter(hook, attempt, messageOf(error))
		throw error
	}
}

/** The work of an attempt that this process lets go of, or whose seat moved, is not over. */
function goesOn(signal: AbortSignal): boolean {
	const kind = signal.aborted ? stopOf(signal).kind : null
	return kind === 'detached' || kind === 'displaced'
}

/** One-way, and it changes nothing: an operator who is away misses it. */
async function tellAfter(hook: Hook, attempt: Attempt, result: Json): Promise<void> {
	const { stepId: task_id, agent, n } = attempt
	const { faces, log } = hook.deps
	try {
		const sid = await hook.find()
		if (sid === null) return
		const parent = (await standingOf(hook, attempt))?.reqId
		const about = { req_id: `${sid}-ha-${randomUUID()}`, ...(parent !== undefined && { parent_req_id: parent }) }
		faces.tell(sid, { type: 'hook_after', ...about, task_id, agent, attempt: n, result })
	} catch (error) {
		log.warn('the hook after an attempt could not be told', { ...aboutAttempt(attempt), error })
	}
}
