import type { ProducedStep, ProducedStepStore } from '../../../core/run/produced-step.ts'
import type { StepStatus } from '../../../core/run/record.ts'
import { asStepId, type RunId } from '../../../kernel/id.ts'
import type { SqliteDatabase } from '../database.ts'
import type { Values } from '../value.ts'

interface ProducedRow {
	readonly step_id: string
	readonly status: string
	readonly value: string | null
}

// Audits of a step are rows of their own, and nobody's output. A body in a file has no type here, and may be the Final.
const POSTED = `SELECT 1 FROM output WHERE output.step_id = step.step_id AND plane = 'tail'
	AND (json_extract(event, '$.type') = 'final' OR json_extract(event, '$."$blob"') IS NOT NULL)`
const NEWEST = `SELECT step.step_id, step.status, step.value FROM step JOIN run ON run.id = step.run_id AND run.generation = step.generation
	WHERE step.run_id = ? AND step.ref = ? AND instr(step.position, '/audit:') = 0
	AND (step.status IN ('passed', 'blocked', 'skipped') OR (step.status = 'running' AND EXISTS (${POSTED})))
	ORDER BY step.step_id DESC LIMIT 1`

export class SqliteProducedStepStore implements ProducedStepStore {
	readonly #db: SqliteDatabase
	readonly #values: Values

	constructor(db: SqliteDatabase, values: Values) {
		this.#db = db
		this.#values = values
	}

	async newest(runId: RunId, ref: string): Promise<ProducedStep | null> {
		const row = this.#db.query<ProducedRow>(NEWEST).get(runId, ref)
		return (
			row && {
				stepId: asStepId(row.step_id),
				status: row.status as StepStatus,
				value: row.value === null ? null : this.#values.unpack(row.value),
			}
		)
	}
}
