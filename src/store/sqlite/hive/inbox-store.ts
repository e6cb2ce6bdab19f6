import { SYSTEM } from '../../../core/hive/hive.ts'
import type { InboxStore } from '../../../core/operator/inbox.ts'
import { toInboxBody } from '../../../core/operator/inbox-frame.ts'
import { asRequestId } from '../../../kernel/id.ts'
import type { ServerMsg } from '../../../protocol/operator-frame.ts'
import type { SqliteDatabase } from '../database.ts'
import { RequestTable } from '../operator/request-table.ts'
import type { Values } from '../value.ts'
import { insertMessage } from './message-store.ts'

/** Frames for agents of the hive, as messages of their inboxes. */
export class SqliteInboxStore implements InboxStore {
	readonly #db: SqliteDatabase
	readonly #requests: RequestTable

	constructor(db: SqliteDatabase, values: Values) {
		this.#db = db
		this.#requests = new RequestTable(db, values)
	}

	put(agent: string, frame: ServerMsg): Promise<void> {
		const draft = { from: SYSTEM, to: agent, body: toInboxBody(frame), via: 'daemon' } as const
		return this.#db.write(() => {
			const key = 'req_id' in frame && frame.type !== 'hook_after' ? frame.req_id : undefined
			if (key === undefined) return void insertMessage(this.#db, draft)
			const request = this.#requests.head(asRequestId(key))
			if (!request || request.ended_at !== null) return
			if (!this.#isThere(key, request.state === 'parked')) insertMessage(this.#db, { ...draft, key })
			this.#requests.mark(asRequestId(key), 'delivered')
		})
	}

	/** A request that is parked although its message was read is one that was to be delivered once more. */
	#isThere(key: string, isParked: boolean): boolean {
		const sql = `SELECT 1 FROM message WHERE key = ?${isParked ? ' AND delivered_at IS NULL' : ''}`
		return this.#db.query(sql).get(key) !== null
	}
}
