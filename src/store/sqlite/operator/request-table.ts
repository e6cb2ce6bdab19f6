import type { EventDraft } from '../../../core/event/event.ts'
import type { EndState, OpenState, OperatorRequest, RequestState } from '../../../core/operator/store.ts'
import { MseError } from '../../../kernel/error.ts'
import { asRunId, asSessionId, asStepId, asTaskId, type RequestId, type RunId, type SessionId } from '../../../kernel/id.ts'
import type { JsonObject } from '../../../kernel/json.ts'
import type { SqliteDatabase } from '../database.ts'
import { appendEvent } from '../event/event-store.ts'
import type { Values } from '../value.ts'
import type { RequestRow } from './operator-row.ts'
import { BY_REQUEST_ID } from './request-key.ts'

/** A request row without its bodies: what events and compare-and-set need. */
export type RequestHead = Omit<RequestRow, 'frame' | 'reply'>
const HEAD = 'req_id, kind, state, sid, slot, seat_generation, run_id, task_id, step_id, attempt, created_at, deadline_at, ended_at'

const EVENT = {
	parked: 'request.parked',
	sent: 'request.sent',
	delivered: 'request.delivered',
	answered: 'request.answered',
	withdrawn: 'request.withdrawn',
	expired: 'request.expired',
} as const satisfies Record<RequestState, EventDraft['kind']>

/** Rows of operators' requests and the events of their moves; called inside a change. */
export class RequestTable {
	readonly #db: SqliteDatabase
	readonly #values: Values

	constructor(db: SqliteDatabase, values: Values) {
		this.#db = db
		this.#values = values
	}

	/** Throws `conflict` (code `seat_moved`) when the seat it is addressed through has another holder or generation by now. */
	insert(request: OperatorRequest): void {
		this.requireSeated(request, request.seatGeneration)
		this.#db
			.query(
				`INSERT INTO request (req_id, kind, state, sid, slot, seat_generation, run_id, task_id, step_id, attempt, frame, reply,
				   created_at, deadline_at, ended_at)
				 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, ?, NULL)`,
			)
			.run(
				request.reqId,
				request.kind,
				request.state,
				request.sid,
				request.slot,
				request.seatGeneration,
				request.runId,
				request.taskId,
				request.stepId,
				request.attempt,
				this.#values.pack(request.frame),
				request.createdAt,
				request.deadlineAt,
			)
		this.#note(toHead(request), request.state, { agent: request.frame.agent ?? null })
	}

	requireSeated({ runId, slot }: Pick<OperatorRequest, 'runId' | 'slot'>, generation: number | null): void {
		if (slot === null || generation === null) return
		const sql = 'SELECT (SELECT generation FROM seat WHERE run_id = id AND slot = ?) AS generation FROM run WHERE id = ?'
		const seat = this.#db.query<{ generation: number | null }>(sql).get(slot, runId)
		if (seat === null || seat.generation === generation) return
		throw new MseError('conflict', `The seat '${slot}' of run ${runId} moved to another operator.`, { code: 'seat_moved' })
	}

	head(reqId: RequestId): RequestHead | null {
		return this.#db.query<RequestHead>(`SELECT ${HEAD} FROM request WHERE ${BY_REQUEST_ID}`).get(reqId)
	}

	openHeads(sid: SessionId): readonly RequestHead[] {
		return this.#db.query<RequestHead>(`SELECT ${HEAD} FROM request WHERE sid = ? AND ended_at IS NULL ORDER BY seq`).all(sid)
	}

	/** What was asked of the seat's holder; a request that waits for a holder is none of theirs. */
	openHeadsOfSeat(runId: RunId, slot: string): readonly RequestHead[] {
		const sql = `SELECT ${HEAD} FROM request WHERE run_id = ? AND slot = ? AND sid IS NOT NULL AND ended_at IS NULL ORDER BY seq`
		return this.#db.query<RequestHead>(sql).all(runId, slot)
	}

	mark(reqId: RequestId, state: OpenState): void {
		const sql = `UPDATE request SET state = ?2 WHERE ${BY_REQUEST_ID} AND ended_at IS NULL AND state <> ?2 RETURNING ${HEAD}`
		const row = this.#db.query<RequestHead>(sql).get(reqId, state)
		if (row) this.#note(row, state)
	}

	/** Ends an open request of that session by its reply; false when there is none. */
	answer(reqId: RequestId, sid: SessionId, reply: JsonObject): boolean {
		const sql = `UPDATE request SET state = 'answered', reply = ?2, ended_at = ?3
			WHERE ${BY_REQUEST_ID} AND sid = ?4 AND ended_at IS NULL RETURNING ${HEAD}`
		const row = this.#db.query<RequestHead>(sql).get(reqId, this.#values.pack(reply), this.#db.clock.now(), sid)
		if (row) this.#note(row, 'answered', { by: reply.type ?? null })
		return row !== null
	}

	end(row: RequestHead, state: EndState, reply: JsonObject): void {
		this.#db
			.query(`UPDATE request SET state = ?2, reply = ?3, ended_at = ?4 WHERE ${BY_REQUEST_ID}`)
			.run(row.req_id, state, this.#values.pack(reply), this.#db.clock.now())
		this.#note(row, state, state === 'answered' ? { by: reply.type ?? null } : { reason: reply.reason ?? null })
	}

	#note(row: Omit<RequestHead, 'created_at' | 'deadline_at' | 'ended_at'>, state: RequestState, data: EventDraft['data'] = {}): void {
		const { req_id, kind, slot, attempt } = row
		appendEvent(this.#db, {
			kind: EVENT[state],
			runId: asRunId(row.run_id),
			taskId: asTaskId(row.task_id),
			stepId: asStepId(row.step_id),
			operator: row.sid === null ? undefined : asSessionId(row.sid),
			data: { req_id, kind, slot, attempt, ...data },
		})
	}
}

function toHead(request: OperatorRequest): RequestHead {
	return {
		req_id: request.reqId,
		kind: request.kind,
		state: request.state,
		sid: request.sid,
		slot: request.slot,
		seat_generation: request.seatGeneration,
		run_id: request.runId,
		task_id: request.taskId,
		step_id: request.stepId,
		attempt: request.attempt,
		created_at: request.createdAt,
		deadline_at: request.deadlineAt,
		ended_at: request.endedAt,
	}
}
