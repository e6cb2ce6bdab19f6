/** What is old enough, or too much. Runs that have not ended are neither. */
export interface RetentionBounds {
	/** Milliseconds since the epoch; what ended before is dropped. */
	readonly before: number
	/** Most rows of each of runs, outputs, events, issues, workers and lines of their transcripts. */
	readonly rows: number
}

/**
 * Deletes history in small steps: each call takes `limit` rows at most, in one transaction, and resolves with how many it
 * took; 0 says that nothing is left to take. A run that was begun to be deleted is finished by later calls, in any life.
 */
export interface RetentionStore {
	/** Ended runs with their steps, attempts, outputs, requests and events; a task goes with its last run. */
	pruneRuns(bounds: RetentionBounds, limit: number): Promise<number>
	/** Workers that ended, with their transcripts, observations and events. Cursors of a worker on its way out are expired. */
	pruneWorkers(bounds: RetentionBounds, limit: number): Promise<number>
	/** The runtime's own events and diagnostics beyond the newest so many; they have no times. */
	pruneRuntimeRecords(bounds: RetentionBounds, limit: number): Promise<number>
	/** Outputs that belong to no run. */
	pruneOutputs(bounds: RetentionBounds, limit: number): Promise<number>
	/** The oldest events but those of runs that have not ended. Cursors before them are expired from then on, those of workers too. */
	pruneEvents(bounds: RetentionBounds, limit: number): Promise<number>
	/** Issues that were decided, with their log; pending ones and those in flight stay. */
	pruneIssues(bounds: RetentionBounds, limit: number): Promise<number>
	/** Documents of inline Blueprints that no run and no task names any more. */
	pruneDocuments(limit: number): Promise<number>
	/** Idempotency keys that have been kept for their 24 hours. */
	pruneKeys(now: number, limit: number): Promise<number>
	/** Attach sessions past their time. */
	pruneSessions(now: number): Promise<number>
	/** Removes the files of large values that no row names any more; reads the rows in small pages. */
	sweepValues(signal?: AbortSignal): Promise<number>
}
