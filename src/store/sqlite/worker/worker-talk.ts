import { encodeCursor } from '../../../core/worker/cursor.ts'
import { runStateOf, transcriptLineOf } from '../../../core/worker/projection.ts'
import type { Observation, TranscriptLine } from '../../../core/worker/worker.ts'
import type { Json } from '../../../kernel/json.ts'
import type { ProtocolEvent } from '../../../protocol/runtime-frame.ts'
import type { SqliteDatabase } from '../database.ts'
import { appendEvent } from '../event/event-store.ts'
import { newestNumber, nextNumber } from './runtime-record.ts'
import { trimThrough } from './worker-erasure.ts'
import type { WorkerRow } from './worker-row.ts'

/** Adds a line to a worker's transcript and returns its sequence; inside a change. */
export function appendLine(db: SqliteDatabase, workerId: string, line: Omit<TranscriptLine, 'sequence'>): number {
	const sql = 'UPDATE worker SET transcript_length = transcript_length + 1, updated_at = ? WHERE id = ? RETURNING transcript_length AS n'
	const sequence = db.query<{ n: number }>(sql).get(db.clock.now(), workerId)?.n ?? 1
	const { role, content, eventId, attachments = [] } = line
	db.query('INSERT INTO worker_line (worker_id, sequence, role, content, event_id, attachments) VALUES (?, ?, ?, ?, ?, ?)').run(
		...[workerId, sequence, role, content, eventId, attachments.length > 0 ? JSON.stringify(attachments) : null],
	)
	return sequence
}

interface LineRow {
	readonly sequence: number
	readonly role: string
	readonly content: string
	readonly event_id: number
	readonly attachments: string | null
}

/** Lines after the first `start` ones; a limit of -1 is none. */
export function readLines(db: SqliteDatabase, workerId: string, start: number, limit: number): readonly TranscriptLine[] {
	const sql = 'SELECT * FROM worker_line WHERE worker_id = ? AND sequence > ? ORDER BY sequence LIMIT ?'
	const rows = db.query<LineRow>(sql).all(workerId, start, limit)
	return rows.map(({ sequence, role, content, event_id, attachments }) => ({
		...{ sequence, role: role as TranscriptLine['role'], content, eventId: event_id },
		...(attachments !== null && { attachments: JSON.parse(attachments) as string[] }),
	}))
}

/** Puts an event into the log under the next cursor, and lets go of the worker's oldest over the limit; inside a change. */
export function observe(db: SqliteDatabase, workerId: string, payload: ProtocolEvent, kept: number): Observation {
	const sequence = nextNumber(db, 'observation')
	const data = { cursor: encodeCursor(sequence), payload: payload as unknown as Json }
	const eventSeq = appendEvent(db, { kind: 'worker.observed', worker: workerId, data })
	db.query('INSERT INTO worker_observation (sequence, worker_id, event_seq) VALUES (?, ?, ?)').run(sequence, workerId, eventSeq)
	const count = db
		.query<{ n: number }>('UPDATE worker SET observations = observations + 1 WHERE id = ? RETURNING observations AS n')
		.get(workerId)?.n
	if ((count ?? 0) > kept + slack(kept)) trim(db, workerId, kept)
	return { sequence, workerId, payload }
}

/** Folds an event of a running worker into its transcript and run state, and shows it to observers; inside a change. */
export function publish(db: SqliteDatabase, row: WorkerRow, event: ProtocolEvent, kept: number): Observation {
	const line = transcriptLineOf(event)
	if (line) appendLine(db, row.id, { ...line, eventId: newestNumber(db, 'event') })
	const state = runStateOf(event)
	if (state) setRunState(db, row, state)
	return observe(db, row.id, event, kept)
}

/** What lists of workers show of them, and how those who follow lists are told; inside a change. */
export function setRunState(db: SqliteDatabase, { id, run_state: before }: Pick<WorkerRow, 'id' | 'run_state'>, state: string): void {
	db.query('UPDATE worker SET run_state = ?, updated_at = ? WHERE id = ?').run(state, db.clock.now(), id)
	if (state !== before) appendEvent(db, { kind: 'worker.state_changed', worker: id, data: { run_state: state } })
}

/** Trimming goes in strides, so that most events cost no more than their own rows. */
const slack = (kept: number): number => Math.ceil(kept / 10)

function trim(db: SqliteDatabase, workerId: string, kept: number): void {
	const last = db
		.query<{ sequence: number }>('SELECT sequence FROM worker_observation WHERE worker_id = ? ORDER BY sequence DESC LIMIT 1 OFFSET ?')
		.get(workerId, kept)?.sequence
	if (last === undefined) return
	db.query('DELETE FROM event WHERE seq IN (SELECT event_seq FROM worker_observation WHERE worker_id = ? AND sequence <= ?)').run(
		workerId,
		last,
	)
	trimThrough(db, workerId, last)
}
