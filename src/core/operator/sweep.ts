import type { Clock } from '../../kernel/clock.ts'
import type { Logger } from '../../kernel/log.ts'
import { type PeriodicJob, startPeriodicJob } from '../../kernel/periodic-job.ts'
import type { OperatorSessions } from './sessions.ts'

/** Ends sessions that idled out and that nobody reads any more. A period of 0 turns it off; reads enforce the horizon anyway. */
export function startSessionSweep(deps: {
	readonly sessions: OperatorSessions
	readonly clock: Clock
	readonly log: Logger
	readonly periodSecs: number
}): PeriodicJob {
	const { sessions, ...job } = deps
	return startPeriodicJob({ ...job, name: 'operator-session-expiry', act: () => sessions.sweep() })
}
