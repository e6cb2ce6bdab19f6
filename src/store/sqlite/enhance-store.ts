import type { Committed, NewCommit } from '../../core/blueprint/store.ts'
import type { Issue, IssueOutcome } from '../../core/enhance/issue.ts'
import type { EnhanceStore } from '../../core/enhance/store.ts'
import { asRunId, type RunId } from '../../kernel/id.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { EnhanceLogEntry, EnhanceSetting, IssueStatus } from '../../protocol/enhance.ts'
import type { EventKind } from '../../protocol/event.ts'
import type { SqliteDatabase } from './database.ts'
import { appendEvent } from './event/event-store.ts'
import { writeEffect } from './rider.ts'

interface IssueRow {
	readonly id: string
	readonly blueprint_id: string
	readonly intent: string
	readonly status: string
	readonly reason: string | null
	readonly new_version: string | null
	readonly run_id: string | null
	readonly attempt: number
	readonly created_at: number
	readonly updated_at: number
}

/** Blueprints of the same database, as far as issues change them. */
interface Blueprints {
	committing(change: NewCommit): () => Committed
}

/** The oldest that waits for nobody; `issue_in_flight` answers the second question. */
const NEXT = `SELECT * FROM issue i WHERE status = 'pending'
	AND NOT EXISTS (SELECT 1 FROM issue o WHERE o.blueprint_id = i.blueprint_id AND o.status = 'in_flight') ORDER BY seq LIMIT 1`

export class SqliteEnhanceStore implements EnhanceStore {
	readonly #db: SqliteDatabase
	readonly #blueprints: Blueprints

	constructor(db: SqliteDatabase, blueprints: Blueprints) {
		this.#db = db
		this.#blueprints = blueprints
	}

	addIssue({ id, blueprintId, intent, status, createdAt, updatedAt }: Issue): Promise<void> {
		const change = (): void => {
			this.#db
				.query('INSERT INTO issue (id, blueprint_id, intent, status, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)')
				.run(id, blueprintId, intent, status, createdAt, updatedAt)
			appendEvent(this.#db, { kind: 'issue.posted', data: { issue_id: id, blueprint_id: blueprintId } })
		}
		return writeEffect(this.#db, change, () => ({ issue_id: id }))
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

	takeIssue(runId: RunId): Promise<Issue | null> {
		return this.#db.write(() => {
			const next = this.#db.query<IssueRow>(NEXT).get()
			const row = next && this.#move(next.id, 'pending', "status = 'in_flight', run_id = ?, attempt = attempt + 1", runId)
			if (!row) return null
			this.#tell('issue.taken', row, { run_id: runId, attempt: row.attempt })
			return toIssue(row)
		})
	}

	async issuesInFlight(): Promise<readonly Issue[]> {
		return this.#db.query<IssueRow>("SELECT * FROM issue WHERE status = 'in_flight' ORDER BY seq").all().map(toIssue)
	}

	settleIssue(id: string, outcome: IssueOutcome, entry: EnhanceLogEntry | null): Promise<boolean> {
		return this.#db.write(() => this.#settle(id, outcome, entry))
	}

	async applyIssue(id: string, change: NewCommit, entry: EnhanceLogEntry): Promise<boolean> {
		const commit = this.#blueprints.committing(change)
		return this.#db.write(() => {
			if (!this.#settle(id, { status: 'applied', newVersion: entry.new_hash }, entry)) return false
			commit()
			return true
		})
	}

	requeueIssue(id: string, why: string): Promise<boolean> {
		return this.#db.write(() => {
			const row = this.#move(id, 'in_flight', "status = 'pending'")
			if (row) this.#tell('issue.requeued', row, { reason: why, attempt: row.attempt })
			return row !== null
		})
	}

	retryIssue(id: string): Promise<Issue | null> {
		return this.#db.write(() => {
			const row = this.#move(id, 'rejected', "status = 'pending', reason = NULL, attempt = 0")
			if (row) this.#tell('issue.retried', row)
			return row && toIssue(row)
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

	#settle(id: string, outcome: IssueOutcome, entry: EnhanceLogEntry | null): boolean {
		const newVersion = outcome.status === 'applied' ? outcome.newVersion : null
		const reason = outcome.status === 'rejected' ? outcome.reason : null
		const row = this.#move(id, 'in_flight', 'status = ?, reason = ?, new_version = ?', outcome.status, reason, newVersion)
		if (!row) return false
		if (entry) this.#appendLog(entry)
		this.#tell(`issue.${outcome.status}`, row, outcome.status === 'applied' ? { new_version: newVersion } : { reason })
		return true
	}

	/** Compare-and-set; null, with nothing written, when the issue is not `from`. */
	#move(id: string, from: IssueStatus, set: string, ...values: (string | null)[]): IssueRow | null {
		return this.#db
			.query<IssueRow>(`UPDATE issue SET ${set}, updated_at = ? WHERE id = ? AND status = ? RETURNING *`)
			.get(...values, this.#db.clock.now(), id, from)
	}

	#tell(kind: EventKind, { id, blueprint_id }: IssueRow, more: JsonObject = {}): void {
		appendEvent(this.#db, { kind, data: { issue_id: id, blueprint_id, ...more } })
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
		runId: row.run_id === null ? null : asRunId(row.run_id),
		attempt: row.attempt,
		createdAt: row.created_at,
		updatedAt: row.updated_at,
	}
}
