import type { Issue, IssueOutcome } from '../../core/enhance/issue.ts'
import type { EnhanceStore } from '../../core/enhance/store.ts'
import type { EnhanceLogEntry, EnhanceSetting, IssueStatus } from '../../protocol/enhance.ts'
import type { SqliteDatabase } from './database.ts'
import { appendEvent } from './event-store.ts'

interface IssueRow {
	readonly id: string
	readonly blueprint_id: string
	readonly intent: string
	readonly status: string
	readonly reason: string | null
	readonly new_version: string | null
	readonly created_at: number
	readonly updated_at: number
}

export class SqliteEnhanceStore implements EnhanceStore {
	readonly #db: SqliteDatabase

	constructor(db: SqliteDatabase) {
		this.#db = db
	}

	addIssue({ id, blueprintId, intent, status, createdAt, updatedAt }: Issue): Promise<void> {
		return this.#db.write(() => {
			this.#db
				.query('INSERT INTO issue (id, blueprint_id, intent, status, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)')
				.run(id, blueprintId, intent, status, createdAt, updatedAt)
			appendEvent(this.#db, { kind: 'issue.posted', data: { issue_id: id, blueprint_id: blueprintId } })
		})
	}

	async issue(id: string): Promise<Issue | null> {
		const row = this.#db.query<IssueRow>('SELECT * FROM issue WHERE id = ?').get(id)
		return row && toIssue(row)
	}

	async issues(query: { status?: IssueStatus | undefined; blueprintId?: string | undefined; limit: number }): Promise<readonly Issue[]> {
		const conditions = [
			...(query.status === undefined ? [] : [{ sql: 'status = ?', value: query.status }]),
			...(query.blueprintId === undefined ? [] : [{ sql: 'blueprint_id = ?', value: query.blueprintId }]),
		]
		const where = conditions.length === 0 ? '' : ` WHERE ${conditions.map(({ sql }) => sql).join(' AND ')}`
		const rows = this.#db
			.query<IssueRow>(`SELECT * FROM issue${where} ORDER BY seq DESC LIMIT ?`)
			.all(...conditions.map(({ value }) => value), query.limit)
		return rows.map(toIssue)
	}

	takeIssue(): Promise<Issue | null> {
		return this.#db.write(() => {
			const row = this.#db.query<IssueRow>("SELECT * FROM issue WHERE status = 'pending' ORDER BY seq LIMIT 1").get()
			if (!row) return null
			const now = this.#db.clock.now()
			this.#db.query("UPDATE issue SET status = 'in_flight', updated_at = ? WHERE id = ?").run(now, row.id)
			appendEvent(this.#db, { kind: 'issue.taken', data: { issue_id: row.id, blueprint_id: row.blueprint_id } })
			return toIssue({ ...row, status: 'in_flight', updated_at: now })
		})
	}

	settleIssue(id: string, outcome: IssueOutcome, entry: EnhanceLogEntry | null): Promise<boolean> {
		return this.#db.write(() => {
			const { status } = outcome
			const newVersion = outcome.status === 'applied' ? outcome.newVersion : null
			const reason = outcome.status === 'rejected' ? outcome.reason : null
			const row = this.#db
				.query<IssueRow>(
					"UPDATE issue SET status = ?, reason = ?, new_version = ?, updated_at = ? WHERE id = ? AND status = 'in_flight' RETURNING *",
				)
				.get(status, reason, newVersion, this.#db.clock.now(), id)
			if (!row) return false
			if (entry) this.#appendLog(entry)
			const about = { issue_id: id, blueprint_id: row.blueprint_id }
			const result = status === 'applied' ? { new_version: newVersion } : { reason }
			appendEvent(this.#db, { kind: `issue.${status}`, data: { ...about, ...result } })
			return true
		})
	}

	async log({ blueprintId, limit }: { blueprintId?: string | undefined; limit: number }): Promise<readonly EnhanceLogEntry[]> {
		const newest = 'ORDER BY seq DESC LIMIT ?'
		const rows =
			blueprintId === undefined
				? this.#db.query<{ entry: string }>(`SELECT entry FROM enhance_log ${newest}`).all(limit)
				: this.#db.query<{ entry: string }>(`SELECT entry FROM enhance_log WHERE blueprint_id = ? ${newest}`).all(blueprintId, limit)
		return rows
			.map(toEntry)
			.reverse()
			.sort((a, b) => a.ts_ms - b.ts_ms)
	}

	async logOf(issueId: string): Promise<EnhanceLogEntry | null> {
		const sql = 'SELECT entry FROM enhance_log WHERE issue_id = ? ORDER BY seq DESC LIMIT 1'
		const row = this.#db.query<{ entry: string }>(sql).get(issueId)
		return row && toEntry(row)
	}

	putSetting(setting: EnhanceSetting): Promise<void> {
		return this.#db.write(() => {
			this.#db
				.query('INSERT INTO enhance_setting (id, setting) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET setting = excluded.setting')
				.run(setting.id, JSON.stringify(setting))
			appendEvent(this.#db, { kind: 'issue.setting_saved', data: { id: setting.id, blueprint_id: setting.blueprint_id } })
		})
	}

	async setting(id: string): Promise<EnhanceSetting | null> {
		const row = this.#db.query<{ setting: string }>('SELECT setting FROM enhance_setting WHERE id = ?').get(id)
		return row && (JSON.parse(row.setting) as EnhanceSetting)
	}

	async settingIds(): Promise<readonly string[]> {
		const rows = this.#db.query<{ id: string }>('SELECT id FROM enhance_setting ORDER BY id').all()
		return rows.map(({ id }) => id)
	}

	removeSetting(id: string): Promise<boolean> {
		return this.#db.write(() => {
			if (this.#db.query('DELETE FROM enhance_setting WHERE id = ?').run(id).changes === 0) return false
			appendEvent(this.#db, { kind: 'issue.setting_deleted', data: { id } })
			return true
		})
	}

	#appendLog(entry: EnhanceLogEntry): void {
		this.#db
			.query('INSERT INTO enhance_log (issue_id, blueprint_id, entry) VALUES (?, ?, ?)')
			.run(entry.issue_id, entry.blueprint_id, JSON.stringify(entry))
	}
}

const toEntry = ({ entry }: { readonly entry: string }): EnhanceLogEntry => JSON.parse(entry) as EnhanceLogEntry

function toIssue(row: IssueRow): Issue {
	return {
		id: row.id,
		blueprintId: row.blueprint_id,
		intent: row.intent,
		status: row.status as IssueStatus,
		reason: row.reason,
		newVersion: row.new_version,
		createdAt: row.created_at,
		updatedAt: row.updated_at,
	}
}
