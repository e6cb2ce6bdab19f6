import type { EventDraft } from '../../../core/event/event.ts'
import type { Fact } from '../../../core/run/fact.ts'
import type { Run, RunPhase, RunStatus, Step, Task } from '../../../core/run/record.ts'
import type {
	ClosedGeneration,
	GenerationOpening,
	RecordedJournal,
	RunQuery,
	RunStore,
	SeatAssigned,
	SeatSource,
	StatusChange,
} from '../../../core/run/store.ts'
import { asRunId, type RunId, type StepId, type TaskId } from '../../../kernel/id.ts'
import type { JsonObject } from '../../../kernel/json.ts'
import type { WorkerStats } from '../../../protocol/output.ts'
import { withdrawApprovals } from '../approval/approval-withdrawal.ts'
import { readForgiving } from '../damaged-value.ts'
import type { SqliteDatabase } from '../database.ts'
import { appendEvent } from '../event/event-store.ts'
import { SeatTable } from '../operator/seat-table.ts'
import { writeEffect } from '../rider.ts'
import type { Values } from '../value.ts'
import type { AttemptMemory } from './attempt-memory.ts'
import { IS_AUDIT } from './audit-step.ts'
import { GenerationTable } from './generation-table.ts'
import { JournalWriter } from './journal-writer.ts'
import { endOpenWork } from './open-work.ts'
import { eraseRun } from './run-erasure.ts'
import { insertRun, insertTask } from './run-insert.ts'
import { type RunRow, type StepRow, type TaskRow, toRun, toStep, toTask } from './run-row.ts'

/** In the words of the index `run_child`. */
const UNFINISHED_CHILD = "parent_run IS NOT NULL AND status IN ('pending', 'running', 'interrupted')"

export class SqliteRunStore implements RunStore {
	readonly #db: SqliteDatabase
	readonly #values: Values
	readonly #journal: JournalWriter
	readonly #generations: GenerationTable
	readonly #seats: SeatTable

	/** `memory` is told of attempts that begin. */
	constructor(db: SqliteDatabase, values: Values, memory?: AttemptMemory) {
		this.#db = db
		this.#values = values
		this.#journal = new JournalWriter(db, values, memory)
		this.#generations = new GenerationTable(db, values)
		this.#seats = new SeatTable(db, values)
	}

	createTask(task: Task): Promise<void> {
		return this.#db.write(() => insertTask(this.#db, this.#values, task))
	}

	createRun(run: Run, events: readonly EventDraft[]): Promise<void> {
		const insert = (): void => {
			insertRun(this.#db, this.#values, run)
			for (const seat of run.seats) this.#seats.put(run.id, seat)
			for (const event of events) appendEvent(this.#db, event)
		}
		return writeEffect(this.#db, insert, () => ({ run_id: run.id }))
	}

	record(run: Run, facts: readonly Fact[] | (() => readonly Fact[]), ttlUsedMs: number): Promise<void> {
		const take = typeof facts === 'function' ? facts : () => facts
		const insert = (): void => {
			// A driver of an earlier generation may still be unwinding.
			if (this.#generations.current(run.id) !== run.generation) return
			for (const fact of take()) this.#journal.write(run, fact)
			if (ttlUsedMs > 0) this.#db.query('UPDATE run SET ttl_used_ms = ? WHERE id = ?').run(ttlUsedMs, run.id)
		}
		return this.#db.write(insert, () => take().length)
	}

	async journal(runId: RunId, generation: number): Promise<RecordedJournal> {
		return this.#generations.journal(runId, generation)
	}

	append(events: readonly EventDraft[]): Promise<void> {
		return this.#db.write(() => {
			for (const event of events) appendEvent(this.#db, event)
		})
	}

	openGeneration(runId: RunId, opening: GenerationOpening): Promise<boolean> {
		return this.#db.write(() => this.#generations.open(runId, opening))
	}

	setPhase(runId: RunId, phase: RunPhase): Promise<void> {
		return this.#db.write(() => void this.#db.query('UPDATE run SET phase = ? WHERE id = ?').run(phase, runId))
	}

	changeStatus(runId: RunId, change: StatusChange): Promise<boolean> {
		return this.#db.write(() => {
			const now = this.#db.clock.now()
			const { changes } = this.#db
				.query(
					`UPDATE run SET status = ?, result = coalesce(?, result), phase = ?, updated_at = ?
					 WHERE id = ? AND status IN (${change.from.map(() => '?').join(', ')})`,
				)
				.run(
					change.to,
					change.result === undefined ? null : this.#values.pack(change.result),
					change.phase ?? 'running',
					now,
					runId,
					...change.from,
				)
			if (changes === 0) return false
			if (change.to === 'failed' || change.to === 'cancelled') endOpenWork(this.#db, runId, change.to, now)
			for (const event of change.events) appendEvent(this.#db, event)
			return true
		})
	}

	assignSeat(runId: RunId, slot: string, op: string, desc: string, source: SeatSource): Promise<SeatAssigned> {
		return this.#db.write(() => this.#seats.assign(runId, slot, op, desc, source))
	}

	async task(id: TaskId): Promise<Task | null> {
		const row = this.#db.query<TaskRow>('SELECT * FROM task WHERE id = ?').get(id)
		return row ? toTask(row, this.#values) : null
	}

	async tasks(limit: number | undefined): Promise<readonly Task[]> {
		const rows = this.#db.query<TaskRow>('SELECT * FROM task ORDER BY seq DESC LIMIT ?').all(limit ?? -1)
		return rows.map((row) => readForgiving(this.#values, (values) => toTask(row, values)))
	}

	async taskStatus(id: TaskId): Promise<RunStatus> {
		const row = this.#db.query<{ status: string }>('SELECT status FROM run WHERE task_id = ? ORDER BY seq DESC LIMIT 1').get(id)
		return (row?.status ?? 'pending') as RunStatus
	}

	async run(id: RunId): Promise<Run | null> {
		const row = this.#row(id)
		return row ? toRun(row, this.#seats.of(id), this.#values) : null
	}

	async listed(id: RunId): Promise<Run | null> {
		const row = this.#row(id)
		return row ? this.#listed(row) : null
	}

	async runs(query: RunQuery): Promise<readonly Run[]> {
		const where = [
			...(query.taskId === undefined ? [] : [{ sql: 'task_id = ?', value: query.taskId }]),
			...(query.status === undefined ? [] : [{ sql: 'status = ?', value: query.status }]),
			...(query.blueprintId === undefined ? [] : [{ sql: 'blueprint_id = ?', value: query.blueprintId }]),
		]
		const sql = `SELECT * FROM run${where.length > 0 ? ` WHERE ${where.map((part) => part.sql).join(' AND ')}` : ''} ORDER BY seq DESC LIMIT ? OFFSET ?`
		const rows = this.#db.query<RunRow>(sql).all(...where.map((part) => part.value), query.limit, query.offset)
		return rows.map((row) => this.#listed(row))
	}

	async runsOfTask(taskId: TaskId): Promise<readonly Run[]> {
		const rows = this.#db.query<RunRow>('SELECT * FROM run WHERE task_id = ? ORDER BY seq').all(taskId)
		return rows.map((row) => this.#listed(row))
	}

	async unfinished(): Promise<readonly RunId[]> {
		return this.#ids("SELECT id FROM run WHERE status IN ('pending', 'running') ORDER BY seq")
	}

	async unfinishedChildren(parent: RunId): Promise<readonly RunId[]> {
		const sql = `SELECT id FROM run WHERE parent_run = ? AND ${UNFINISHED_CHILD}`
		return this.#db
			.query<{ id: string }>(sql)
			.all(parent)
			.map(({ id }) => asRunId(id))
	}

	async orphans(): Promise<readonly { readonly id: RunId; readonly parent: RunId }[]> {
		const cancelled = "(SELECT status FROM run above WHERE above.id = run.parent_run) = 'cancelled'"
		const sql = `SELECT id, parent_run AS parent FROM run WHERE ${UNFINISHED_CHILD} AND ${cancelled} ORDER BY seq`
		const rows = this.#db.query<{ id: string; parent: string }>(sql).all()
		return rows.map(({ id, parent }) => ({ id: asRunId(id), parent: asRunId(parent) }))
	}

	async endedWithAudits(): Promise<readonly RunId[]> {
		return this.#ids(`SELECT id FROM run WHERE status IN ('done', 'failed')
			AND id IN (SELECT run_id FROM step WHERE status = 'running' AND ${IS_AUDIT}) ORDER BY seq`)
	}

	async countByStatus(status: RunStatus): Promise<number> {
		return this.#db.query<{ n: number }>('SELECT count(*) AS n FROM run WHERE status = ?').get(status)?.n ?? 0
	}

	async steps(runId: RunId, generation?: number): Promise<readonly Step[]> {
		return this.#generations.steps(runId, generation ?? this.#generations.current(runId))
	}

	async closedGenerations(runId: RunId): Promise<readonly ClosedGeneration[]> {
		return this.#generations.closed(runId)
	}

	async step(id: StepId): Promise<Step | null> {
		const row = this.#db.query<StepRow>('SELECT * FROM step WHERE step_id = ?').get(id)
		return row ? toStep(row, this.#values) : null
	}

	async attemptStats(stepId: StepId, n: number): Promise<WorkerStats | null> {
		const row = this.#db.query<{ stats: string | null }>('SELECT stats FROM attempt WHERE step_id = ? AND n = ?').get(stepId, n)
		return row?.stats ? (JSON.parse(row.stats) as WorkerStats) : null
	}

	async degradations(runId: RunId, attempt?: { stepId: StepId; n: number }): Promise<readonly JsonObject[]> {
		const sql = `SELECT entry FROM degradation WHERE run_id = ?1 AND (?2 IS NULL OR step_id = ?2 AND entry ->> '$.attempt' = ?3) ORDER BY seq`
		const rows = this.#db.query<{ entry: string }>(sql).all(runId, attempt?.stepId ?? null, attempt?.n ?? null)
		return rows.map(({ entry }) => JSON.parse(entry) as JsonObject)
	}

	deleteRun(id: RunId): Promise<boolean> {
		return this.#db.write(() => {
			const isThere = this.#db.query('SELECT 1 FROM run WHERE id = ?').get(id) !== null
			withdrawApprovals(this.#db, { runId: id, spareAudits: false }, 'the run was deleted')
			return eraseRun(this.#db, id, Number.MAX_SAFE_INTEGER).isGone && isThere
		})
	}

	#ids(sql: string): readonly RunId[] {
		const rows = this.#db.query<{ id: string }>(sql).all()
		return rows.map(({ id }) => asRunId(id))
	}

	#listed(row: RunRow): Run {
		return readForgiving(this.#values, (values) => toRun(row, this.#seats.of(asRunId(row.id)), values))
	}

	#row(id: RunId): RunRow | null {
		return this.#db.query<RunRow>('SELECT * FROM run WHERE id = ?').get(id) ?? null
	}
}
