import type { RetentionBounds, RetentionStore } from '../../core/retention/store.ts'
import { asRunId, type RunId } from '../../kernel/id.ts'
import type { OpenBlobs } from './blob.ts'
import { sweepBlobs } from './blob-sweep.ts'
import type { SqliteDatabase } from './database.ts'
import { KEY_KEPT_MS } from './idempotency-store.ts'
import { IS_AUDIT } from './run/audit-step.ts'
import { eraseRun } from './run/run-erasure.ts'
import { dropUnusedDocuments } from './unused-document.ts'
import { type Counter, newestNumber } from './worker/runtime-record.ts'
import { eraseWorker, oldWorker, trimObservations } from './worker/worker-erasure.ts'

const ENDED = "('done', 'failed', 'cancelled')"
const NO_AUDIT_OPEN = `NOT EXISTS (SELECT 1 FROM step WHERE step.run_id = run.id AND step.status = 'running' AND ${IS_AUDIT})`

export class SqliteRetentionStore implements RetentionStore {
	readonly #db: SqliteDatabase
	readonly #blobs: OpenBlobs
	/** Up to here a round has looked at events already. */
	#eventsSeen = 0

	constructor(db: SqliteDatabase, blobs: OpenBlobs) {
		this.#db = db
		this.#blobs = blobs
	}

	pruneRuns(bounds: RetentionBounds, limit: number): Promise<number> {
		return this.#db.write(() => {
			const id = this.#oldRun(bounds)
			if (id === null) return 0
			const taskId = this.#db.query<{ task_id: string }>('SELECT task_id FROM run WHERE id = ?').get(id)?.task_id ?? ''
			const { taken, isGone } = eraseRun(this.#db, id, limit)
			const unused = 'DELETE FROM task WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM run WHERE task_id = ?1)'
			return isGone ? taken + this.#db.query(unused).run(taskId).changes : taken
		})
	}

	pruneWorkers(bounds: RetentionBounds, limit: number): Promise<number> {
		return this.#db.write(() => {
			const id = oldWorker(this.#db, bounds)
			if (id === null) return 0
			const before = this.#changes()
			eraseWorker(this.#db, id, limit)
			return this.#changes() - before
		})
	}

	pruneRuntimeRecords({ rows }: RetentionBounds, limit: number): Promise<number> {
		return this.#db.write(() => {
			const drop = (table: string, counter: Counter): number => {
				const old = `SELECT id FROM ${table} WHERE id <= ? ORDER BY id LIMIT ?`
				return this.#db.query(`DELETE FROM ${table} WHERE id IN (${old})`).run(newestNumber(this.#db, counter) - rows, limit).changes
			}
			return drop('runtime_event', 'event') + drop('runtime_diagnostic', 'diagnostic')
		})
	}

	pruneOutputs({ before, rows }: RetentionBounds, limit: number): Promise<number> {
		return this.#db.write(() => {
			const sql = `DELETE FROM output WHERE seq IN
				(SELECT seq FROM output WHERE run_id IS NULL AND (at < ?1 OR seq <= ?2) ORDER BY seq LIMIT ?3)`
			return this.#db.query(sql).run(before, this.#newest('output') - rows, limit).changes
		})
	}

	pruneEvents({ before, rows }: RetentionBounds, limit: number): Promise<number> {
		return this.#db.write(() => {
			const bound = Math.max(this.#lastEventBefore(before), this.#db.newestEventSeq - rows)
			const old = this.#db
				.query<{ seq: number }>(
					`SELECT event.seq FROM event LEFT JOIN run ON run.id = event.run_id
					 WHERE event.seq > ?1 AND event.seq <= ?2 AND (run.id IS NULL OR run.status IN ${ENDED}) ORDER BY event.seq LIMIT ?3`,
				)
				.all(this.#eventsSeen, bound, limit)
			const last = old.at(-1)?.seq
			if (last === undefined) this.#eventsSeen = 0
			else this.#dropEvents(old, last)
			return old.length
		})
	}

	pruneIssues({ before, rows }: RetentionBounds, limit: number): Promise<number> {
		return this.#db.write(() => {
			const old = this.#db
				.query<{ id: string }>(
					"SELECT id FROM issue WHERE status IN ('applied', 'rejected') AND (updated_at < ? OR seq <= ?) ORDER BY seq LIMIT ?",
				)
				.all(before, this.#newest('issue') - rows, limit)
			for (const { id } of old) {
				this.#db.query('DELETE FROM enhance_log WHERE issue_id = ?').run(id)
				this.#db.query('DELETE FROM issue WHERE id = ?').run(id)
			}
			return old.length
		})
	}

	pruneDocuments(limit: number): Promise<number> {
		return dropUnusedDocuments(this.#db, limit)
	}

	pruneKeys(now: number, limit: number): Promise<number> {
		const old = 'SELECT seq FROM idempotency_key WHERE at <= ? ORDER BY at LIMIT ?'
		return this.#db.write(() => this.#db.query(`DELETE FROM idempotency_key WHERE seq IN (${old})`).run(now - KEY_KEPT_MS, limit).changes)
	}

	pruneSessions(now: number): Promise<number> {
		return this.#db.write(() => this.#db.query('DELETE FROM attach_session WHERE expire_at < ?').run(Math.floor(now / 1000)).changes)
	}

	sweepValues(signal?: AbortSignal): Promise<number> {
		return sweepBlobs(this.#db, this.#blobs, signal)
	}

	#oldRun({ before, rows }: RetentionBounds): RunId | null {
		const where = `status IN ${ENDED} AND ${NO_AUDIT_OPEN}`
		const find = (sql: string, bound: number): string | undefined => this.#db.query<{ id: string }>(sql).get(bound)?.id
		const id =
			find(`SELECT id FROM run WHERE updated_at < ? AND ${where} ORDER BY updated_at LIMIT 1`, before) ??
			find(`SELECT id FROM run WHERE seq <= ? AND ${where} ORDER BY seq LIMIT 1`, this.#newest('run') - rows) ??
			find(
				`SELECT run.id FROM output JOIN run ON run.id = output.run_id WHERE output.seq <= ? AND ${where} ORDER BY output.seq LIMIT 1`,
				this.#newest('output') - rows,
			)
		return id === undefined ? null : asRunId(id)
	}

	#newest(table: 'run' | 'output' | 'issue'): number {
		return this.#db.query<{ seq: number | null }>(`SELECT max(seq) AS seq FROM ${table}`).get()?.seq ?? 0
	}

	/** Times grow with the numbers, so half of what is left to look at falls away each time. */
	#lastEventBefore(before: number): number {
		let [low, high] = [0, this.#db.newestEventSeq]
		while (low < high) {
			const middle = Math.floor((low + high) / 2)
			const next = this.#db.query<{ seq: number; at: number }>('SELECT seq, at FROM event WHERE seq > ? ORDER BY seq LIMIT 1').get(middle)
			if (next && next.at < before) low = next.seq
			else high = middle
		}
		return low
	}

	#dropEvents(old: readonly { readonly seq: number }[], last: number): void {
		this.#db.keepEventSeq()
		trimObservations(this.#db, this.#eventsSeen, last)
		for (const { seq } of old) this.#db.query('DELETE FROM event WHERE seq = ?').run(seq)
		this.#db.query("INSERT OR REPLACE INTO meta (key, value) VALUES ('events_dropped_to', ?)").run(String(last))
		this.#eventsSeen = last
	}

	#changes(): number {
		return this.#db.query<{ n: number }>('SELECT total_changes() AS n').get()?.n ?? 0
	}
}
