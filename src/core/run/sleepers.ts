import { newDeadlines } from '../../kernel/deadlines.ts'
import { messageOf } from '../../kernel/error.ts'
import type { RunId } from '../../kernel/id.ts'
import { ASLEEP, Stop } from '../dispatch/stop.ts'
import type { Driver } from './driver.ts'
import type { DriverDeps } from './driver-deps.ts'

/** When a run could not be woken because of the disk, it is tried again after so long. */
const RETRY_MS = 1000

export interface SleeperDeps extends Pick<DriverDeps, 'clock' | 'log'> {
	/** The driver of a run, while it has one. */
	driverOf(runId: RunId): Driver | undefined
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
	readonly #waking = new Map<RunId, Promise<Driver | null>>()
	#isStopped = false

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
	}

	/** Nothing falls asleep or wakes any more; resolves once nothing is on its way. */
	async stop(): Promise<void> {
		this.#isStopped = true
		this.#deadlines.stop()
		const falling = [...this.#asleep.values()].map((driver) => driver?.ended)
		await Promise.allSettled([...falling, ...this.#waking.values()])
	}

	#sleep(driver: Driver): void {
		this.#due.delete(driver)
		const { id } = driver.run
		if (driver.sleepsAfterMs === null || this.#deps.driverOf(id) !== driver) return
		this.#asleep.set(id, driver)
		const fallen = (): void => {
			if (this.#asleep.get(id) === driver) this.#asleep.set(id, null)
		}
		driver.ended.then(fallen, fallen)
		driver.stop(new Stop('detached', `Run ${id} only waits.`, ASLEEP))
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
