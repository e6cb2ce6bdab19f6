import { childController } from '../../../kernel/abort.ts'
import type { MintedCredentials } from '../../access/credential.ts'
import type { Attempt, Completion } from '../../dispatch/backend.ts'
import type { Route } from '../../dispatch/plan.ts'
import { Stop, stopOf } from '../../dispatch/stop.ts'
import { WorkerFailed } from '../../dispatch/worker-failed.ts'
import type { OutputRecord } from '../../output/store.ts'
import { type Outcome, toFailure } from '../outcome.ts'
import type { RecordedAttempt } from '../store.ts'
import type { WorkTimer } from '../ttl.ts'
import { type Blame, watchBlame } from './blame.ts'
import { armDeadlines, hasDeadline } from './deadline.ts'
import { firstDegradation, refuseDegraded } from './degraded.ts'
import { watchEnd } from './end.ts'
import { settleValue } from './settle-value.ts'
import { askFirst } from './step-approval.ts'
import type { AttemptDeps, StepInFlight } from './step-in-flight.ts'
import { mint, toAttempt } from './to-attempt.ts'
import { newTries, type Tries } from './tries.ts'

type Perform = (attempt: Attempt) => Completion | Promise<Completion | null>

/** One attempt about to be performed. */
interface Try {
	readonly n: number
	readonly credentials: MintedCredentials | undefined
	readonly perform: Perform
	/** See `Tries.endsAt`. */
	readonly endsAt: number | undefined
	/** Told what the backend threw. */
	failed(thrown: unknown): void
}

interface Performed {
	readonly n: number
	readonly outcome: Outcome
}

/** Performs attempts at a step until one decides it. An attempt begins on disk before its backend hears of it. */
export async function performAttempts(deps: AttemptDeps, begun: StepInFlight, route: Route, wasBegun: boolean): Promise<Performed> {
	if (!wasBegun) {
		await deps.budget?.enter(begun.signal)
		const { stepId, position, ref, inputHash, prompt, startedAt: at } = begun
		const first = beginsWithItsStep(route, 1) ? ({ attempt: 1, backend: route.backend.name } as const) : ({ attempt: 0 } as const)
		deps.journal.record({ kind: 'step_began', stepId, position, ref, inputHash, prompt, ...first, at })
	}
	const before = deps.attempts.get(begun.stepId)
	const step = route.policy.approve === undefined ? begun : await askFirst(deps, begun, route.policy.approve)
	if ('status' in step) return { n: before?.n ?? 0, outcome: step }
	const tries = newTries(deps, step, route, before)
	if (before?.open) {
		const resumed = await resumeAttempt(deps, step, route, before.n, tries)
		const outcome = resumed === 'lost' ? endLost(deps, step, route, before) : resumed
		if (outcome) return { n: before.n, outcome }
	}
	for (let n = (before?.n ?? 0) + 1; ; n++) {
		const refused = await tries.ready(n)
		if (refused) return { n: Math.max(1, n - 1), outcome: refused }
		const credentials = credentialsOf(deps, step, route, n)
		if (!beginsWithItsStep(route, n)) begin(deps, step, route, n, credentials)
		const outcome = await decided(deps, step, route, tries, { n, credentials, perform: (attempt) => route.worker.perform(attempt) })
		if (outcome && outcome !== 'lost') return { n, outcome }
	}
}

/** One attempt and what the policy makes of it: null when another one must follow. */
async function decided(
	deps: AttemptDeps,
	step: StepInFlight,
	route: Route,
	tries: Tries,
	own: Pick<Try, 'n' | 'credentials' | 'perform'>,
): Promise<Outcome | 'lost' | null> {
	let thrown: unknown = null
	const failed = (error: unknown): void => {
		thrown = error
	}
	const outcome = await oneAttempt(deps, step, route, { ...own, endsAt: tries.endsAt, failed })
	return outcome === null || outcome === 'lost' ? outcome : tries.decide(own.n, outcome, thrown)
}

/** Goes on with an attempt of an earlier life, where its worker can. */
async function resumeAttempt(
	deps: AttemptDeps,
	step: StepInFlight,
	route: Route,
	n: number,
	tries: Tries,
): Promise<Outcome | 'lost' | null> {
	if (!route.worker.resume) return 'lost'
	return decided(deps, step, route, tries, { n, credentials: credentialsOf(deps, step, route, n), perform: route.worker.resume })
}

/** The first attempt of a function that begins at once is as good as its step, and no credential has to find it: most never get a row. */
const beginsWithItsStep = ({ backend, worker, policy }: Route, n: number): boolean =>
	n === 1 && !backend.leavesProcess && !worker.resume && !policy.approve

/** Closes an attempt a server death ended. An outcome when the policy wants no second try. */
function endLost(deps: AttemptDeps, step: StepInFlight, route: Route, before: RecordedAttempt): Outcome | null {
	const failure = { code: 'attempt_lost', message: `dispatch failed: the server died during attempt ${before.n}` }
	deps.journal.record({
		kind: 'attempt_ended',
		stepId: step.stepId,
		n: before.n,
		backend: route.backend.name,
		status: 'lost',
		failure,
		stats: null,
		at: deps.clock.now(),
	})
	if (route.policy.on_restart === 'fail') return { status: 'failed', failure, stats: null }
	const deaths = before.lost + (before.isBlamed ? 1 : 0)
	if (deaths < deps.recoveryMax || !before.isBlamed) return null
	// Whoever resumes the run gives it as many chances again.
	deps.journal.record({ kind: 'blame_changed', stepId: step.stepId, n: before.n, backend: route.backend.name, who: 'step', blamed: false })
	deps.interrupt('crash_loop', `The server died ${deaths} times during step '${step.ref}' (${step.stepId}), recovery.max.`)
	throw step.signal.reason
}

function credentialsOf(deps: AttemptDeps, { stepId }: StepInFlight, { backend }: Route, n: number): MintedCredentials | undefined {
	return backend.leavesProcess ? mint(deps, stepId, n) : undefined
}

function begin(deps: AttemptDeps, step: StepInFlight, route: Route, n: number, minted: MintedCredentials | undefined): void {
	deps.journal.record({
		kind: 'attempt_began',
		stepId: step.stepId,
		n,
		ref: step.ref,
		backend: route.backend.name,
		system: null,
		context: step.context,
		tokenFp: minted?.tokenFp ?? null,
		handleHash: minted?.handleHash ?? null,
		at: deps.clock.now(),
	})
}

/** Null when the seat moved under the attempt, so that the next one must follow; `lost` when it cannot be gone on with. */
async function oneAttempt(deps: AttemptDeps, step: StepInFlight, route: Route, own: Try): Promise<Outcome | 'lost' | null> {
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
