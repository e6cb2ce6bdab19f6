import { asRunId, asStepId, asTaskId } from '../../../kernel/id.ts'
import type { JsonObject } from '../../../kernel/json.ts'
import type { SqliteDatabase } from '../database.ts'
import { appendEvent } from '../event/event-store.ts'
import type { RequestHead, RequestTable } from '../operator/request-table.ts'
import type { Values } from '../value.ts'

/**
 * Takes requests from a holder who lost the seat, inside a change: they are withdrawn and the attempts behind them take
 * no submits any more. A spawn whose worker has put down its Final is answered by that. Returns how many were withdrawn.
 */
export function displace(
	db: SqliteDatabase,
	values: Values,
	requests: RequestTable,
	heads: readonly RequestHead[],
	reason: string,
): number {
	const open = heads.filter((head) => !(head.kind === 'spawn' && answeredByFinal(db, values, requests, head)))
	for (const head of open) {
		requests.end(head, 'withdrawn', { reason, code: 'displaced' })
		if (head.kind === 'spawn') endAttempt(db, head, reason)
	}
	return open.length
}

function answeredByFinal(db: SqliteDatabase, values: Values, requests: RequestTable, head: RequestHead): boolean {
	const sql = "SELECT event FROM output WHERE step_id = ? AND attempt = ? AND plane = 'tail' ORDER BY seq DESC"
	const events = db.query<{ event: string }>(sql).all(head.step_id, head.attempt)
	const hasFinal = events.some(({ event }) => (values.unpack(event) as JsonObject).type === 'final')
	if (hasFinal) requests.end(head, 'answered', { type: 'final' })
	return hasFinal
}

function endAttempt(db: SqliteDatabase, { step_id, attempt, run_id, task_id }: RequestHead, reason: string): void {
	const error = JSON.stringify({ code: 'displaced', message: reason })
	const { changes } = db
		.query("UPDATE attempt SET status = 'displaced', error = ?, ended_at = ? WHERE step_id = ? AND n = ? AND ended_at IS NULL")
		.run(error, db.clock.now(), step_id, attempt)
	if (changes === 0) return
	appendEvent(db, {
		kind: 'attempt.ended',
		runId: asRunId(run_id),
		taskId: asTaskId(task_id),
		stepId: asStepId(step_id),
		data: { attempt, status: 'displaced', code: 'displaced', error: reason },
	})
}
