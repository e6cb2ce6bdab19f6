import type { Acked, NewWorker, StoredDiagnostic, StoredEvent, WorkerFilter, WorkerStore } from '../../../core/worker/store.ts'
import {
	creationDiagnostics,
	type DiagnosticDraft,
	inputEvent,
	type Observation,
	type TranscriptLine,
	type WorkerRecord,
} from '../../../core/worker/worker.ts'
import type { WorkerExecutionResult, WorkerExecutionStatus, WorkerStatus } from '../../../protocol/runtime.ts'
import type { ConfigBundle } from '../../../protocol/runtime-bundle.ts'
import type { ProtocolEvent } from '../../../protocol/runtime-frame.ts'
import type { WorkerInput } from '../../../protocol/runtime-worker.ts'
import type { SqliteDatabase } from '../database.ts'
import { appendEvent } from '../event/event-store.ts'
import { writeEffect } from '../rider.ts'
import { putBundle, readBundle, readBundles } from './config-bundle-table.ts'
import { newestNumber, nextNumber, readDiagnostics, readEvents, recordDiagnostic, recordEvent } from './runtime-record.ts'
import { toWorker, type WorkerRow } from './worker-row.ts'
import { appendLine, observe, publish, readLines, setRunState } from './worker-talk.ts'

export class SqliteWorkerStore implements WorkerStore {
	readonly #db: SqliteDatabase
	readonly #kept: number

	/** `kept`: observations of one worker that stay in the log. */
	constructor(db: SqliteDatabase, kept: number) {
		this.#db = db
		this.#kept = kept
	}

	open(): Promise<void> {
		return this.#db.write(() => {
			if (newestNumber(this.#db, 'event') === 0) recordEvent(this.#db, 'runtime_started', null, 'runtime started')
		})
	}

	nextId(): Promise<string> {
		return this.#db.write(() => `worker-${nextNumber(this.#db, 'worker').toString(16).padStart(8, '0')}`)
	}

	create({ id, request, profile, execution, key }: NewWorker): Promise<WorkerRecord> {
		const db = this.#db
		const change = (): WorkerRecord => {
			const eventId = recordEvent(db, 'worker_created', id, `worker ${id} created`)
			const now = db.clock.now()
			db.query(
				`INSERT INTO worker (id, status, request, profile, connected, run_state, last_result, generation, transcript_length,
				last_event_id, observations, trimmed_through, key, fingerprint, created_at, updated_at)
				VALUES (?, 'running', ?, ?, ?, ?, ?, 1, 0, ?, 0, 0, ?, ?, ?, ?)`,
			).run(
				...[id, JSON.stringify(request), profile, Number(execution.backend === 'connected'), execution.run_state],
				...[toText(execution.last_result), eventId, key?.name ?? null, key?.fingerprint ?? null, now, now],
			)
			for (const draft of creationDiagnostics(request)) recordDiagnostic(db, draft, id)
			return toWorker(this.#require(id))
		}
		return writeEffect(db, change, () => ({ worker_id: id }))
	}

	async byKey(name: string): Promise<{ record: WorkerRecord; fingerprint: string } | null> {
		const row = this.#db.query<WorkerRow>('SELECT * FROM worker WHERE key = ?').get(name)
		return row && { record: toWorker(row), fingerprint: row.fingerprint ?? '' }
	}

	async find(id: string): Promise<WorkerRecord | null> {
		const row = this.#row(id)
		return row && toWorker(row)
	}

	async list({ status, profile, after = '', limit = -1 }: WorkerFilter): Promise<readonly WorkerRecord[]> {
		const rows = this.#db
			.query<WorkerRow>(
				'SELECT * FROM worker WHERE id > ?1 AND (?2 IS NULL OR status = ?2) AND (?3 IS NULL OR profile = ?3) ORDER BY id LIMIT ?4',
			)
			.all(after, status ?? null, profile ?? null, limit)
		return rows.map(toWorker)
	}

	async runningWithKey(prefix: string): Promise<readonly { id: string; key: string }[]> {
		const sql = "SELECT id, key FROM worker WHERE key >= ?1 AND key < ?1 || '􏿿' AND status = 'running'"
		return this.#db.query<{ id: string; key: string }>(sql).all(prefix)
	}

	async counts(): Promise<{ [S in WorkerStatus]: number } & { diagnostics: number }> {
		const rows = this.#db.query<{ status: string; n: number }>('SELECT status, count(*) AS n FROM worker GROUP BY status').all()
		const of = (status: WorkerStatus): number => rows.find((row) => row.status === status)?.n ?? 0
		const diagnostics = this.#db.query<{ n: number }>('SELECT count(*) AS n FROM runtime_diagnostic').get()?.n ?? 0
		return { running: of('running'), stopped: of('stopped'), cancelled: of('cancelled'), diagnostics }
	}

	acceptInput(
		id: string,
		generation: number,
		input: WorkerInput,
		result: WorkerExecutionResult,
	): Promise<(Acked & { sequence: number }) | null> {
		const db = this.#db
		return db.write(() => {
			const row = this.#row(id)
			if (row?.status !== 'running' || row.generation !== generation) return null
			const eventId = recordEvent(db, 'worker_input_accepted', id, `worker ${id} accepted ${input.kind} input`)
			const sequence = appendLine(db, id, { role: input.kind, content: input.content, eventId, attachments: input.attachments ?? [] })
			this.#setResult(row, result, result.run_state)
			db.query('UPDATE worker SET last_event_id = ?, turn = ? WHERE id = ?').run(eventId, sequence, id)
			observe(db, id, inputEvent(input), this.#kept)
			return { record: toWorker(this.#require(id)), eventId, sequence }
		})
	}

	recordRefusal(id: string, result: WorkerExecutionResult): Promise<void> {
		return this.#db.write(() => {
			const row = this.#row(id)
			if (row?.status === 'running') this.#setResult(row, result, row.run_state)
		})
	}

	end(id: string, status: 'stopped' | 'cancelled', result: WorkerExecutionResult | null, reason: string | null): Promise<Acked | null> {
		const db = this.#db
		return db.write(() => {
			const row = this.#row(id)
			if (!row) return null
			if (row.status !== 'running') return { record: toWorker(row), eventId: row.last_event_id }
			const eventId = recordEvent(db, `worker_${status}`, id, reason ?? `worker ${status}`)
			// Whoever comes with its key from now on gets another one.
			db.query('UPDATE worker SET status = ?, last_event_id = ?, key = NULL, updated_at = ? WHERE id = ?').run(
				...[status, eventId, db.clock.now(), id],
			)
			if (result) this.#setResult(row, result, result.run_state)
			return { record: toWorker(this.#require(id)), eventId }
		})
	}

	beginGeneration(id: string): Promise<number | null> {
		return this.#db.write(() => {
			const sql = "UPDATE worker SET generation = generation + 1 WHERE id = ? AND status = 'running' RETURNING generation"
			const generation = this.#db.query<{ generation: number }>(sql).get(id)?.generation ?? null
			if (generation !== null) appendEvent(this.#db, { kind: 'worker.restored', worker: id, data: { generation } })
			return generation
		})
	}

	setExecution(id: string, generation: number, { backend, run_state, last_result }: WorkerExecutionStatus): Promise<void> {
		return this.#db.write(() => {
			const row = this.#row(id)
			if (row?.generation !== generation) return
			setRunState(this.#db, row, run_state)
			const sql = 'UPDATE worker SET connected = ?, last_result = coalesce(?, last_result) WHERE id = ?'
			this.#db.query(sql).run(Number(backend === 'connected'), toText(last_result), id)
		})
	}

	remove(id: string): Promise<boolean> {
		const db = this.#db
		return db.write(() => {
			if (!this.#row(id)) return false
			db.query('DELETE FROM event WHERE seq IN (SELECT event_seq FROM worker_observation WHERE worker_id = ?)').run(id)
			db.query('DELETE FROM worker WHERE id = ?').run(id)
			recordEvent(db, 'worker_deleted', id, `worker ${id} deleted`)
			return true
		})
	}

	publish(id: string, generation: number, event: ProtocolEvent): Promise<Observation | null> {
		return this.#db.write(() => {
			const row = this.#row(id)
			return row?.status === 'running' && row.generation === generation ? publish(this.#db, row, event, this.#kept) : null
		})
	}

	async newestObservation(id: string): Promise<number> {
		const sql = 'SELECT max(sequence) AS sequence FROM worker_observation WHERE worker_id = ?'
		return this.#db.query<{ sequence: number | null }>(sql).get(id)?.sequence ?? 0
	}

	async observationBounds(id: string): Promise<{ newest: number; trimmedThrough: number }> {
		return { newest: newestNumber(this.#db, 'observation'), trimmedThrough: this.#row(id)?.trimmed_through ?? 0 }
	}

	async logPosition(sequence: number): Promise<number> {
		const sql = 'SELECT event_seq FROM worker_observation WHERE sequence <= ? ORDER BY sequence DESC LIMIT 1'
		return this.#db.query<{ event_seq: number }>(sql).get(sequence)?.event_seq ?? 0
	}

	async transcript(id: string, start: number, limit: number): Promise<{ total: number; lines: readonly TranscriptLine[] }> {
		const lines = readLines(this.#db, id, start, limit)
		return { total: this.#row(id)?.transcript_length ?? 0, lines }
	}

	async events(after: number, limit: number): Promise<readonly StoredEvent[]> {
		return readEvents(this.#db, after, limit)
	}

	async diagnostics(after: number, limit: number): Promise<readonly StoredDiagnostic[]> {
		return readDiagnostics(this.#db, after, limit)
	}

	addDiagnostic(draft: DiagnosticDraft, workerId: string | null): Promise<void> {
		return this.#db.write(() => recordDiagnostic(this.#db, draft, workerId))
	}

	putBundle(bundle: ConfigBundle): Promise<void> {
		return this.#db.write(() => putBundle(this.#db, bundle))
	}

	async bundle(id: string): Promise<ConfigBundle | null> {
		return readBundle(this.#db, id)
	}

	async bundles(): Promise<readonly ConfigBundle[]> {
		return readBundles(this.#db)
	}

	#row(id: string): WorkerRow | null {
		return this.#db.query<WorkerRow>('SELECT * FROM worker WHERE id = ?').get(id)
	}

	#require(id: string): WorkerRow {
		const row = this.#row(id)
		if (!row) throw new Error(`worker ${id} is gone within its own change`)
		return row
	}

	#setResult(row: WorkerRow, result: WorkerExecutionResult, runState: string): void {
		setRunState(this.#db, row, runState)
		this.#db.query('UPDATE worker SET connected = 1, last_result = ? WHERE id = ?').run(JSON.stringify(result), row.id)
	}
}

const toText = (result: WorkerExecutionResult | undefined): string | null => (result ? JSON.stringify(result) : null)
