import { MseError } from '../../../kernel/error.ts'
import type { RunId } from '../../../kernel/id.ts'
import type { Json } from '../../../kernel/json.ts'
import type { Plan } from '../../dispatch/plan.ts'
import { ASLEEP, Stop } from '../../dispatch/stop.ts'
import type { EventDraft } from '../../event/event.ts'
import { Driver } from '../drive/driver.ts'
import type { DriverDeps } from '../drive/driver-deps.ts'
import { giveUpFor, isCode } from '../drive/give-up.ts'
import { isTerminal, type Run, type RunPhase, type RunStatus, type Step, type StepFailure } from '../record.ts'
import { emptyJournal, type RecordedJournal } from '../store.ts'
import { EndedAudits } from './ended-audits.ts'
import { DISK_RETRY_MS, newRebuilding, type Rebuilding } from './rebuilding.ts'
import { ServerHold } from './server-hold.ts'
import { Sleepers } from './sleepers.ts'
import type { SupervisorDeps } from './supervisor-deps.ts'
import { takeUp, takeUpAgain } from './take-up.ts'

const UNFINISHED: readonly RunStatus[] = ['pending', 'running', 'interrupted']

/** Knows the drivers of this process: starts them, ends them, and takes up again what stands on disk. */
export class RunSupervisor {
	readonly #deps: SupervisorDeps & DriverDeps
	/** What concerns all runs at once. */
	readonly hold: ServerHold
	readonly #drivers = new Map<RunId, Driver>()
	readonly #audits: EndedAudits
	readonly #sleepers: Sleepers
	readonly #rebuilding: Rebuilding

	constructor(deps: SupervisorDeps) {
		this.hold = new ServerHold({ drivers: () => this.#drivers.values(), clock: deps.clock })
		this.#deps = { ...deps, inFlight: this.hold.inFlight }
		this.#audits = new EndedAudits(this.#deps)
		this.#rebuilding = newRebuilding(this.#deps, {
			has: (runId) => this.#drivers.has(runId),
			takeUp: (run, event) => this.takeUp(run, event),
		})
		this.#sleepers = new Sleepers({
			...{ clock: deps.clock, log: deps.log, answers: deps.answers },
			// Where runs are at work there is garbage, and it is collected by and by.
			release: () => this.#drivers.size === 0 && deps.release?.(),
			driverOf: (runId) => this.#drivers.get(runId),
			takeUp: (runId) => this.#takeUpAgain(runId),
		})
	}

	/** Drives a run whose row is on disk, or queued to be written before anything the driver does. */
	start(run: Run, plan: Plan, recorded: RecordedJournal = emptyJournal): Driver {
		const driver = new Driver(this.#deps, run, plan, recorded, {
			limitReached: (why) => void this.#expire(run, why),
			standingChanged: () => this.#sleepers.changed(driver),
		})
		this.#drivers.set(run.id, driver)
		this.#sleepers.forget(run.id)
		this.hold.entered(driver)
		const forget = (): unknown => this.#drivers.get(run.id) === driver && this.#drivers.delete(run.id)
		driver.ended.then(
			() => {
				forget()
				this.#deps.standing?.runEnded(run.id)
				this.#audits.keep(run, driver.audits)
			},
			(error) => {
				forget()
				this.#rebuilding.lost(run, error)
			},
		)
		return driver
	}

	/** To be called when anything happened that a sleeping run waits for. Does nothing for one that does not sleep. */
	wake(runId: RunId): Promise<unknown> {
		return this.#sleepers.wake(runId)
	}

	/** The run as it ended, however often it slept and was driven again before. While somebody waits for it, it does not sleep. */
	endOf(driver: Driver, signal?: AbortSignal): Promise<Run> {
		return driver.watched(signal).catch((error) => {
			if (isCode(error, ASLEEP)) return this.wait(driver.run.id, signal)
			throw error
		})
	}

	/** Ends a run from outside, whatever it is doing; false when it had ended by itself. The work stops for real. */
	async end(run: Pick<Run, 'id' | 'taskId'>, to: 'cancelled' | 'failed', stop: Stop, result: Json): Promise<boolean> {
		const { id: runId, taskId } = run
		const events: EventDraft[] = [{ kind: `run.${to}`, runId, taskId, data: { code: stop.code, reason: stop.message } }]
		const ended = await this.#deps.runs.changeStatus(runId, { from: UNFINISHED, to, result, events })
		if (!ended) return false
		this.#drivers.get(runId)?.stop(stop)
		if (this.#sleepers.has(runId)) this.#deps.standing?.runEnded(runId)
		this.#sleepers.forget(runId)
		return true
	}

	/** Begins nothing new of a running run; false when it is not running. What is in flight goes on. */
	async pause(run: Run): Promise<boolean> {
		const driver = this.#drivers.get(run.id)
		driver?.pause()
		const paused = await this.#enter(run, 'paused', 'run.paused').catch((error) => {
			driver?.proceed()
			throw error
		})
		if (!paused) driver?.proceed()
		// One that was being woken just now may have missed it.
		else this.#drivers.get(run.id)?.pause()
		return paused
	}

	/** Lets a paused run go on; false when it is not running any more. */
	async proceed(run: Run): Promise<boolean> {
		const proceeds = await this.#enter(run, 'running', 'run.resumed')
		if (proceeds) this.#drivers.get(run.id)?.proceed()
		return proceeds
	}

	/** See `Driver.stopStep`; false also when nobody drives the run here. */
	async stopStep(step: Step, stop: Stop): Promise<boolean> {
		const driver = await this.#sleepers.wake(step.runId)
		return (await driver?.stopStep(step.stepId, stop)) ?? false
	}

	/** Takes a run up from its journal; it must be `running` on disk and have no driver here. */
	takeUp(run: Run, event: 'run.recovered' | 'run.resumed' | null): Promise<Driver | null> {
		return takeUp(this.#deps, run, event, (...started) => this.start(...started))
	}

	/** At boot: every unfinished run goes on by itself, and so do audits of runs that ended. Resolves with how many runs were taken up. */
	async recover(): Promise<number> {
		const ids = await this.#deps.runs.unfinished()
		for (const id of ids) {
			await this.#recoverRun(id)
			this.#deps.fault?.('start.run_taken_up')
		}
		await this.#audits.recover()
		return ids.length
	}

	async wait(runId: RunId, signal?: AbortSignal): Promise<Run> {
		const driver = await this.#sleepers.wake(runId)
		if (driver) return this.endOf(driver, signal)
		const run = await this.#deps.runs.run(runId)
		if (!run) throw new MseError('not_found', `Run ${runId} does not exist.`)
		if (isTerminal(run.status)) return run
		throw new MseError('conflict', `Run ${runId} is ${run.status} and nobody drives it.`, { hint: `POST /v1/runs/${runId}/resume first.` })
	}

	/** Ends what still works for a run that ended, before the run itself is deleted. */
	async forget(runId: RunId): Promise<void> {
		await this.#audits.stopOf(runId, new Stop('cancelled', `Run ${runId} is being deleted.`))
	}

	/** The audits of an ended run that is about to run again stand on disk, for its next driver. */
	async letGo(runId: RunId): Promise<void> {
		await this.#audits.stopOf(runId, new Stop('detached', `Run ${runId} runs again.`))
	}

	phaseOf(run: Run): RunPhase {
		const driver = this.#drivers.get(run.id)
		if (driver || !this.#sleepers.has(run.id)) return driver?.phase ?? run.phase
		if (run.phase === 'paused' || this.hold.isHeld) return 'paused'
		if (this.#deps.standing?.isWorkedOn(run.id)) return 'running'
		return this.#sleepers.isAsking(run.id) ? 'waiting_approval' : 'waiting'
	}

	/** A run and its compiled Blueprint; nothing is read for one that is driven here. Of the run only what never changes is current. */
	async runAndPlan(runId: RunId): Promise<{ readonly run: Run; readonly plan: Plan } | null> {
		const driver = this.#drivers.get(runId)
		if (driver) return driver
		const run = await this.#deps.runs.run(runId)
		return run && { run, plan: await this.#deps.planOf(run.blueprintHash) }
	}

	get active(): number {
		return this.#drivers.size
	}

	/** Runs that wait, and of which nothing else is in memory. */
	get asleep(): number {
		return this.#sleepers.count
	}

	/** Lets go of every run without ending it: the next server takes them up. Resolves when no work is left here. */
	async stop(): Promise<void> {
		this.#rebuilding.stop()
		await this.#sleepers.stop()
		const drivers = [...this.#drivers.values()]
		const stop = new Stop('detached', 'The server is stopping.', 'server_stopping')
		for (const driver of drivers) driver.stop(stop)
		await Promise.allSettled(drivers.map(({ ended }) => ended))
		await Promise.all([...drivers.map(({ audits }) => audits?.idle()), this.#audits.stop(stop)])
	}

	#enter({ id: runId, taskId }: Run, phase: RunPhase, kind: 'run.paused' | 'run.resumed'): Promise<boolean> {
		return this.#deps.runs.changeStatus(runId, { from: ['running'], to: 'running', phase, events: [{ kind, runId, taskId }] })
	}

	async #expire(run: Run, why: StepFailure): Promise<void> {
		const { code, message } = why
		const result = { error: { message, code, failed_step: null, verdict_value: null }, partial_ctx: null }
		try {
			await this.end(run, 'failed', new Stop('timed_out', message, code), result)
		} catch (error) {
			this.#deps.log.warn('a run over its limit could not be ended', { run_id: run.id, code, error })
			if (isCode(error, 'storage_unavailable')) this.#deps.clock.after(DISK_RETRY_MS, () => void this.#expire(run, why))
		}
	}

	async #takeUpAgain(runId: RunId): Promise<Driver | null> {
		const driver = await takeUpAgain(this.#deps, runId, (...started) => this.start(...started))
		if (driver === null) this.#deps.standing?.runEnded(runId)
		return driver
	}

	async #recoverRun(id: RunId): Promise<void> {
		try {
			const run = await this.#deps.runs.run(id)
			if (run) await this.takeUp(run, 'run.recovered')
		} catch (error) {
			await giveUpFor(this.#deps, { id }, error)
		}
	}
}
