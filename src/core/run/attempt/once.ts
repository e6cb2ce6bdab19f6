import { childController } from '../../../kernel/abort.ts'
import type { MintedCredentials } from '../../access/credential.ts'
import type { Attempt, Completion } from '../../dispatch/backend.ts'
import type { Route } from '../../dispatch/plan.ts'
import { Stop, stopOf } from '../../dispatch/stop.ts'
import { WorkerFailed } from '../../dispatch/worker-failed.ts'
import type { OutputRecord } from '../../output/store.ts'
import { type Outcome, toFailure } from '../outcome.ts'
import type { WorkTimer } from '../ttl.ts'
import { type Blame, watchBlame } from './blame.ts'
import { armDeadlines, hasDeadline } from './deadline.ts'
import { firstDegradation, refuseDegraded } from './degraded.ts'
import { watchEnd } from './end.ts'
import { settleValue } from './settle-value.ts'
import type { AttemptDeps, StepInFlight } from './step-in-flight.ts'
import { toAttempt } from './to-attempt.ts'

/** One attempt about to be performed. */
export interface Try {
	readonly n: number
	readonly credentials: MintedCredentials | undefined
	perform(attempt: Attempt): Completion | Promise<Completion | null>
	/** See `Tries.endsAt`. */
	readonly endsAt: number | undefined
	/** Told what the backend threw. */
	failed(thrown: unknown): void
}

/** The first attempt of a function that begins at once is as good as its step, and no credential has to find it: most never get a row. */
export const beginsWithItsStep = ({ backend, worker, policy }: Route, n: number): boolean =>
	n === 1 && !backend.leavesProcess && !worker.resume && !policy.approve

/** Null when the seat moved under the attempt, so that the next one must follow; `lost` when it cannot be gone on with. */
export async function performOnce(deps: AttemptDeps, step: StepInFlight, route: Route, own: Try): Promise<Outcome | 'lost' | null> {
	const { n, credentials } = own
	const { controller, release } = childController(step.signal)
	const disarm = armDeadlines(deps.clock, route.policy, own.endsAt, controller)
	const can = { resume: route.worker.resume !== undefined, haveTail: route.backend.leavesProcess || route.worker.resume !== undefined }
	const end = watchEnd(deps, step, route, { n, endsWithItsStep: beginsWithItsStep(route, n), isResumable: () => can.resume })
	const work = workSwitch(deps.timer, watchBlame(deps, step, route, n))
	const leave = deps.open.attempt(step.stepId, controller)
	const landed = deps.inFlight.enter({ isResumable: () => can.resume })
	try {
		const begun = deps.journal.flush()
		begun.catch(() => {})
		// Before the first commit of this life not even the run may be on disk.
		if (!route.worker.sharesCommits || !deps.journal.hasWritten) await begun
		step.signal.throwIfAborted()
		controller.signal.throwIfAborted()
		work.set(true)
		const said = hearing(deps, step, route, { can, canStand: !hasDeadline(route.policy, own.endsAt) })
		const completion = await own.perform(
			toAttempt(deps, step, route, n, { signal: controller.signal, begun, credentials, working: work.set, ...said }),
		)
		if (completion === null) return 'lost'
		const degradation = route.refusesDegraded ? await firstDegradation(deps, step, n) : null
		const tail = can.haveTail ? await closedTail(deps, step, n) : []
		const outcome = refuseDegraded(settleValue(tail, completion, step.context, route.agent.verdict), degradation)
		end.record('finished', outcome, null)
		return outcome
	} catch (error) {
		if (step.signal.aborted || deps.lostStorage(error)) throw step.signal.reason
		own.failed(error)
		const stop = stopBehind(error, controller.signal)
		const failure = stop ? { code: stop.code, message: `dispatch failed: ${stop.message}` } : toFailure(error)
		const status = stop?.kind === 'displaced' || stop?.kind === 'cancelled' ? stop.kind : 'failed'
		const stats = error instanceof WorkerFailed ? error.stats : null
		end.record(status, { stats }, failure)
		return status === 'displaced' ? null : { status, failure, stats }
	} finally {
		deps.standing.set(step.stepId, null)
		leave()
		landed()
		work.end()
		disarm()
		end.release()
		release()
	}
}

/** Takes what the backend says of the attempt meanwhile. */
function hearing(
	{ inFlight, standing, lostStorage }: AttemptDeps,
	{ stepId }: StepInFlight,
	{ worker }: Route,
	{ can, canStand }: { readonly can: { resume: boolean; haveTail: boolean }; readonly canStand: boolean },
): Pick<Parameters<typeof toAttempt>[4], 'resumable' | 'emitting' | 'standing' | 'restsOn'> {
	return {
		resumable(is) {
			can.resume = is
			inFlight.changed()
		},
		emitting() {
			can.haveTail = true
		},
		standing: (afterMs) => standing.set(stepId, can.resume && canStand ? afterMs : null),
		...(worker.sharesCommits && { restsOn: (written: Promise<unknown>) => void written.catch(lostStorage) }),
	}
}

/** What decides the attempt; what comes later is refused until the attempt's end says so on disk. */
async function closedTail(
	{ outputs, journal }: AttemptDeps,
	{ stepId, signal }: StepInFlight,
	n: number,
): Promise<readonly OutputRecord[]> {
	const release = (): void => outputs.releaseTail(stepId, n)
	const tail = await outputs.closeTail(stepId, n).catch((error) => {
		release()
		throw error
	})
	if (signal.aborted) {
		release()
		throw signal.reason
	}
	journal.whenWritten(release)
	return tail
}

/** Why the attempt had to end, when it did not fail by itself. */
function stopBehind(error: unknown, signal: AbortSignal): Stop | null {
	if (signal.aborted) return stopOf(signal)
	return error instanceof Stop ? error : null
}

/** Counts this attempt in and out of the run's work time; saying the same twice changes nothing. */
function workSwitch(timer: WorkTimer, blame: Blame): { set(isWorking: boolean): void; end(): void } {
	let isOn = false
	const set = (isWorking: boolean): void => {
		if (isWorking === isOn) return
		timer.add(isWorking ? 1 : -1)
		blame.working(isWorking)
		isOn = isWorking
	}
	return {
		set,
		end() {
			blame.release()
			set(false)
		},
	}
}
