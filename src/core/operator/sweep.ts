import type { Clock } from '../../kernel/clock.ts'
import { messageOf } from '../../kernel/error.ts'
import type { Logger } from '../../kernel/log.ts'
import type { OperatorSessions } from './sessions.ts'

/** What a job that runs again and again did so far. Times in seconds since the epoch. */
export interface JobReport {
	readonly name: string
	readonly periodSecs: number
	readonly runs: number
	readonly errors: number
	readonly actedTotal: number
	readonly lastStartedSecs: number | null
	readonly lastFinishedSecs: number | null
	readonly lastDurationMs: number | null
	readonly lastOutcome: 'ok' | 'error' | null
}

export interface SessionSweep extends Disposable {
	report(): JobReport
}

/** Ends sessions that idled out and that nobody reads any more. A period of 0 turns it off; reads enforce the horizon anyway. */
export function startSessionSweep(deps: {
	readonly sessions: OperatorSessions
	readonly clock: Clock
	readonly log: Logger
	readonly periodSecs: number
}): SessionSweep {
	const { sessions, clock, log, periodSecs } = deps
	let report: JobReport = {
		name: 'operator-session-expiry',
		periodSecs,
		runs: 0,
		errors: 0,
		actedTotal: 0,
		lastStartedSecs: null,
		lastFinishedSecs: null,
		lastDurationMs: null,
		lastOutcome: null,
	}
	const sweep = async (): Promise<void> => {
		const started = clock.now()
		const acted = await sessions.sweep().catch((error) => {
			log.warn('ending an idle operator session failed', { reason: messageOf(error) })
			return null
		})
		const finished = clock.now()
		report = {
			...report,
			runs: report.runs + 1,
			errors: report.errors + (acted === null ? 1 : 0),
			actedTotal: report.actedTotal + (acted ?? 0),
			lastStartedSecs: Math.floor(started / 1000),
			lastFinishedSecs: Math.floor(finished / 1000),
			lastDurationMs: finished - started,
			lastOutcome: acted === null ? 'error' : 'ok',
		}
	}
	let isStopped = periodSecs === 0
	let cancel = (): void => {}
	const arm = (): void => {
		if (!isStopped) cancel = clock.after(periodSecs * 1000, () => void sweep().then(arm))
	}
	arm()
	return {
		report: () => report,
		[Symbol.dispose]() {
			isStopped = true
			cancel()
		},
	}
}
