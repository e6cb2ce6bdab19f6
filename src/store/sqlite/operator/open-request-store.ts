import type { OpenRequest, OpenRequestStore } from '../../../core/operator/open-request.ts'
import type { OpenState, RequestKind } from '../../../core/operator/store.ts'
import { asRequestId, asRunId, asSessionId, asStepId, asTaskId, type SessionId } from '../../../kernel/id.ts'
import type { SqliteDatabase } from '../database.ts'
import type { RequestRow } from './operator-row.ts'
import { BY_REQUEST_ID } from './request-key.ts'

type Row = Omit<RequestRow, 'frame' | 'reply' | 'seat_generation' | 'ended_at'> & { readonly agent: string | null }

const ROW = `req_id, kind, state, sid, slot, run_id, task_id, step_id, attempt, created_at, deadline_at,
	(SELECT ref FROM step WHERE step.step_id = request.step_id) AS agent`

/** Open requests of all operators, read along the index of what is open. */
export class SqliteOpenRequestStore implements OpenRequestStore {
	readonly #db: SqliteDatabase

	constructor(db: SqliteDatabase) {
		this.#db = db
	}

	async oldest({ limit, runId, sid }: Parameters<OpenRequestStore['oldest']>[0]): ReturnType<OpenRequestStore['oldest']> {
		const named = [...(runId === undefined ? [] : [runId]), ...(sid === undefined || sid === null ? [] : [sid])]
		const where = [
			...['ended_at IS NULL', ...(runId === undefined ? [] : ['run_id = ?'])],
			...(sid === undefined ? [] : [sid === null ? 'sid IS NULL' : 'sid = ?']),
		].join(' AND ')
		const rows = this.#db.query<Row>(`SELECT ${ROW} FROM request WHERE ${where} ORDER BY seq LIMIT ?`).all(...named, limit)
		const counted = this.#db.query<{ total: number }>(`SELECT count(*) AS total FROM request WHERE ${where}`).get(...named)
		return { requests: rows.map(toOpenRequest), total: counted?.total ?? 0 }
	}

	async addressee(reqId: string): Promise<SessionId | null | undefined> {
		const row = this.#db.query<{ sid: string | null }>(`SELECT sid FROM request WHERE ${BY_REQUEST_ID} AND ended_at IS NULL`).get(reqId)
		return row === null ? undefined : row.sid === null ? null : asSessionId(row.sid)
	}
}

function toOpenRequest(row: Row): OpenRequest {
	return {
		reqId: asRequestId(row.req_id),
		kind: row.kind as RequestKind,
		state: row.state as OpenState,
		sid: row.sid === null ? null : asSessionId(row.sid),
		slot: row.slot,
		runId: asRunId(row.run_id),
		taskId: asTaskId(row.task_id),
		stepId: asStepId(row.step_id),
		attempt: row.attempt,
		agent: row.agent ?? '',
		createdAt: row.created_at,
		deadlineAt: row.deadline_at,
	}
}
