import type { Clock } from '../../kernel/clock.ts'
import type { Logger } from '../../kernel/log.ts'
import { type PeriodicJob, startPeriodicJob } from '../../kernel/periodic-job.ts'
import type { RetentionStore } from './store.ts'

export interface RetentionDeps {
	readonly store: RetentionStore
	readonly clock: Clock
	readonly log: Logger
	readonly limits: { readonly retainDays: number; readonly retainRows: number }
	/** 0 turns the job off. */
	readonly periodSecs: number
}

/** So many rows go in one transaction; between two of them everything else has its turn. */
const ROWS_A_STEP = 500
const DAY_MS = 24 * 3600 * 1000

/** Keeps history within `limits.retain_days` and `limits.retain_rows`. */
export function startRetention(deps: RetentionDeps): PeriodicJob {
	return startPeriodicJob({ ...deps, name: 'retention', act: (signal) => prune(deps, signal) })
}

/** One round, to its end or to that of the server. Resolves with how many rows and files it removed. */
export async function prune({ store, clock, limits, log }: Omit<RetentionDeps, 'periodSecs'>, signal?: AbortSignal): Promise<number> {
	const toTheEnd = async (step: () => Promise<number>): Promise<number> => {
		let total = 0
		for (let taken = 1; taken > 0 && !signal?.aborted; total += taken) taken = await step()
		return total
	}
	const bounds = { before: clock.now() - limits.retainDays * DAY_MS, rows: limits.retainRows }
	const runs = await toTheEnd(() => store.pruneRuns(bounds, ROWS_A_STEP))
	const workers = await toTheEnd(() => store.pruneWorkers(bounds, ROWS_A_STEP))
	const records = await toTheEnd(() => store.pruneRuntimeRecords(bounds, ROWS_A_STEP))
	const outputs = await toTheEnd(() => store.pruneOutputs(bounds, ROWS_A_STEP))
	const events = await toTheEnd(() => store.pruneEvents(bounds, ROWS_A_STEP))
	const issues = await toTheEnd(() => store.pruneIssues(bounds, ROWS_A_STEP))
	const keys = await toTheEnd(() => store.pruneKeys(clock.now(), ROWS_A_STEP))
	const removed = runs + workers + records + outputs + events + issues + keys
	if (signal?.aborted) return removed
	const documents = runs > 0 ? await toTheEnd(() => store.pruneDocuments(ROWS_A_STEP)) : 0
	const sessions = await store.pruneSessions(clock.now())
	const files = runs + outputs + documents > 0 ? await store.sweepValues(signal) : 0
	const total = removed + documents + sessions + files
	const others = { issues, keys, documents, sessions, files }
	if (total > 0) log.info('history was pruned', { run_rows: runs, worker_rows: workers, outputs, events, ...others })
	return total
}
