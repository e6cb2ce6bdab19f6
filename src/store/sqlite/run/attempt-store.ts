import type { AttemptRecord, AttemptStatus, AttemptStore } from '../../../core/dispatch/attempt-store.ts'
import type { AgentContext } from '../../../core/dispatch/backend.ts'
import type { RunStatus } from '../../../core/run/record.ts'
import { asRunId, asStepId, asTaskId, type RunId, type StepId } from '../../../kernel/id.ts'
import type { Json, JsonObject } from '../../../kernel/json.ts'
import type { WorkerStats } from '../../../protocol/output.ts'
import type { SqliteDatabase } from '../database.ts'
import { appendEvent } from '../event/event-store.ts'
import type { Values } from '../value.ts'
import { AttemptMemory } from './attempt-memory.ts'
import { IS_AUDIT } from './audit-step.ts'

interface AttemptRow {
	readonly step_id: string
	readonly n: number
	readonly run_id: string
	readonly task_id: string
	readonly run_status: string
	readonly ref: string
	readonly status: string
	readonly prompt: string | null
	readonly system: string | null
	readonly context: string | null
	readonly started_at: number
	readonly ended_at: number | null
	readonly is_audit: number
}

/** Look-ups by key inside the one row: the same as a join costs four times as much. */
const SELECT = `SELECT step_id, n, run_id, status, system, context, started_at, ended_at,
	(SELECT task_id FROM run WHERE id = run_id) AS task_id,
	(SELECT status FROM run WHERE id = run_id) AS run_status,
	(SELECT ref FROM step WHERE step_id = attempt.step_id) AS ref,
	(SELECT prompt FROM step WHERE step_id = attempt.step_id) AS prompt,
	(SELECT ${IS_AUDIT} FROM step WHERE step_id = attempt.step_id) AS is_audit
	FROM attempt`

/** What of an attempt changes. */
type Changing = Pick<AttemptRow, 'status' | 'run_status' | 'system' | 'ended_at'>
const SELECT_CHANGING = `SELECT status, system, ended_at, (SELECT status FROM run WHERE id = run_id) AS run_status
	FROM attempt WHERE step_id = ? AND n = ?`

export class SqliteAttemptStore implements AttemptStore {
	readonly #db: SqliteDatabase
	readonly #values: Values
	readonly #memory: AttemptMemory

	constructor(db: SqliteDatabase, values: Values, memory = new AttemptMemory()) {
		this.#db = db
		this.#memory = memory
		this.#values = values
	}

	async byHandle(handleHash: string): Promise<AttemptRecord | null> {
		const known = this.#memory.get(handleHash)
		if (!known) return this.#one('handle_hash = ?', handleHash)
		const row = this.#db.query<Changing>(SELECT_CHANGING).get(known.stepId, known.n)
		return row && { ...known, ...toChanging(row) }
	}

	async byToken(stepId: StepId, tokenFp: string): Promise<AttemptRecord | null> {
		return this.#one('step_id = ? AND token_fp = ?', stepId, tokenFp)
	}

	async latest(stepId: StepId): Promise<AttemptRecord | null> {
		return this.#one('step_id = ? ORDER BY n DESC LIMIT 1', stepId)
	}

	setSystem(stepId: StepId, n: number, system: string): Promise<void> {
		return this.#db.write(() => {
			this.#db.query('UPDATE attempt SET system = ? WHERE step_id = ? AND n = ?').run(system, stepId, n)
			this.#db
				.query(
					`INSERT INTO rendered_prompt (agent, bytes) SELECT ref, ?2 FROM step WHERE step_id = ?1
					 ON CONFLICT (agent) DO UPDATE SET bytes = excluded.bytes`,
				)
				.run(stepId, Buffer.byteLength(system))
		})
	}

	reportStats(stepId: StepId, n: number, stats: WorkerStats): Promise<void> {
		return this.#db.write(() => {
			const { changes } = this.#db.query('UPDATE attempt SET stats = ? WHERE step_id = ? AND n = ?').run(JSON.stringify(stats), stepId, n)
			const { adapter_data: _, ...figures } = stats
			if (changes > 0) this.#tell('attempt.reported', stepId, { attempt: n, ...figures })
		})
	}

	addDegradation(runId: RunId, stepId: StepId, entry: JsonObject): Promise<void> {
		return this.#db.write(() => {
			this.#db.query('INSERT INTO degradation (run_id, step_id, entry) VALUES (?, ?, ?)').run(runId, stepId, JSON.stringify(entry))
			this.#tell('attempt.degraded', stepId, { attempt: entry.attempt, tool: entry.tool })
		})
	}

	async lastRenderedBytes(agent: string): Promise<number | null> {
		return this.#db.query<{ bytes: number }>('SELECT bytes FROM rendered_prompt WHERE agent = ?').get(agent)?.bytes ?? null
	}

	#one(where: string, ...values: string[]): AttemptRecord | null {
		const row = this.#db.query<AttemptRow>(`${SELECT} WHERE ${where}`).get(...values)
		return row && this.#toRecord(row)
	}

	#toRecord(row: AttemptRow): AttemptRecord {
		return {
			stepId: asStepId(row.step_id),
			n: row.n,
			runId: asRunId(row.run_id),
			taskId: asTaskId(row.task_id),
			...toChanging(row),
			agent: row.ref,
			prompt: row.prompt === null ? null : this.#values.unpack(row.prompt),
			context: row.context === null ? {} : (JSON.parse(row.context) as AgentContext),
			startedAt: row.started_at,
			isAudit: row.is_audit === 1,
		}
	}

	#tell(kind: 'attempt.reported' | 'attempt.degraded', stepId: StepId, data: { readonly [key: string]: Json | undefined }): void {
		const sql = 'SELECT run_id, task_id FROM step JOIN run ON run.id = step.run_id WHERE step_id = ?'
		const run = this.#db.query<{ run_id: string; task_id: string }>(sql).get(stepId)
		appendEvent(this.#db, { kind, stepId, ...(run && { runId: asRunId(run.run_id), taskId: asTaskId(run.task_id) }), data })
	}
}

function toChanging({
	status,
	run_status,
	system,
	ended_at,
}: Changing): Pick<AttemptRecord, 'status' | 'runStatus' | 'system' | 'endedAt'> {
	return { status: status as AttemptStatus, runStatus: run_status as RunStatus, system, endedAt: ended_at }
}
