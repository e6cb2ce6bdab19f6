import type { FaultPoint } from '../../../kernel/fault.ts'
import type { RunId } from '../../../kernel/id.ts'
import type { Plan } from '../../dispatch/plan.ts'
import type { DriverDeps } from '../drive/driver-deps.ts'
import type { SleeperDeps } from './sleepers.ts'

export interface SupervisorDeps extends Omit<DriverDeps, 'inFlight'> {
	readonly fault?: FaultPoint
	/** The compiled Blueprint of a commit. */
	planOf(hash: string): Promise<Plan>
	/** See `SleeperDeps.release`. */
	readonly release?: () => unknown
	/** See `SleeperDeps.answers`. */
	readonly answers?: SleeperDeps['answers']
	/** Who has what runs that sleep wait for. */
	readonly standing?: StandingWork
}

/** What stands on disk of runs that sleep, as those see it who wake them. */
export interface StandingWork {
	/** Whether somebody works on something of the run. */
	isWorkedOn(runId: RunId): boolean
	/** The run needs nothing of it any more. */
	runEnded(runId: RunId): void
}
