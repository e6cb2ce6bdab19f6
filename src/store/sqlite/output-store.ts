import type { NewOutput, OutputPlane, OutputRecord, OutputStore } from '../../core/output/store.ts'
import { type FaultPoint, noFault } from '../../kernel/fault.ts'
import { asOutputId, asRunId, asStepId, newOutputId, type OutputId, type RunId, type StepId, type TaskId } from '../../kernel/id.ts'
import type { Json } from '../../kernel/json.ts'
import type { OutputEvent } from '../../protocol/output.ts'
import type { SqliteDatabase } from './database.ts'
import { appendEvent } from './event/event-store.ts'
import { writeEffect } from './rider.ts'
import { IS_AUDIT } from './run/audit-step.ts'
import type { Values } from './value.ts'

interface OutputRow {
	readonly id: string
	readonly plane: OutputPlane
	readonly run_id: string | null
	readonly step_id: string
	readonly attempt: number
	readonly producer: string
	readonly event: string
	readonly parent_refs: string
	readonly at: number
}

/** With the plane as a literal: as a parameter it could decide about a partial index, and SQLite would plan anew for each binding. */
const OF_ATTEMPT = {
	tail: "step_id = ? AND attempt = ? AND plane = 'tail'",
	data: "step_id = ? AND attempt = ? AND plane = 'data'",
} as const satisfies Record<OutputPlane, string>

/** An audit outlives the failure of its run. */
const RUNNING = `SELECT (SELECT status FROM run WHERE id = run_id) AS run_status FROM attempt WHERE step_id = ? AND n = ? AND status = 'running'`
const IS_STEP_AUDIT = `SELECT 1 AS yes FROM step WHERE step_id = ? AND ${IS_AUDIT}`

export class SqliteOutputStore implements OutputStore {
	readonly #db: SqliteDatabase
	readonly #values: Values
	readonly #fault: FaultPoint
	/** Attempts whose end is not on disk yet. */
	readonly #closed = new Set<string>()

	constructor(db: SqliteDatabase, values: Values, fault: FaultPoint = noFault) {
		this.#db = db
		this.#values = values
		this.#fault = fault
	}

	append(output: NewOutput): Promise<OutputRecord> {
		return this.#db.write(() => this.#insert(output))
	}

	async appendWhileRunning(output: NewOutput): Promise<OutputRecord | null> {
		this.#fault('submit.before_append')
		const insert = () => (this.#isRunning(output) ? this.#insert(output) : null)
		const appended = await writeEffect(this.#db, insert, (record) => (record ? { out_id: record.id } : undefined))
		this.#fault('submit.after_append')
		return appended
	}

	async get(id: OutputId): Promise<OutputRecord | null> {
		return this.#toRecord(this.#db.query<OutputRow>("SELECT * FROM output WHERE id = ? AND plane = 'data'").get(id))
	}

	async latestByName(name: string, runId: RunId | null): Promise<OutputRecord | null> {
		const newest = "plane = 'data' ORDER BY seq DESC LIMIT 1"
		const row =
			runId === null
				? this.#db.query<OutputRow>(`SELECT * FROM output WHERE producer = ? AND ${newest}`).get(name)
				: this.#db.query<OutputRow>(`SELECT * FROM output WHERE run_id = ? AND producer = ? AND ${newest}`).get(runId, name)
		return this.#toRecord(row)
	}

	async countForAttempt(stepId: StepId, attempt: number, plane: OutputPlane): Promise<number> {
		const whole = `SELECT count(*) AS n FROM output WHERE ${OF_ATTEMPT[plane]}`
		const count = (sql: string): number => this.#db.query<{ n: number }>(sql).get(stepId, attempt)?.n ?? 0
		// The index alone answers for most attempts: they have put nothing down yet.
		const all = count(whole)
		// A body in a file has no type here, and is large enough to count.
		const counts = "coalesce(json_extract(event, '$.type'), '') NOT IN ('progress', 'partial')"
		return all === 0 || plane === 'data' ? all : count(`${whole} AND ${counts}`)
	}

	async listForAttempt(stepId: StepId, attempt: number, plane: OutputPlane): Promise<readonly OutputRecord[]> {
		return this.#db
			.query<OutputRow>(`SELECT * FROM output WHERE ${OF_ATTEMPT[plane]} ORDER BY seq`)
			.all(stepId, attempt)
			.flatMap((row) => this.#toRecord(row) ?? [])
	}

	async closeTail(stepId: StepId, attempt: number): Promise<readonly OutputRecord[]> {
		this.#closed.add(keyOf(stepId, attempt))
		return this.listForAttempt(stepId, attempt, 'tail')
	}

	releaseTail(stepId: StepId, attempt: number): void {
		this.#closed.delete(keyOf(stepId, attempt))
	}

	#isRunning({ stepId, attempt }: NewOutput): boolean {
		if (this.#closed.has(keyOf(stepId, attempt))) return false
		const run = this.#db.query<{ run_status: string | null }>(RUNNING).get(stepId, attempt)
		if (!run || run.run_status === null || run.run_status === 'cancelled') return false
		return run.run_status !== 'failed' || this.#db.query(IS_STEP_AUDIT).get(stepId) !== null
	}

	#insert(output: NewOutput): OutputRecord {
		const record = { ...output, id: newOutputId(), at: this.#db.clock.now() }
		const event = this.#values.pack(output.event as Json)
		this.#db
			.query(
				'INSERT INTO output (id, plane, run_id, step_id, attempt, producer, event, parent_refs, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
			)
			.run(
				record.id,
				output.plane,
				output.runId,
				output.stepId,
				output.attempt,
				output.producer,
				event,
				JSON.stringify(output.parentRefs),
				record.at,
			)
		this.#tell(record)
		return record
	}

	/** What happened and how large it was; the body itself stays out of the log. */
	#tell(record: OutputRecord): void {
		const { runId, stepId } = record
		const task = runId && this.#db.query<{ task_id: string }>('SELECT task_id FROM run WHERE id = ?').get(runId)
		appendEvent(this.#db, {
			...describe(record),
			...(runId !== null && { runId }),
			...(task && { taskId: task.task_id as TaskId }),
			stepId,
		})
	}

	#toRecord(row: OutputRow | null): OutputRecord | null {
		return (
			row && {
				id: asOutputId(row.id),
				plane: row.plane,
				runId: row.run_id === null ? null : asRunId(row.run_id),
				stepId: asStepId(row.step_id),
				attempt: row.attempt,
				producer: row.producer,
				event: this.#values.unpack(row.event) as OutputEvent,
				parentRefs: JSON.parse(row.parent_refs) as string[],
				at: row.at,
			}
		)
	}
}

const keyOf = (stepId: StepId, attempt: number): string => `${stepId}:${attempt}`

function describe({ plane, id, attempt, producer, event }: OutputRecord): Pick<Parameters<typeof appendEvent>[1], 'kind' | 'data'> {
	if (plane === 'data')
		return { kind: 'attempt.emitted', data: { plane, attempt, out_id: id, name: producer, type: event.type, bytes: sizeOf(event) } }
	switch (event.type) {
		case 'final':
			return { kind: 'attempt.submitted', data: { attempt, ok: event.ok, bytes: sizeOf(event) } }
		case 'artifact':
			return { kind: 'attempt.emitted', data: { plane, attempt, name: event.name, bytes: sizeOf(event) } }
		case 'progress':
			return { kind: 'attempt.progressed', data: { attempt, stage: event.stage } }
		case 'partial':
			return { kind: 'attempt.progressed', data: { attempt, bytes: sizeOf(event) } }
	}
}

/** Bytes of the body: text as it is, anything else as JSON. */
function sizeOf(event: OutputEvent): number {
	if (event.type === 'progress') return Buffer.byteLength(event.note ?? '')
	if (event.type === 'partial') return Buffer.byteLength(event.chunk)
	if (event.content.kind === 'file_ref') return event.content.size_hint ?? 0
	const { value } = event.content
	return Buffer.byteLength(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))
}
