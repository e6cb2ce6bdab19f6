import type { Run, Task } from '../../../core/run/record.ts'
import type { SqliteDatabase } from '../database.ts'
import type { Values } from '../value.ts'

/** To be called inside a change. */
export function insertTask(db: SqliteDatabase, values: Values, task: Task): void {
	db.query(
		'INSERT INTO task (id, goal, blueprint_ref, init_ctx, task_input, asked, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
	).run(
		task.id,
		task.goal,
		JSON.stringify(task.blueprintRef),
		values.pack(task.initCtx),
		task.taskInput === undefined ? null : JSON.stringify(task.taskInput),
		task.asked === undefined ? null : JSON.stringify(task.asked),
		task.createdAt,
		task.updatedAt,
	)
}

/** As it is at its launch, without a result; to be called inside a change. */
export function insertRun(db: SqliteDatabase, values: Values, run: Run): void {
	db.query(
		`INSERT INTO run (id, task_id, generation, status, phase, blueprint_id, blueprint_hash, bound_version, init_ctx, options,
		   result, operator_sid, parent_run, seat_generation, ttl_used_ms, position_scheme, created_at, updated_at)
		 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, ?, ?, 0, ?, ?, ?)`,
	).run(
		run.id,
		run.taskId,
		run.generation,
		run.status,
		run.phase,
		run.blueprintId,
		run.blueprintHash,
		run.boundVersion,
		values.pack(run.initCtx),
		JSON.stringify(run.options),
		run.operatorSid,
		run.options.parent?.runId ?? null,
		run.seatGeneration,
		run.positionScheme,
		run.createdAt,
		run.updatedAt,
	)
}
