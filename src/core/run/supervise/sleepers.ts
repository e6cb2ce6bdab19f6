import { newDeadlines } from '../../../kernel/deadlines.ts'
import { messageOf } from '../../../kernel/error.ts'
import type { RunId } from '../../../kernel/id.ts'
import { ASLEEP, Stop } from '../../dispatch/stop.ts'
import type { Driver } from '../drive/driver.ts'
import type { DriverDeps } from '../drive/driver-deps.ts'

/** What so many runs held in memory is worth being collected, once for so long no more have fallen asleep. */
const MANY = 1000
const CALM_MS = 1000
/** When a run could not be woken because of the disk, it is tried again after so long. */
const RETRY_MS = 1000

export interface SleeperDeps extends Pick<DriverDeps, 'clock' | 'log'> {
	/** The driver of a run, while it has one. */
	driverOf(runId: RunId): Driver | undefined
	/** Many runs have been let go of: memory can be given back. Nothing else may make the engine collect it while it is idle. */
	readonly release?: () => unknown
	/** Calls back with each run of which an approval has ended, until the returned function is called. */
	readonly answers?: ((heard: (runId: RunId) => void) => () => void) | undefined
	/** Drives a run from its journal again; null when it does not run any more. */
	takeUp(runId: RunId): Promise<Driver | null>
}

/**
 * Runs that only wait need no memory: after a while their driver lets go of them as it would at a stop of the server, and they are
 * driven again from their journal when somebody wakes them.
 */
export class Sleepers {
	readonly #deps: SleeperDeps
	readonly #deadlines: ReturnType<typeof newDeadlines>
	readonly #due = new Map<Driver, () => void>()
	/** Until their driver is gone it is kept here. */
	readonly #asleep = new Map<RunId, Driver | null>()
	/** Those of them that wait for an approval. Who answers one is heard while there are any. */
	readonly #asking = new Set<RunId>()
	#unhear: (() => void) | undefined
	readonly #waking = new Map<RunId, Promise<Driver | null>>()
	#isStopped = false
	/** How many fell asleep since memory was given back. */
	#fallen = 0
	#disarmRelease = (): void => {}

	constructor(deps: SleeperDeps) {
		this.#deps = deps
		this.#deadlines = newDeadlines(deps.clock)
	}

	get count(): number {
		return this.#asleep.size
	}

	has(runId: RunId): boolean {
		return this.#asleep.has(runId)
	}

	/** Whether a run that sleeps waits for an approval, alone or beside others. */
	isAsking(runId: RunId): boolean {
		return this.#asking.has(runId)
	}

	/** To be called when a driver's `sleepsAfterMs` changed, and when it is over. */
	changed(driver: Driver): void {
		this.#due.get(driver)?.()
		this.#due.delete(driver)
		const { sleepsAfterMs } = driver
		if (sleepsAfterMs === null || this.#isStopped) return
		this.#due.set(
			driver,
			this.#deadlines.at(this.#deps.clock.now() + sleepsAfterMs, () => this.#sleep(driver)),
		)
	}

	/** Resolves with the driver of a run, which is woken where it sleeps; null when nobody drives it. */
	wake(runId: RunId): Promise<Driver | null> {
		const known = this.#waking.get(runId)
		if (known) return known
		if (!this.#asleep.has(runId)) return Promise.resolve(this.#deps.driverOf(runId) ?? null)
		const waking = this.#wake(runId).finally(() => this.#waking.delete(runId))
		this.#waking.set(runId, waking)
		return waking
	}

	/** The run has a driver again, or has ended. */
	forget(runId: RunId): void {
		this.#asleep.delete(runId)
		if (this.#asking.delete(runId) && this.#asking.size === 0) this.#deafen()
	}

	/** Nothing falls asleep or wakes any more; resolves once nothing is on its way. */
	async stop(): Promise<void> {
		this.#isStopped = true
		this.#deadlines.stop()
		this.#deafen()
		const falling = [...this.#asleep.values()].map((driver) => driver?.ended)
		await Promise.allSettled([...falling, ...this.#waking.values()])
	}

	#sleep(driver: Driver): void {
		this.#due.delete(driver)
		const { id } = driver.run
		if (driver.sleepsAfterMs === null || this.#deps.driverOf(id) !== driver) return
		this.#asleep.set(id, driver)
		if (driver.open.isAsking) this.#listenFor(id)
		const fallen = (): void => {
			if (this.#asleep.get(id) === driver) this.#asleep.set(id, null)
		}
		driver.ended.then(fallen, fallen)
		driver.stop(new Stop('detached', `Run ${id} only waits.`, ASLEEP))
		this.#releaseSoon()
	}

	#listenFor(runId: RunId): void {
		this.#asking.add(runId)
		const wakeAsking = (answered: RunId): unknown => this.#asking.has(answered) && this.wake(answered)
		// Whoever ends a run ends what it asked with it, and says so in the same turn: then there is nothing to wake.
		this.#unhear ??= this.#deps.answers?.((answered) => void setImmediate(wakeAsking, answered))
	}

	#deafen(): void {
		this.#unhear?.()
		this.#unhear = undefined
	}

	#releaseSoon(): void {
		const { release, clock } = this.#deps
		if (!release || ++this.#fallen < MANY) return
		this.#disarmRelease()
		this.#disarmRelease = this.#deadlines.at(clock.now() + CALM_MS, () => {
			this.#fallen = 0
			release()
		})
	}

	async #wake(runId: RunId): Promise<Driver | null> {
		await this.#asleep.get(runId)?.ended.catch(() => {})
		if (this.#isStopped || !this.#asleep.has(runId)) return null
		try {
			const driver = await this.#deps.takeUp(runId)
			if (driver === null) this.forget(runId)
			return driver
		} catch (error) {
			this.#deps.log.warn('a run that waits could not be woken, trying again', { run_id: runId, reason: messageOf(error) })
			this.#deps.clock.after(RETRY_MS, () => void this.wake(runId))
			return null
		}
	}
}
