import type { SQLQueryBindings } from 'bun:sqlite'
import type { Approval, ApprovalEntry, ApprovalQuery, Question } from '../../../core/approval/approval.ts'
import type { Move } from '../../../core/approval/move.ts'
import type { ApprovalStore, AskOptions, OnResolved } from '../../../core/approval/store.ts'
import { MseError } from '../../../kernel/error.ts'
import type { SqliteDatabase } from '../database.ts'
import { appendEvent } from '../event/event-store.ts'
import { writeEffect } from '../rider.ts'
import type { Values } from '../value.ts'
import { type ApprovalRow, changedRow, ENTRY, type EntryRow, newRow, toApproval, toEntry } from './approval-row.ts'

export class SqliteApprovalStore implements ApprovalStore {
	readonly #db: SqliteDatabase
	readonly #values: Values

	constructor(db: SqliteDatabase, values: Values) {
		this.#db = db
		this.#values = values
	}

	ask(question: Question, options: AskOptions): Promise<Approval> {
		const change = (): Approval => {
			const standing = this.#standing(question, options.once)
			if (standing) return standing
			this.#requireRoom(options.maxPending)
			const columns = newRow(question, this.#db.clock.now(), this.#values)
			const names = Object.keys(columns)
			const sql = `INSERT INTO approval (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`
			const { lastInsertRowid } = this.#db.query(sql).run(...Object.values<SQLQueryBindings>(columns))
			const approval = this.#required(Number(lastInsertRowid))
			appendEvent(this.#db, options.told(approval))
			return approval
		}
		return writeEffect(this.#db, change, ({ id }) => ({ approval_id: id }))
	}

	async get(id: number): Promise<Approval | null> {
		return this.#one(id)
	}

	async list(query: ApprovalQuery): Promise<readonly ApprovalEntry[]> {
		const wanted: [string, SQLQueryBindings | undefined][] = [
			// A run has few, and there may be very many of a status.
			[query.runId === undefined ? 'status = ?' : '+status = ?', query.status],
			['kind = ?', query.kind],
			['run_id = ?', query.runId],
			['subject_type = ?', query.subject?.type],
			['subject_id = ?', query.subject?.id],
		]
		const given = wanted.flatMap(([sql, value]) => (value === undefined ? [] : [{ sql: ` AND ${sql}`, value }]))
		const where = given.map(({ sql }) => sql).join('')
		const order = query.newestFirst ? `id < ?${where} ORDER BY id DESC LIMIT ?` : `id > ?${where} ORDER BY id LIMIT ?`
		const after = query.newestFirst && query.after === 0 ? Number.MAX_SAFE_INTEGER : query.after
		const rows = this.#db
			.query<EntryRow>(`SELECT ${ENTRY} FROM approval WHERE ${order}`)
			.all(after, ...given.map(({ value }) => value), query.limit)
		return rows.map(toEntry)
	}

	change(id: number, move: (approval: Approval) => Move | null, onResolved?: OnResolved): Promise<Approval | null> {
		const change = (): Approval | null => {
			const before = this.#one(id)
			const moved = before && move(before)
			if (!moved) return before
			this.#update(moved.approval)
			for (const event of moved.events) appendEvent(this.#db, event)
			if (moved.approval.status !== 'pending') onResolved?.({ append: (event) => void appendEvent(this.#db, event) }, moved.approval)
			return moved.approval
		}
		return writeEffect(this.#db, change, (approval) => (approval === null ? undefined : { approval_id: approval.id }))
	}

	async pending(): Promise<readonly Pick<Approval, 'id' | 'deadlineAt' | 'expiredAt' | 'startedAt'>[]> {
		return this.#db
			.query<Pick<ApprovalRow, 'id' | 'deadline_at' | 'expired_at' | 'started_at'>>(
				"SELECT id, deadline_at, expired_at, started_at FROM approval WHERE status = 'pending' ORDER BY id",
			)
			.all()
			.map(({ id, deadline_at, expired_at, started_at }) => ({
				...{ id, deadlineAt: deadline_at, expiredAt: expired_at, startedAt: started_at },
			}))
	}

	#standing({ kind, subject, stepId }: Question, once: boolean): Approval | null {
		const row =
			stepId !== null
				? this.#db.query<ApprovalRow>('SELECT * FROM approval WHERE step_id = ?').get(stepId)
				: once
					? this.#db
							.query<ApprovalRow>("SELECT * FROM approval WHERE kind = ? AND subject_type = ? AND subject_id = ? AND status = 'pending'")
							.get(kind, subject.type, subject.id)
					: null
		return row && toApproval(row, this.#values)
	}

	#requireRoom(maxPending: number): void {
		const row = this.#db.query<{ n: number }>("SELECT count(*) AS n FROM approval WHERE status = 'pending'").get()
		if ((row?.n ?? 0) < maxPending) return
		throw new MseError('throttled', 'approval queue is full', {
			code: 'approval_queue_full',
			hint: 'Answer some that wait (`mse-server approvals ls`), or raise `approvals.max_pending`.',
			details: { max_pending: maxPending },
		})
	}

	#update(approval: Approval): void {
		const columns = changedRow(approval, this.#values)
		const sets = Object.keys(columns).map((name) => `${name} = ?`)
		this.#db.query(`UPDATE approval SET ${sets.join(', ')} WHERE id = ?`).run(...Object.values<SQLQueryBindings>(columns), approval.id)
	}

	#one(id: number): Approval | null {
		const row = this.#db.query<ApprovalRow>('SELECT * FROM approval WHERE id = ?').get(id)
		return row && toApproval(row, this.#values)
	}

	#required(id: number): Approval {
		const approval = this.#one(id)
		if (!approval) throw new Error(`approval ${id} was not written`)
		return approval
	}
}
