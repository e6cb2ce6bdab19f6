import type { RunStatus, Step } from '../../../core/run/record.ts'
import type { ClosedGeneration, GenerationOpening, RecordedAttempt, RecordedJournal } from '../../../core/run/store.ts'
import { noUsage, type Usage } from '../../../core/run/usage.ts'
import { asStepId, type RunId, type StepId } from '../../../kernel/id.ts'
import { withdrawApprovals } from '../approval/approval-withdrawal.ts'
import type { SqliteDatabase } from '../database.ts'
import { appendEvent } from '../event/event-store.ts'
import type { Values } from '../value.ts'
import { IS_AUDIT } from './audit-step.ts'
import { type StepRow, toStep } from './run-row.ts'

/** A row belongs to the generation that wrote it and to all later ones, up to the one that dropped it. */
const OF_GENERATION = 'generation <= ?2 AND (dropped_in IS NULL OR dropped_in > ?2)'

const USAGE = '$.usage'
const TOKENS = (table: string): string =>
	`max(coalesce(json_extract(${table}.stats, '${USAGE}.total_tokens'), 0), coalesce(json_extract(${table}.stats, '${USAGE}.input_tokens'), 0)
	   + coalesce(json_extract(${table}.stats, '${USAGE}.output_tokens'), 0))`
const COST = (table: string): string => `json_extract(${table}.stats, '$.cost_usd')`

/** The journal of a run, generation by generation. */
export class GenerationTable {
	readonly #db: SqliteDatabase
	readonly #values: Values

	constructor(db: SqliteDatabase, values: Values) {
		this.#db = db
		this.#values = values
	}

	journal(runId: RunId, generation: number): RecordedJournal {
		const decisions = this.#db
			.query<{ position: string; lane: number }>(`SELECT position, lane FROM decision WHERE run_id = ?1 AND ${OF_GENERATION}`)
			.all(runId, generation)
		return {
			steps: this.#steps(runId, generation, ''),
			decisions: new Map(decisions.map(({ position, lane }) => [position, lane])),
			attempts: this.#openAttempts(runId, generation),
			used: this.#used(runId, generation),
		}
	}

	/** The steps of the flow in the order they began; audits are none. */
	steps(runId: RunId, generation: number): readonly Step[] {
		return this.#steps(runId, generation, ` AND NOT ${IS_AUDIT}`)
	}

	#steps(runId: RunId, generation: number, and: string): readonly Step[] {
		const sql = `SELECT * FROM step WHERE run_id = ?1 AND ${OF_GENERATION}${and} ORDER BY step_id`
		const rows = this.#db.query<StepRow>(sql).all(runId, generation)
		return rows.map((row) => toStep(row, this.#values))
	}

	current(runId: RunId): number {
		return this.#db.query<{ generation: number }>('SELECT generation FROM run WHERE id = ?').get(runId)?.generation ?? 0
	}

	/** To be called inside a change. */
	open(runId: RunId, opening: GenerationOpening): boolean {
		const states = opening.from.map(() => '?').join(', ')
		const now = this.#db.clock.now()
		const closed = this.#db
			.query(
				`INSERT INTO run_generation (run_id, generation, status, result, closed_at)
				 SELECT id, generation, status, result, ? FROM run WHERE id = ? AND generation = ? AND status IN (${states})`,
			)
			.run(now, runId, opening.generation, ...opening.from).changes
		if (closed === 0) return false
		const next = opening.generation + 1
		this.#db
			.query(
				`UPDATE run SET generation = ?, status = 'running', phase = 'running', result = NULL, options = ?, ttl_used_ms = 0, updated_at = ?,
				 parent_run = NULL WHERE id = ?`,
			)
			.run(next, JSON.stringify(opening.options), now, runId)
		for (const stepId of opening.dropSteps) this.#drop(stepId, next, now)
		for (const position of opening.dropDecisions)
			this.#db
				.query('UPDATE decision SET dropped_in = ? WHERE run_id = ? AND position = ? AND dropped_in IS NULL')
				.run(next, runId, position)
		for (const event of opening.events) appendEvent(this.#db, event)
		return true
	}

	/** Whatever of a dropped step still stands open ends with it. */
	#drop(stepId: StepId, next: number, now: number): void {
		this.#db.query("UPDATE request SET state = 'withdrawn', ended_at = ? WHERE step_id = ? AND ended_at IS NULL").run(now, stepId)
		this.#db.query("UPDATE attempt SET status = 'cancelled', ended_at = ? WHERE step_id = ? AND ended_at IS NULL").run(now, stepId)
		this.#db.query("UPDATE step SET status = 'cancelled', ended_at = ? WHERE step_id = ? AND ended_at IS NULL").run(now, stepId)
		withdrawApprovals(this.#db, { stepId }, 'the run runs again without this step')
		this.#db.query('UPDATE step SET dropped_in = ? WHERE step_id = ?').run(next, stepId)
	}

	closed(runId: RunId): readonly ClosedGeneration[] {
		const rows = this.#db
			.query<{ generation: number; status: string; result: string | null; closed_at: number }>(
				'SELECT generation, status, result, closed_at FROM run_generation WHERE run_id = ? ORDER BY generation',
			)
			.all(runId)
		return rows.map(({ generation, status, result, closed_at }) => ({
			generation,
			status: status as RunStatus,
			result: result === null ? null : this.#values.unpack(result),
			closedAt: closed_at,
		}))
	}

	/** A step that began with its first attempt and has no row for it is at that attempt. */
	#openAttempts(runId: RunId, generation: number): ReadonlyMap<StepId, RecordedAttempt> {
		const rows = this.#db
			.query<{
				step_id: string
				n: number
				open: number
				lost: number
				spared: number | null
				failed: number
				wake_at: number | null
				tokens: number
				cost: number
			}>(
				`SELECT step.step_id, step.attempt AS n, sum(attempt.ended_at IS NULL) AS open, total(attempt.status = 'lost' AND attempt.blamed) AS lost, max(attempt.ended_at IS NULL AND attempt.blamed = 0) AS spared,
				   total(attempt.status = 'failed') AS failed, step.wake_at, total(${TOKENS('attempt')}) AS tokens, total(${COST('attempt')}) AS cost
				 FROM step LEFT JOIN attempt ON attempt.step_id = step.step_id
				 WHERE step.run_id = ?1 AND ${OF_GENERATION} AND step.status = 'running' AND step.attempt > 0 GROUP BY step.step_id`,
			)
			.all(runId, generation)
		return new Map(
			rows.map(({ step_id, n, open, lost, spared, failed, wake_at: wakeAt, tokens, cost: costUsd }) => [
				asStepId(step_id),
				{ n, open: open > 0, lost, isBlamed: !spared, failed, wakeAt, used: { attempts: n, tokens, costUsd } },
			]),
		)
	}

	/** Steps that the budget counts began with it; a step of one attempt may have its figures in its own row alone. */
	#used(runId: RunId, generation: number): Usage {
		const ofAttempts = (figure: (table: string) => string): string =>
			`coalesce((SELECT sum(${figure('attempt')}) FROM attempt WHERE attempt.step_id = step.step_id), ${figure('step')})`
		const row = this.#db
			.query<{ attempts: number; tokens: number; cost: number }>(
				`SELECT total(step.attempt) AS attempts, total(${ofAttempts(TOKENS)}) AS tokens, total(${ofAttempts(COST)}) AS cost FROM step
				 WHERE run_id = ?1 AND ${OF_GENERATION} AND started_at >=
				   (SELECT coalesce(json_extract(options, '$.budgetSince'), created_at) FROM run WHERE id = ?1)`,
			)
			.get(runId, generation)
		return row ? { attempts: row.attempts, tokens: row.tokens, costUsd: row.cost } : noUsage
	}
}
