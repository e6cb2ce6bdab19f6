import { raceAbort } from '../../kernel/abort.ts'
import { MseError } from '../../kernel/error.ts'
import type { FaultPoint } from '../../kernel/fault.ts'
import type { RunId } from '../../kernel/id.ts'
import type { Json } from '../../kernel/json.ts'
import type { Plan } from '../dispatch/plan.ts'
import { Stop } from '../dispatch/stop.ts'
import type { EventDraft } from '../event/event.ts'
import { POSITION_SCHEME } from '../flow/evaluate-flow.ts'
import { resumeAudits } from './audit-recovery.ts'
import type { Audits } from './audits.ts'
import { Driver, type DriverDeps } from './driver.ts'
import { giveUp, giveUpFor, isCode } from './give-up.ts'
import { isTerminal, type Run, type RunPhase, type RunStatus, type Step, type StepFailure } from './record.ts'
import { ServerHold } from './server-hold.ts'
import { emptyJournal, type RecordedJournal } from './store.ts'

const UNFINISHED: readonly RunStatus[] = ['pending', 'running', 'interrupted']
/** How long after a failed write the affected runs are taken up again from what is on disk. */
const REBUILD_AFTER_MS = 1000

export interface SupervisorDeps extends Omit<DriverDeps, 'inFlight'> {
	readonly fault?: FaultPoint
	/** The compiled Blueprint of a commit. */
	planOf(hash: string): Promise<Plan>
}

/** Knows the drivers of this process: starts them, ends them, and takes up again what stands on disk. */
export class RunSupervisor {
	readonly #deps: SupervisorDeps & DriverDeps
	/** What concerns all runs at once. */
	readonly hold: ServerHold
	readonly #drivers = new Map<RunId, Driver>()
	/** Audits of runs that have ended. */
	readonly #audits = new Map<RunId, Audits>()
	#stopping = false

	constructor(deps: SupervisorDeps) {
		this.hold = new ServerHold({ drivers: () => this.#drivers.values(), clock: deps.clock })
		this.#deps = { ...deps, inFlight: this.hold.inFlight }
	}

	/** Drives a run whose row is on disk, or queued to be written before anything the driver does. */
	start(run: Run, plan: Plan, recorded: RecordedJournal = emptyJournal): Driver {
		const driver = new Driver(this.#deps, run, plan, recorded, (why) => void this.#expire(run, why))
		this.#drivers.set(run.id, driver)
		this.hold.entered(driver)
		const forget = (): void => {
			if (this.#drivers.get(run.id) === driver) this.#drivers.delete(run.id)
		}
		driver.ended.then(
			() => {
				forget()
				this.#keep(run, driver.audits)
			},
			(error) => {
				forget()
				this.#lost(run, error)
			},
		)
		return driver
	}

	/** Ends a run from outside, whatever it is doing; false when it had ended by itself. The work stops for real. */
	async end(runId: RunId, to: 'cancelled' | 'failed', stop: Stop, result: Json): Promise<boolean> {
		const run = await this.#deps.runs.run(runId)
		if (!run) throw new MseError('not_found', `Run ${runId} does not exist.`)
		const events: EventDraft[] = [{ kind: `run.${to}`, runId, taskId: run.taskId, data: { code: stop.code, reason: stop.message } }]
		const ended = await this.#deps.runs.changeStatus(runId, { from: UNFINISHED, to, result, events })
		if (ended) this.#drivers.get(runId)?.stop(stop)
		return ended
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
		return (await this.#drivers.get(step.runId)?.stopStep(step.stepId, stop)) ?? false
	}

	/** Takes a run up from its journal; it must be `running` on disk and have no driver here. */
	async takeUp(run: Run, event: 'run.recovered' | 'run.resumed' | null): Promise<Driver | null> {
		if (run.positionScheme !== POSITION_SCHEME)
			return giveUp(this.#deps, run, 'unknown_position_scheme', `Its journal uses position scheme ${run.positionScheme}.`)
		try {
			const plan = await this.#deps.planOf(run.blueprintHash)
			const recorded = await this.#deps.runs.journal(run.id, run.generation)
			const about = { runId: run.id, taskId: run.taskId, data: { recorded_steps: recorded.steps.length } }
			const phase = run.phase === 'paused' ? 'paused' : 'running'
			const events = event === null ? [] : [{ kind: event, ...about }]
			await this.#deps.runs.changeStatus(run.id, { from: ['pending', 'running'], to: 'running', phase, events })
			return this.start({ ...run, status: 'running', phase }, plan, recorded)
		} catch (error) {
			return giveUpFor(this.#deps, run, error)
		}
	}

	/** At boot: every unfinished run goes on by itself, and so do audits of runs that ended. Resolves with how many runs were taken up. */
	async recover(): Promise<number> {
		const ids = await this.#deps.runs.unfinished()
		for (const id of ids) {
			await this.#recoverRun(id)
			this.#deps.fault?.('start.run_taken_up')
		}
		for (const id of await this.#deps.runs.endedWithAudits()) await this.#resumeAudits(id)
		return ids.length
	}

	async wait(runId: RunId, signal: AbortSignal): Promise<Run> {
		const driver = this.#drivers.get(runId)
		if (driver) return raceAbort(driver.ended, signal)
		const run = await this.#deps.runs.run(runId)
		if (!run) throw new MseError('not_found', `Run ${runId} does not exist.`)
		if (isTerminal(run.status)) return run
		throw new MseError('conflict', `Run ${runId} is ${run.status} and nobody drives it.`, { hint: `POST /v1/runs/${runId}/resume first.` })
	}

	/** Ends what still works for a run that ended, before the run itself is deleted. */
	async forget(runId: RunId): Promise<void> {
		await this.#stopAudits(runId, new Stop('cancelled', `Run ${runId} is being deleted.`))
	}

	/** The audits of an ended run that is about to run again stand on disk, for its next driver. */
	async letGo(runId: RunId): Promise<void> {
		await this.#stopAudits(runId, new Stop('detached', `Run ${runId} runs again.`))
	}

	async #stopAudits(runId: RunId, stop: Stop): Promise<void> {
		const audits = this.#audits.get(runId)
		audits?.stop(stop)
		await audits?.idle()
	}

	phaseOf(run: Run): RunPhase {
		return this.#drivers.get(run.id)?.phase ?? run.phase
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

	/** Lets go of every run without ending it: the next server takes them up. Resolves when no work is left here. */
	async stop(): Promise<void> {
		this.#stopping = true
		const drivers = [...this.#drivers.values()]
		const stop = new Stop('detached', 'The server is stopping.', 'server_stopping')
		for (const driver of drivers) driver.stop(stop)
		await Promise.allSettled(drivers.map(({ ended }) => ended))
		for (const audits of this.#audits.values()) audits.stop(stop)
		await Promise.all([...drivers.map(({ audits }) => audits), ...this.#audits.values()].map((audits) => audits?.idle()))
	}

	async #resumeAudits(id: RunId): Promise<void> {
		try {
			const run = await this.#deps.runs.run(id)
			if (!run) return
			const plan = await this.#deps.planOf(run.blueprintHash)
			this.#keep(run, resumeAudits(this.#deps, run, plan, await this.#deps.runs.journal(run.id, run.generation)))
		} catch (error) {
			this.#deps.log.error('the audits of an ended run could not be taken up again', { run_id: id, error })
		}
	}

	#keep({ id }: Run, audits: Audits | undefined): void {
		if (!audits || audits.isIdle) return
		this.#audits.set(id, audits)
		void audits.idle().then(() => this.#audits.delete(id))
	}

	#enter({ id: runId, taskId }: Run, phase: RunPhase, kind: 'run.paused' | 'run.resumed'): Promise<boolean> {
		return this.#deps.runs.changeStatus(runId, { from: ['running'], to: 'running', phase, events: [{ kind, runId, taskId }] })
	}

	async #expire(run: Run, why: StepFailure): Promise<void> {
		const { code, message } = why
		const result = { error: { message, code, failed_step: null, verdict_value: null }, partial_ctx: null }
		try {
			await this.end(run.id, 'failed', new Stop('timed_out', message, code), result)
		} catch (error) {
			this.#deps.log.warn('a run over its limit could not be ended', { run_id: run.id, code, error })
			if (isCode(error, 'storage_unavailable')) this.#deps.clock.after(REBUILD_AFTER_MS, () => void this.#expire(run, why))
		}
	}

	async #recoverRun(id: RunId): Promise<void> {
		try {
			const run = await this.#deps.runs.run(id)
			if (run) await this.takeUp(run, 'run.recovered')
		} catch (error) {
			await giveUpFor(this.#deps, { id }, error)
		}
	}

	/** A driver ended without ending its run: when the disk failed it, the run is rebuilt from the journal. */
	#lost(run: Run, error: unknown): void {
		if (this.#stopping || isCode(error, 'server_stopping') || isCode(error, 'gone')) return
		if (!isCode(error, 'storage_unavailable')) return void this.#abandon(run, error)
		this.#deps.log.warn('a run is rebuilt from its journal after a failed write', { run_id: run.id })
		this.#deps.clock.after(REBUILD_AFTER_MS, () => void this.#rebuild(run))
	}

	async #rebuild(run: Run): Promise<void> {
		try {
			const current = await this.#deps.runs.run(run.id)
			if (current?.status !== 'running' || this.#drivers.has(run.id) || this.#stopping) return
			await this.takeUp(current, 'run.recovered')
		} catch (error) {
			this.#lost(run, error)
		}
	}

	/** Its driver could not even say how it failed. */
	async #abandon(run: Run, error: unknown): Promise<void> {
		try {
			await giveUpFor(this.#deps, run, error)
		} catch (cause) {
			this.#lost(run, cause)
		}
	}
}
