import type { RunId } from '../../../kernel/id.ts'
import { ASLEEP } from '../../dispatch/stop.ts'
import type { DriverDeps } from '../drive/driver-deps.ts'
import { giveUpFor, isCode } from '../drive/give-up.ts'
import type { Run } from '../record.ts'
import type { SupervisorDeps } from './supervisor-deps.ts'

/** How long after a failed write what it kept from happening is tried again. */
export const DISK_RETRY_MS = 1000

interface Drivers {
	has(runId: RunId): boolean
	takeUp(run: Run, event: 'run.recovered'): Promise<unknown>
}

/** Runs whose driver ended without ending them. */
export interface Rebuilding {
	/** Takes the run up again from what is on disk when it was the disk that failed its driver; gives it up when it was anything else. */
	lost(run: Run, error: unknown): void
	/** This process lets go of all runs: none is taken up again. */
	stop(): void
}

export function newRebuilding(deps: SupervisorDeps & DriverDeps, drivers: Drivers): Rebuilding {
	let isStopped = false

	const lost = (run: Run, error: unknown): void => {
		if (isCode(error, ASLEEP)) return
		deps.standing?.runEnded(run.id)
		if (isStopped || isCode(error, 'server_stopping') || isCode(error, 'gone')) return
		if (!isCode(error, 'storage_unavailable')) return void abandon(run, error)
		deps.log.warn('a run is rebuilt from its journal after a failed write', { run_id: run.id })
		deps.clock.after(DISK_RETRY_MS, () => void rebuild(run))
	}

	const rebuild = async (run: Run): Promise<void> => {
		try {
			const current = await deps.runs.run(run.id)
			if (current?.status !== 'running' || drivers.has(run.id) || isStopped) return
			await drivers.takeUp(current, 'run.recovered')
		} catch (error) {
			lost(run, error)
		}
	}

	/** Its driver could not even say how it failed. */
	const abandon = async (run: Run, error: unknown): Promise<void> => {
		try {
			await giveUpFor(deps, run, error)
		} catch (cause) {
			lost(run, cause)
		}
	}

	return {
		lost,
		stop() {
			isStopped = true
		},
	}
}
