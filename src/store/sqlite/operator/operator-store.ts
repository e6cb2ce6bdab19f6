import type {
	Answered,
	EndState,
	Observed,
	OpenState,
	OperatorRequest,
	OperatorSession,
	OperatorStore,
	RequestKind,
} from '../../../core/operator/store.ts'
import { MseError } from '../../../kernel/error.ts'
import { asRunId, asTaskId, type RequestId, type RunId, type SessionId, type StepId } from '../../../kernel/id.ts'
import type { JsonObject } from '../../../kernel/json.ts'
import type { SqliteDatabase } from '../database.ts'
import { appendEvent } from '../event/event-store.ts'
import { displace } from '../run/displacement.ts'
import type { Values } from '../value.ts'
import { type RequestRow, type SeatGivenRow, type SessionRow, toRequest, toSeatGiven, toSession } from './operator-row.ts'
import { BY_REQUEST_ID } from './request-key.ts'
import { RequestTable } from './request-table.ts'

export class SqliteOperatorStore implements OperatorStore {
	readonly #db: SqliteDatabase
	readonly #values: Values
	readonly #requests: RequestTable

	constructor(db: SqliteDatabase, values: Values) {
		this.#db = db
		this.#values = values
		this.#requests = new RequestTable(db, values)
	}

	join(session: OperatorSession): Promise<void> {
		return this.#db.write(() => {
			this.#refuseOwned(session.roles)
			this.#insertSession(session)
			for (const role of session.roles) this.#db.query('INSERT INTO operator_role (role, sid) VALUES (?, ?)').run(role, session.sid)
			appendEvent(this.#db, { kind: 'session.joined', operator: session.sid, data: { roles: session.roles, desc: session.desc } })
		})
	}

	async sessions(): Promise<readonly OperatorSession[]> {
		const roles = this.#db.query<{ role: string; sid: string }>('SELECT role, sid FROM operator_role ORDER BY rowid').all()
		const bySid = Map.groupBy(roles, ({ sid }) => sid)
		const rows = this.#db.query<SessionRow>('SELECT * FROM operator_session ORDER BY joined_at, rowid').all()
		return rows.map((row) =>
			toSession(
				row,
				(bySid.get(row.sid) ?? []).map(({ role }) => role),
			),
		)
	}

	touch(sid: SessionId, at: number): Promise<void> {
		return this.#db.write(() => {
			this.#db.query('UPDATE operator_session SET last_access_at = ? WHERE sid = ?').run(at, sid)
		})
	}

	async observed(sid: SessionId): Promise<Observed> {
		const sql = `SELECT seat_given.run_id, seat_given.slot, seat_given.at, task.goal, run.options FROM seat_given
			JOIN run ON run.id = seat_given.run_id JOIN task ON task.id = run.task_id WHERE sid = ? ORDER BY seat_given.seq DESC`
		const total = this.#db.query<{ n: number }>('SELECT observed_total AS n FROM operator_session WHERE sid = ?').get(sid)?.n ?? 0
		return { seats: this.#db.query<SeatGivenRow>(sql).all(sid).map(toSeatGiven), total }
	}

	connection(sid: SessionId, change: 'connected' | 'disconnected', at: number): Promise<void> {
		return this.#db.write(() => {
			const { changes } = this.#db.query('UPDATE operator_session SET last_access_at = ? WHERE sid = ?').run(at, sid)
			if (changes > 0) appendEvent(this.#db, { kind: `session.${change}`, operator: sid })
		})
	}

	end(sid: SessionId, how: 'ended' | 'expired', reason: string): Promise<boolean> {
		return this.#db.write(() => {
			if (this.#db.query('DELETE FROM operator_session WHERE sid = ?').run(sid).changes === 0) return false
			const open = this.#requests.openHeads(sid)
			for (const request of open) if (request.slot === null) this.#requests.end(request, 'withdrawn', { reason })
			displace(
				this.#db,
				this.#values,
				this.#requests,
				open.filter(({ slot }) => slot !== null),
				reason,
			)
			this.#db.query('DELETE FROM seat_given WHERE sid = ?').run(sid)
			this.#db.query('DELETE FROM attach_session WHERE operator_sid = ?').run(sid)
			this.#vacateSeats(sid, how === 'ended' ? 'operator_deleted' : 'operator_expired')
			appendEvent(this.#db, { kind: `session.${how}`, operator: sid })
			return true
		})
	}

	addRequest(request: OperatorRequest, isWanted = (): boolean => true): Promise<void> {
		return this.#db.write(() => {
			if (isWanted()) this.#requests.insert(request)
		})
	}

	async request(reqId: RequestId): Promise<OperatorRequest | null> {
		const row = this.#db.query<RequestRow>(`SELECT * FROM request WHERE ${BY_REQUEST_ID}`).get(reqId)
		return row ? toRequest(row, this.#values) : null
	}

	async requestOf(stepId: StepId, attempt: number, kind: RequestKind): Promise<OperatorRequest | null> {
		const sql = 'SELECT * FROM request WHERE step_id = ? AND attempt = ? AND kind = ? ORDER BY seq DESC LIMIT 1'
		const row = this.#db.query<RequestRow>(sql).get(stepId, attempt, kind)
		return row ? toRequest(row, this.#values) : null
	}

	async newestRequest(stepId: StepId, kind: RequestKind): Promise<OperatorRequest | null> {
		const row = this.#db
			.query<RequestRow>('SELECT * FROM request WHERE step_id = ? AND kind = ? ORDER BY seq DESC LIMIT 1')
			.get(stepId, kind)
		return row ? toRequest(row, this.#values) : null
	}

	async openRequests(filter: { sid?: SessionId; runId?: RunId }): Promise<readonly OperatorRequest[]> {
		const given = [
			...(filter.sid === undefined ? [] : [{ sql: ' AND sid = ?', value: filter.sid }]),
			...(filter.runId === undefined ? [] : [{ sql: ' AND run_id = ?', value: filter.runId }]),
		]
		const sql = `SELECT * FROM request WHERE ended_at IS NULL${given.map((part) => part.sql).join('')} ORDER BY seq`
		const rows = this.#db.query<RequestRow>(sql).all(...given.map((part) => part.value))
		return rows.map((row) => toRequest(row, this.#values))
	}

	address(reqId: RequestId, to: { readonly sid: SessionId; readonly seatGeneration: number | null }): Promise<boolean> {
		return this.#db.write(() => {
			const head = this.#requests.head(reqId)
			if (!head || head.ended_at !== null) return false
			this.#requests.requireSeated({ runId: asRunId(head.run_id), slot: head.slot }, to.seatGeneration)
			const sql = `UPDATE request SET sid = ?2, seat_generation = ?3 WHERE ${BY_REQUEST_ID} AND ended_at IS NULL`
			return this.#db.query(sql).run(reqId, to.sid, to.seatGeneration).changes > 0
		})
	}

	mark(marks: readonly { readonly reqId: RequestId; readonly state: OpenState }[]): Promise<void> {
		return this.#db.write(
			() => {
				for (const { reqId, state } of marks) this.#requests.mark(reqId, state)
			},
			() => marks.length,
		)
	}

	answer(reqId: RequestId, sid: SessionId, reply: JsonObject, applied = (): void => {}): Promise<Answered> {
		const end = (): Answered => {
			if (this.#requests.answer(reqId, sid, reply)) return { outcome: 'applied' }
			const row = this.#requests.head(reqId)
			return row?.sid === sid ? { outcome: 'ended', state: row.state as EndState } : { outcome: 'unknown' }
		}
		return this.#db.writeAhead(end, ({ outcome }) => {
			if (outcome === 'applied') applied()
		})
	}

	endRequest(reqId: RequestId, state: EndState, reply: JsonObject): Promise<boolean> {
		return this.#db.write(() => {
			const row = this.#requests.head(reqId)
			if (!row || row.ended_at !== null) return false
			this.#requests.end(row, state, reply)
			return true
		})
	}

	#refuseOwned(roles: readonly string[]): void {
		const owned = this.#db.query<{ role: string }>('SELECT role FROM operator_role WHERE role = ?')
		const conflicts = roles.filter((role) => owned.get(role) !== null)
		if (conflicts.length === 0) return
		throw new MseError('conflict', 'roles conflict', {
			code: 'roles_conflict',
			hint: 'Another session owns these roles until it leaves or idles out.',
			details: { conflicts },
		})
	}

	#insertSession(session: OperatorSession): void {
		this.#db
			.query(
				`INSERT INTO operator_session (sid, token_digest, descr, capability_manifest, scope, joined_at, last_access_at)
				 VALUES (?, ?, ?, ?, ?, ?, ?)`,
			)
			.run(
				session.sid,
				session.tokenDigest,
				session.desc,
				session.capabilityManifest === null ? null : JSON.stringify(session.capabilityManifest),
				session.scope === null ? null : JSON.stringify(session.scope),
				session.joinedAt,
				session.lastAccessAt,
			)
	}

	/** A seat of a run that is done or failed keeps its last holder, as a record. */
	#vacateSeats(sid: SessionId, reason: string): void {
		const seats = this.#db
			.query<{ run_id: string; task_id: string; slot: string }>(
				`SELECT seat.run_id, run.task_id, seat.slot FROM seat JOIN run ON run.id = seat.run_id
				 WHERE seat.op = ? AND run.status NOT IN ('done', 'failed') ORDER BY seat.run_id, seat.slot`,
			)
			.all(sid)
		for (const { run_id, task_id, slot } of seats) {
			this.#db.query('UPDATE run SET seat_generation = seat_generation + 1 WHERE id = ?').run(run_id)
			this.#db.query('DELETE FROM seat WHERE run_id = ? AND slot = ?').run(run_id, slot)
			const about = { runId: asRunId(run_id), taskId: asTaskId(task_id), operator: sid }
			appendEvent(this.#db, { kind: 'seat.released', ...about, data: { slot, op: sid, reason } })
		}
	}
}
