import { childController } from '../../../kernel/abort.ts'
import { sleep } from '../../../kernel/clock.ts'
import type { WorkerStats } from '../../../protocol/output.ts'
import type { Route } from '../../dispatch/plan.ts'
import { Stop, stopOf } from '../../dispatch/stop.ts'
import { WorkerFailed } from '../../dispatch/worker-failed.ts'
import type { Outcome } from '../outcome.ts'
import type { StepFailure } from '../record.ts'
import type { RecordedAttempt } from '../store.ts'
import { addUsage, noUsage, usageOf } from '../usage.ts'
import { countsReports, over, usedUp } from './budget.ts'
import { settleWhenLost } from './end.ts'
import { retryWait } from './retry.ts'
import type { AttemptDeps, StepInFlight } from './step-in-flight.ts'

/** What stands between the attempts at one step: its policy for retries, and what it and its run may use up. */
export interface Tries {
	/** Resolves once attempt `n` may begin; with an outcome when it must not. Rejects with the step's reason to end. */
	ready(n: number): Promise<Outcome | null>
	/** Counts what attempt `n` used. Null when another one follows: then when it does is in the journal. */
	decide(n: number, outcome: Outcome, thrown: unknown): Promise<Outcome | null>
	/** The instant at which whatever attempt is under way must end; undefined without a budget of time. */
	readonly endsAt: number | undefined
}

export function newTries(deps: AttemptDeps, step: StepInFlight, route: Route, before: RecordedAttempt | undefined): Tries {
	const { budget, retry } = route.policy
	const endsAt = budget?.wall_ms === undefined ? undefined : step.startedAt + budget.wall_ms
	let used = before?.used ?? noUsage
	let failures = before?.failed ?? 0
	let wakeAt = before && !before.open ? before.wakeAt : null

	const exhausted = () => {
		const isLate = endsAt !== undefined && deps.clock.now() >= endsAt
		return isLate ? over('wall_ms', budget?.wall_ms ?? 0, deps.clock.now() - step.startedAt) : usedUp(budget, used)
	}

	return {
		endsAt,
		async ready(n) {
			const cancelled = wakeAt === null && !deps.gate.isClosed ? null : await standBack(deps, step, n - 1, wakeAt)
			wakeAt = null
			if (cancelled) return cancelled
			const why = n > 1 ? exhausted() : null
			if (why) return refuse(why)
			if (n > 1) await deps.budget?.enter(step.signal)
			return null
		},
		async decide(n, outcome, thrown) {
			const failed = outcome.status === 'failed' ? outcome : null
			const reported = await reportOf(deps, step, route, n, outcome)
			const usage = usageOf(broughtBy(outcome, thrown), reported)
			used = addUsage(used, usage)
			deps.budget?.spend(usage)
			if (!failed) return outcome
			failures++
			const { failure } = failed
			const retryAfterMs = thrown instanceof WorkerFailed ? thrown.retryAfterMs : (reported?.retry_after_ms ?? null)
			const wait = retryWait(retry, { failure, failures, retryAfterMs, seed: `${step.stepId}:${n}` })
			if (wait === null) return outcome
			const why = usedUp(budget, used)
			if (why) return refuse(why, `; the last attempt failed: ${failure.message}`)
			const wakes = deps.clock.now() + wait
			if (endsAt !== undefined && wakes >= endsAt) return outcome
			wakeAt = wakes
			recordRetry(deps, step, route, { n, failed, wakeAt })
			return null
		},
	}
}

function refuse({ code, message }: StepFailure, last = ''): Outcome {
	return { status: 'failed', failure: { code, message: `dispatch failed: ${message}${last}` }, stats: null }
}

/** What the worker said of itself, where anything depends on it. */
async function reportOf(deps: AttemptDeps, { stepId }: StepInFlight, { policy }: Route, n: number, outcome: Outcome) {
	const counts = countsReports(policy.budget) || countsReports(deps.budget?.budget)
	const retries = outcome.status === 'failed' && policy.retry !== undefined
	return counts || retries ? deps.runs.attemptStats(stepId, n) : null
}

const broughtBy = (outcome: Outcome, thrown: unknown): WorkerStats | null =>
	outcome.stats ?? (thrown instanceof WorkerFailed ? thrown.stats : null)

/** The end of the attempt (which may have been written before) and the wake time of the next are one transaction. */
function recordRetry(
	{ journal, clock, log, run }: AttemptDeps,
	{ stepId, ref }: StepInFlight,
	{ backend }: Route,
	{ n, failed, wakeAt }: { n: number; failed: Extract<Outcome, { status: 'failed' | 'cancelled' }>; wakeAt: number },
): void {
	const { failure, stats } = failed
	const at = clock.now()
	journal.record({ kind: 'attempt_ended', stepId, n, backend: backend.name, status: 'failed', failure, stats, at })
	journal.record({ kind: 'retry_scheduled', stepId, ref, n, wakeAt, failure, at })
	log.info('an attempt failed and is made again', { run_id: run.id, step_id: stepId, agent: ref, attempt: n, wait_ms: wakeAt - at })
}

/** Waits until the next attempt may begin: for its back-off, and while the run is paused. An outcome when the step was cancelled meanwhile. */
async function standBack(deps: AttemptDeps, step: StepInFlight, n: number, wakeAt: number | null): Promise<Outcome | null> {
	const { controller, release } = childController(step.signal)
	const leave = deps.open.attempt(step.stepId, controller)
	const settled = settleWhenLost(deps, step, n)
	try {
		await deps.journal.flush()
		if (wakeAt !== null) await sleep(deps.clock, Math.max(0, wakeAt - deps.clock.now()), controller.signal)
		await deps.gate.pass(controller.signal)
		return null
	} catch (error) {
		if (step.signal.aborted) throw step.signal.reason
		if (!(error instanceof Stop)) throw error
		const { code, message } = stopOf(controller.signal)
		return { status: 'cancelled', failure: { code, message: `dispatch failed: ${message}` }, stats: null }
	} finally {
		leave()
		settled()
		release()
	}
}
