import { raceAbort } from '../../../kernel/abort.ts'
import { MseError, messageOf } from '../../../kernel/error.ts'
import type { StepId } from '../../../kernel/id.ts'
import type { Plan } from '../../dispatch/plan.ts'
import { Stop, stopOf } from '../../dispatch/stop.ts'
import { evaluateFlow } from '../../flow/evaluate-flow.ts'
import { FlowError } from '../../flow/flow-error.ts'
import type { FlowHost } from '../../flow/flow-host.ts'
import { layeredPlan, type Remark } from '../../layer/layer.ts'
import { RunBudget } from '../attempt/budget.ts'
import type { AttemptDeps } from '../attempt/step-in-flight.ts'
import { Journal } from '../journal.ts'
import { OpenSteps } from '../open-steps.ts'
import { type PausedBy, PauseGate } from '../pause-gate.ts'
import type { Run, RunPhase, StepFailure } from '../record.ts'
import { Standing } from '../standing.ts'
import type { RecordedJournal } from '../store.ts'
import { WorkTimer, workLimit } from '../ttl.ts'
import { AgentContexts } from './agent-contexts.ts'
import { Audits } from './audits.ts'
import { refuseLargeResult } from './ctx-limit.ts'
import type { DriverDeps, DriverListener } from './driver-deps.ts'
import { newRunEnding, type RunEnding } from './ending.ts'
import { interrupt } from './give-up.ts'
import { StepRunner } from './step-runner.ts'

/**
 * One run being driven: evaluates its flow from the start, answering recorded steps from the journal, to its end. Whoever
 * ends the run from outside writes the new status first and then calls `stop`.
 */
export class Driver {
	readonly run: Run
	readonly plan: Plan
	/** The run as it ended. Rejects with `unavailable` when this process stopped driving it before that. */
	readonly ended: Promise<Run>
	readonly #deps: DriverDeps
	readonly #controller = new AbortController()
	readonly #timer: WorkTimer
	readonly #budget: RunBudget | undefined
	readonly #gate = new PauseGate()
	/** Its steps in flight. */
	readonly open: OpenSteps
	readonly #journal: Journal
	readonly #host: FlowHost
	readonly #ending: RunEnding
	/** Audits of its steps, which may outlive its end; none where the Blueprint declares none. */
	readonly audits: Audits | undefined
	readonly #standing: Standing
	readonly #forgettable: boolean
	readonly #listener: DriverListener
	#watchers = 0

	constructor(deps: DriverDeps, run: Run, plan: Plan, recorded: RecordedJournal, listener: DriverListener) {
		this.#deps = deps
		this.#listener = listener
		this.#standing = new Standing(() => listener.standingChanged())
		this.open = new OpenSteps(recorded.attempts)
		this.run = run
		this.plan = plan
		const { clock } = deps
		const limit = workLimit(run.options)
		this.#timer = new WorkTimer({
			clock,
			limitMs: limit?.ms,
			usedMs: run.ttlUsedMs,
			onExpired: () => limit && listener.limitReached(limit.why),
		})
		const { budget } = run.options.runPolicy ?? {}
		const since = run.options.budgetSince ?? run.createdAt
		this.#budget = budget && new RunBudget({ budget, used: recorded.used, since, clock, onUsedUp: (why) => this.#atLimit(why, listener) })
		this.#journal = new Journal({
			store: deps.runs,
			run,
			recorded,
			ttlUsedMs: () => this.#timer.usedMs,
			onFault: (error) => this.#detach(error),
		})
		this.#ending = newRunEnding({ ...deps, run, plan, journal: this.#journal })
		if (run.phase === 'paused') this.pause()
		const attempts = this.#attemptDeps(recorded)
		const contexts = new AgentContexts({ run, journal: this.#journal, plan })
		this.audits = plan.blueprint.audits.length > 0 ? new Audits(attempts, plan, contexts) : undefined
		this.audits?.resume(recorded.steps)
		const remark = (remark: Remark): void => this.#journal.record({ kind: 'remarked', ...remark })
		const layered = layeredPlan(deps.layers, plan, { blueprint: plan.blueprint, run, remark })
		// What layers, audits and limits hold in memory is not rebuilt for a run that slept.
		this.#forgettable = layered === plan && !this.audits && !limit && !budget
		this.#host = this.#makeHost(new StepRunner(attempts, layered, { contexts, audits: this.audits }))
		this.ended = Promise.resolve().then(() => this.#drive())
		this.ended.catch(() => {})
	}

	get recordedSteps(): number {
		return this.#journal.recordedSteps
	}

	/** What the run is doing right now: `waiting` and `waiting_approval` when each open step only waits for somebody. */
	get phase(): RunPhase {
		if (this.#gate.isClosed) return 'paused'
		if (this.#standing.openSteps === 0 || this.#timer.isWorking) return 'running'
		return this.open.isAsking ? 'waiting_approval' : 'waiting'
	}

	/** After how long the run may be let go of, because it only waits for what is on disk; null when it may not. */
	get sleepsAfterMs(): number | null {
		const isHeld = !this.#forgettable || this.#watchers > 0 || this.#journal.hasRemarked || this.#controller.signal.aborted
		return isHeld ? null : this.#standing.afterMs
	}

	/** As `ended`, and the run is not let go of before, unless the signal fires. */
	watched(signal?: AbortSignal): Promise<Run> {
		this.#watch(1)
		return signal ? raceAbort(this.ended, signal).finally(() => this.#watch(-1)) : this.ended
	}

	#watch(change: 1 | -1): void {
		this.#watchers += change
		if (this.#standing.afterMs !== null) this.#listener.standingChanged()
	}

	stop(stop: Stop): void {
		if (stop.kind === 'cancelled' || stop.kind === 'detached') this.audits?.stop(stop)
		if (!this.#controller.signal.aborted) this.#controller.abort(stop)
	}

	/** Begins nothing new until `proceed`. */
	pause(by: PausedBy = 'run'): void {
		this.#gate.close(by)
		this.#timer.hold(true)
	}

	proceed(by: PausedBy = 'run'): void {
		this.#gate.open(by)
		this.#timer.hold(this.#gate.isClosed)
	}

	/** Resolves once what the run did so far is on disk. */
	flush(): Promise<void> {
		return this.#journal.flush()
	}

	/** Stops the attempt a step has under way; resolves once the step's outcome is on disk. False when it has none. */
	async stopStep(stepId: StepId, stop: Stop): Promise<boolean> {
		await Promise.race([this.open.begun(stepId), this.ended.catch(() => {})])
		const settled = this.open.stop(stepId, stop)
		await settled
		await this.#journal.flush()
		return settled !== null
	}

	async #drive(): Promise<Run> {
		const { signal } = this.#controller
		try {
			const ctx = await evaluateFlow(this.plan.flow, this.run.initCtx, this.#host, signal)
			refuseLargeResult(ctx, this.#deps.limits.ctxBytes)
			return await this.#ending.done(ctx)
		} catch (error) {
			if (signal.aborted) return await this.#ending.stopped(stopOf(signal))
			if (error instanceof MseError && error.kind === 'unavailable') throw error
			if (error instanceof FlowError) return await this.#ending.failed(error)
			this.#interrupt('driver_fault', `The run's driver failed: ${messageOf(error)}`, error)
			return await this.#ending.stopped(stopOf(signal))
		} finally {
			this.#timer.stop()
			this.#budget?.stop()
		}
	}

	#attemptDeps({ attempts }: RecordedJournal): AttemptDeps {
		const own = {
			journal: this.#journal,
			timer: this.#timer,
			gate: this.#gate,
			open: this.open,
			standing: this.#standing,
			budget: this.#budget,
		}
		const interrupt = (code: string, message: string): void => this.#interrupt(code, message)
		const faults = { interrupt, lostStorage: (error: unknown) => this.#lostStorage(error) }
		return { ...this.#deps, run: this.run, ...own, attempts, ...faults }
	}

	#lostStorage(error: unknown): boolean {
		if (!(error instanceof MseError)) return false
		if (error.code === 'storage_unavailable') this.#detach(error)
		else if (error.code === 'storage_damaged') this.#interrupt(error.code, error.message, error)
		else return false
		return true
	}

	/** The disk may come back, and the run then goes on from what is on it. */
	#detach(error: unknown): void {
		this.stop(new Stop('detached', `The journal could not be written: ${messageOf(error)}`, 'storage_unavailable'))
	}

	/** What the run did in this very turn may not be on disk yet, not even the run itself. */
	#atLimit(why: StepFailure, listener: DriverListener): void {
		const told = (): void => listener.limitReached(why)
		this.#journal.flush().then(told, told)
	}

	#makeHost(steps: StepRunner): FlowHost {
		return {
			limits: this.#deps.limits,
			dispatch: (call) => {
				const result = steps.dispatch(call)
				if (!(result instanceof Promise)) return result
				this.#standing.opened()
				return result.finally(() => this.#standing.closed())
			},
			decided: (position) => this.#journal.decided(position),
			decide: (position, lane) => this.#journal.record({ kind: 'lane_decided', position, lane }),
		}
	}

	#interrupt(code: string, message: string, cause?: unknown): void {
		interrupt(this.#deps, this.run, code, message, cause)
		this.stop(new Stop('detached', message, 'interrupted'))
	}
}
