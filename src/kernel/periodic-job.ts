import type { Clock } from './clock.ts'
import { messageOf } from './error.ts'
import type { Logger } from './log.ts'

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

export interface PeriodicJob extends Disposable {
	report(): JobReport
	/** Resolves once no round is under way; after its disposal none follows. */
	idle(): Promise<void>
}

/** Calls `act` again and again, never twice at a time; it resolves with how much it did. A period of 0 turns the job off. */
export function startPeriodicJob(job: {
	readonly name: string
	readonly periodSecs: number
	readonly clock: Clock
	readonly log: Logger
	/** The signal fires when the job is disposed of. */
	act(signal: AbortSignal): Promise<number>
}): PeriodicJob {
	const { name, periodSecs, clock, log } = job
	let report: JobReport = {
		...{ name, periodSecs, runs: 0, errors: 0, actedTotal: 0 },
		...{ lastStartedSecs: null, lastFinishedSecs: null, lastDurationMs: null, lastOutcome: null },
	}
	const over = new AbortController()
	const run = async (): Promise<void> => {
		const started = clock.now()
		const acted = await job.act(over.signal).catch((error) => {
			log.warn('a periodic job failed', { job: name, reason: messageOf(error) })
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
	let round: Promise<void> = Promise.resolve()
	let cancel = (): void => {}
	const arm = (): void => {
		cancel = clock.after(periodSecs * 1000, () => {
			round = run().finally(() => over.signal.aborted || arm())
		})
	}
	if (periodSecs > 0) arm()
	return {
		report: () => report,
		idle: () => round,
		[Symbol.dispose]() {
			over.abort()
			cancel()
		},
	}
}
