import type { Clock } from '../../kernel/clock.ts'
import { MseError, messageOf } from '../../kernel/error.ts'
import type { StepId } from '../../kernel/id.ts'
import type { Json } from '../../kernel/json.ts'
import type { Logger } from '../../kernel/log.ts'
import type { Plan } from '../dispatch/plan.ts'
import { Stop, stopOf } from '../dispatch/stop.ts'
import type { EventDraft } from '../event/event.ts'
import { evaluateFlow } from '../flow/evaluate-flow.ts'
import { FlowError } from '../flow/flow-error.ts'
import type { FlowHost } from '../flow/flow-host.ts'
import { type LayerRegistry, layeredPlan, type Remark } from '../layer/layer.ts'
import type { OutputStore } from '../output/store.ts'
import { AgentContexts } from './agent-contexts.ts'
import type { StepApprovals } from './approvals.ts'
import { Audits } from './audits.ts'
import { digestsIn } from './bindings.ts'
import { RunBudget } from './budget.ts'
import { refuseLargeResult } from './ctx-limit.ts'
import { failureResult } from './failure-result.ts'
import type { InFlight } from './in-flight.ts'
import { Journal } from './journal.ts'
import { OpenSteps } from './open-steps.ts'
import { type PausedBy, PauseGate } from './pause-gate.ts'
import type { Run, RunPhase, RunStatus, StepFailure } from './record.ts'
import type { AttemptDeps } from './step-in-flight.ts'
import { StepRunner } from './step-runner.ts'
import type { RecordedJournal, RunStore } from './store.ts'
import { WorkTimer, workLimit } from './ttl.ts'

/** What every run of this server shares. */
export interface DriverDeps {
	readonly runs: RunStore
	readonly outputs: OutputStore
	readonly clock: Clock
	readonly log: Logger
	readonly dataDirId: string
	readonly tokenSecret: Uint8Array
	readonly tokenTtlSecs: number
	readonly recoveryMax: number
	/** Milliseconds of work after which deaths are forgotten; 0 for never. */
	readonly recoveryResetMs: number
	readonly limits: FlowHost['limits'] & { readonly ctxBytes: number }
	readonly layers: LayerRegistry
	readonly inFlight: InFlight
	/** Without it, steps that want an approval fail. */
	readonly approvals?: StepApprovals | undefined
}

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
	readonly #open = new OpenSteps()
	readonly #journal: Journal
	readonly #host: FlowHost
	/** Audits of its steps, which may outlive its end; none where the Blueprint declares none. */
	readonly audits: Audits | undefined
	#openSteps = 0

	constructor(deps: DriverDeps, run: Run, plan: Plan, recorded: RecordedJournal, onLimit: (why: StepFailure) => void) {
		this.#deps = deps
		this.run = run
		this.plan = plan
		const { clock } = deps
		const limit = workLimit(run.options)
		this.#timer = new WorkTimer({ clock, limitMs: limit?.ms, usedMs: run.ttlUsedMs, onExpired: () => limit && onLimit(limit.why) })
		const { budget } = run.options.runPolicy ?? {}
		const since = run.options.budgetSince ?? run.createdAt
		this.#budget = budget && new RunBudget({ budget, used: recorded.used, since, clock, onUsedUp: (why) => this.#atLimit(why, onLimit) })
		this.#journal = new Journal({
			store: deps.runs,
			run,
			recorded,
			ttlUsedMs: () => this.#timer.usedMs,
			onFault: (error) => this.#detach(error),
		})
		if (run.phase === 'paused') this.pause()
		const attempts = this.#attemptDeps(recorded)
		const contexts = new AgentContexts({ run, journal: this.#journal, plan })
		this.audits = plan.blueprint.audits.length > 0 ? new Audits(attempts, plan, contexts) : undefined
		this.audits?.resume(recorded.steps)
		this.#host = this.#makeHost(new StepRunner(attempts, this.#layered(plan), { contexts, audits: this.audits }))
		this.ended = Promise.resolve().then(() => this.#drive())
		this.ended.catch(() => {})
	}

	get recordedSteps(): number {
		return this.#journal.recordedSteps
	}

	/** What the run is doing right now: `waiting` and `waiting_approval` when each open step only waits for somebody. */
	get phase(): RunPhase {
		if (this.#gate.isClosed) return 'paused'
		if (this.#openSteps === 0 || this.#timer.isWorking) return 'running'
		return this.#open.isAsking ? 'waiting_approval' : 'waiting'
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
		const settled = this.#open.stop(stepId, stop)
		await settled
		await this.#journal.flush()
		return settled !== null
	}

	async #drive(): Promise<Run> {
		const { signal } = this.#controller
		try {
			const ctx = await evaluateFlow(this.plan.flow, this.run.initCtx, this.#host, signal)
			refuseLargeResult(ctx, this.#deps.limits.ctxBytes)
			return await this.#finish('done', ctx, { kind: 'run.done' })
		} catch (error) {
			if (signal.aborted) return await this.#stopped(stopOf(signal))
			if (error instanceof MseError && error.kind === 'unavailable') throw error
			if (error instanceof FlowError) return await this.#fail(error)
			this.#interrupt('driver_fault', `The run's driver failed: ${messageOf(error)}`, error)
			return await this.#stopped(stopOf(signal))
		} finally {
			this.#timer.stop()
			this.#budget?.stop()
		}
	}

	async #fail(error: FlowError): Promise<Run> {
		await this.#journal.flush()
		const result = await failureResult({ runs: this.#deps.runs, digestOf: digestsIn(this.plan, this.run) }, this.run, error)
		return this.#finish('failed', result, { kind: 'run.failed', data: { error: result.error ?? null } })
	}

	async #finish(to: RunStatus, result: Json, event: Pick<EventDraft, 'kind' | 'data'>): Promise<Run> {
		const flushed = this.#journal.flush()
		const about = { runId: this.run.id, taskId: this.run.taskId }
		const changing = this.#deps.runs.changeStatus(this.run.id, { from: ['running'], to, result, events: [{ ...event, ...about }] })
		// Together, for both fail with the transaction they share.
		const [changed] = await Promise.all([changing, flushed])
		if (changed) return { ...this.run, status: to, result, updatedAt: this.#deps.clock.now() }
		return this.#current()
	}

	/** Somebody else ended the run, or this process lets go of it. */
	async #stopped(stop: Stop): Promise<Run> {
		await this.#journal.flush().catch(() => {})
		if (stop.kind === 'detached' && stop.code !== 'interrupted')
			throw new MseError('unavailable', stop.message, {
				code: stop.code,
				hint: `The run goes on by itself; ask for it with GET /v1/runs/${this.run.id}.`,
				details: { task_id: this.run.taskId, run_id: this.run.id },
			})
		return this.#current()
	}

	async #current(): Promise<Run> {
		const run = await this.#deps.runs.run(this.run.id)
		if (!run) throw new MseError('gone', `Run ${this.run.id} was deleted.`)
		return run
	}

	#attemptDeps({ attempts }: RecordedJournal): AttemptDeps {
		const interrupt = (code: string, message: string): void => this.#interrupt(code, message)
		const own = { journal: this.#journal, timer: this.#timer, gate: this.#gate, open: this.#open, budget: this.#budget }
		return { ...this.#deps, run: this.run, ...own, attempts, interrupt, lostStorage: (error) => this.#lostStorage(error) }
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

	#layered(plan: Plan): Plan {
		const remark = (remark: Remark): void => this.#journal.record({ kind: 'remarked', ...remark })
		return layeredPlan(this.#deps.layers, plan, { blueprint: plan.blueprint, run: this.run, remark })
	}

	/** What the run did in this very turn may not be on disk yet, not even the run itself. */
	#atLimit(why: StepFailure, onLimit: (why: StepFailure) => void): void {
		void this.#journal
			.flush()
			.catch(() => {})
			.then(() => onLimit(why))
	}

	#makeHost(steps: StepRunner): FlowHost {
		return {
			limits: this.#deps.limits,
			dispatch: (call) => {
				const result = steps.dispatch(call)
				if (!(result instanceof Promise)) return result
				this.#openSteps++
				return result.finally(() => this.#openSteps--)
			},
			decided: (position) => this.#journal.decided(position),
			decide: (position, lane) => this.#journal.record({ kind: 'lane_decided', position, lane }),
		}
	}

	#interrupt(code: string, message: string, cause?: unknown): void {
		this.#deps.log.error(message, { run_id: this.run.id, task_id: this.run.taskId, code, cause })
		const about = { runId: this.run.id, taskId: this.run.taskId }
		const result = { error: { message, code, failed_step: null, verdict_value: null }, partial_ctx: null }
		this.#deps.runs
			.changeStatus(this.run.id, {
				from: ['running'],
				to: 'interrupted',
				result,
				events: [{ kind: 'run.interrupted', ...about, data: { code, message } }],
			})
			.catch((error) => this.#deps.log.error('a run could not be marked interrupted', { run_id: this.run.id, error }))
		this.stop(new Stop('detached', message, 'interrupted'))
	}
}
