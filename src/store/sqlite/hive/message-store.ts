import type {
	InboxReader,
	InboxSlice,
	KeptMessage,
	Message,
	MessageDraft,
	MessageStore,
	MessageVia,
} from '../../../core/hive/message-store.ts'
import type { HandOverRing } from '../../hand-over-ring.ts'
import type { SqliteDatabase } from '../database.ts'
import { appendEvent } from '../event/event-store.ts'
import { writeEffect } from '../rider.ts'

interface MessageRow {
	readonly id: number
	readonly sender: string
	readonly recipient: string
	readonly body: string
	readonly via: string
	readonly sent_at: number
	readonly delivered_at: number | null
}

const OLDEST = 'SELECT id FROM message WHERE recipient = ? AND delivered_at IS NULL'

/** A message as part of another change, inside whose transaction it is called; the new id. Whoever waits for it hears after COMMIT. */
export function insertMessage(db: SqliteDatabase, { from, to, body, via, key }: MessageDraft): number {
	const sql = 'INSERT INTO message (sender, recipient, body, via, sent_at, key) VALUES (?, ?, ?, ?, ?, ?)'
	const id = Number(db.query(sql).run(from, to, body, via, db.clock.now(), key ?? null).lastInsertRowid)
	appendEvent(db, { kind: 'message.sent', data: { message_id: id, from, to, via, bytes: Buffer.byteLength(body) } })
	return id
}

export class SqliteMessageStore implements MessageStore, InboxReader {
	readonly #db: SqliteDatabase
	readonly #ring: HandOverRing | undefined
	/** Handed over, and on disk still on their way. */
	#left: readonly number[] = []

	/** Without a ring what was taken counts as delivered, whatever becomes of this process. */
	constructor(db: SqliteDatabase, ring?: HandOverRing) {
		this.#db = db
		this.#ring = ring
	}

	add(draft: MessageDraft): Promise<number> {
		return writeEffect(
			this.#db,
			() => insertMessage(this.#db, draft),
			(id) => ({ message_id: id }),
		)
	}

	addOnce(draft: MessageDraft & { readonly key: string }): Promise<void> {
		return this.#db.write(() => {
			if (this.#db.query('SELECT 1 FROM message WHERE key = ?').get(draft.key) === null) insertMessage(this.#db, draft)
		})
	}

	async take(recipient: string, except: readonly number[]): Promise<Message | null> {
		const left = this.#left
		const taken = await this.#db.write(() => this.#take(recipient, except, left))
		if (taken) this.#left = this.#left.filter((id) => !left.includes(id))
		return taken
	}

	leaves(id: number): void {
		if (!this.#ring) return
		this.#ring.note(id)
		this.#left = [...this.#left, id]
	}

	stays(id: number): void {
		this.#ring?.forget(id)
		this.#left = this.#left.filter((each) => each !== id)
	}

	async recover(): Promise<void> {
		const left = this.#ring?.before
		if (!left) return
		const onWay = this.#db.query<{ id: number }>('SELECT message_id AS id FROM message_on_way').all()
		if (onWay.length === 0) return
		for (const { id } of onWay) await (left.has(id) ? this.deliver(id) : this.putBack(id))
		await this.#db.write(() => this.#settle(onWay.map(({ id }) => id)))
	}

	/** What the agent had read and is asked still, by a request or a turn of a worker, is unread again. */
	async returnUnanswered(agent: string): Promise<void> {
		const sql = `UPDATE message SET delivered_at = NULL WHERE recipient = ?1 AND delivered_at IS NOT NULL AND key IN (
			SELECT req_id FROM request WHERE sid = 'hive:' || ?1 AND ended_at IS NULL UNION ALL
			SELECT worker_id || ':' || turn FROM worker_lease WHERE profile = 'hive:' || ?1 AND state = 'waiting') RETURNING id`
		const returned = await this.#db.write(() => {
			const ids = this.#db
				.query<{ id: number }>(sql)
				.all(agent)
				.map(({ id }) => id)
			this.#settle(ids)
			for (const id of ids) appendEvent(this.#db, { kind: 'message.returned', data: { message_id: id, to: agent } })
			return ids
		})
		for (const id of returned) this.stays(id)
	}

	putBack(id: number): Promise<void> {
		return this.#db.write(() => {
			const to = this.#setDelivered(id, null)
			if (to !== undefined) appendEvent(this.#db, { kind: 'message.returned', data: { message_id: id, to } })
		})
	}

	deliver(id: number): Promise<void> {
		return this.#db.write(() => {
			const to = this.#setDelivered(id, this.#db.clock.now())
			if (to !== undefined) appendEvent(this.#db, { kind: 'message.delivered', data: { message_id: id, to } })
		})
	}

	async unread(recipient: string): Promise<number> {
		const sql = 'SELECT count(*) AS unread FROM message WHERE recipient = ? AND delivered_at IS NULL'
		return this.#db.query<{ unread: number }>(sql).get(recipient)?.unread ?? 0
	}

	async read(recipient: string, { after, limit, delivered, newestFirst = false }: InboxSlice): Promise<readonly KeptMessage[]> {
		const which = delivered ? '' : 'AND delivered_at IS NULL'
		const order = newestFirst ? 'id < ? ORDER BY id DESC' : 'id > ? ORDER BY id'
		const sql = `SELECT * FROM message WHERE recipient = ? ${which} AND ${order} LIMIT ?`
		const from = newestFirst && after === 0 ? Number.MAX_SAFE_INTEGER : after
		const rows = this.#db.query<MessageRow>(sql).all(recipient, from, limit)
		return rows.map((row) => ({ ...toMessage(row), deliveredAt: row.delivered_at }))
	}

	dropDelivered(before: number, limit: number): Promise<number> {
		const sql = 'DELETE FROM message WHERE id IN (SELECT id FROM message WHERE delivered_at < ? ORDER BY delivered_at LIMIT ?)'
		return this.#db.write(() => this.#db.query(sql).run(before, limit).changes)
	}

	#take(recipient: string, except: readonly number[], left: readonly number[]): Message | null {
		const row = this.#oldest(recipient, except)
		if (!row) return null
		this.#settle(left)
		if (this.#ring) this.#db.query('INSERT OR IGNORE INTO message_on_way (message_id) VALUES (?)').run(row.id)
		this.#setDelivered(row.id, this.#db.clock.now())
		appendEvent(this.#db, { kind: 'message.delivered', data: { message_id: row.id, to: recipient } })
		return toMessage(row)
	}

	/** What became of them is known. */
	#settle(ids: readonly number[]): void {
		const sql = 'DELETE FROM message_on_way WHERE message_id IN (SELECT value FROM json_each(?))'
		if (ids.length > 0) this.#db.query(sql).run(JSON.stringify(ids))
	}

	#oldest(recipient: string, except: readonly number[]): MessageRow | null {
		const all = 'SELECT * FROM message WHERE id ='
		if (except.length === 0) return this.#db.query<MessageRow>(`${all} (${OLDEST} ORDER BY id LIMIT 1)`).get(recipient)
		const others = `${OLDEST} AND id NOT IN (SELECT value FROM json_each(?)) ORDER BY id LIMIT 1`
		return this.#db.query<MessageRow>(`${all} (${others})`).get(recipient, JSON.stringify(except))
	}

	/** The recipient, unless it was so already. */
	#setDelivered(id: number, at: number | null): string | undefined {
		const sql = 'UPDATE message SET delivered_at = ? WHERE id = ? AND (delivered_at IS NULL) != ? RETURNING recipient'
		return this.#db.query<{ recipient: string }>(sql).get(at, id, at === null ? 1 : 0)?.recipient
	}
}

function toMessage(row: MessageRow): Message {
	return { id: row.id, from: row.sender, to: row.recipient, body: row.body, via: row.via as MessageVia, sentAt: row.sent_at }
}
