import type { EventDraft } from '../../../core/event/event.ts'
import type {
	AttemptBegan,
	AttemptEnded,
	BlameChanged,
	Fact,
	InputChanged,
	LaneDecided,
	RetryScheduled,
	StepBegan,
	StepSettled,
} from '../../../core/run/fact.ts'
import type { Run } from '../../../core/run/record.ts'
import { isJsonObject, type Json } from '../../../kernel/json.ts'
import type { WorkerStats } from '../../../protocol/output.ts'
import { withdrawApprovals } from '../approval/approval-withdrawal.ts'
import { isInline } from '../blob.ts'
import type { SqliteDatabase } from '../database.ts'
import { appendEvent } from '../event/event-store.ts'
import type { Values } from '../value.ts'
import type { AttemptMemory } from './attempt-memory.ts'
import { isAuditAt } from './audit-step.ts'

/** Writes facts of one run's journal, each with its event; to be called inside a change. */
export class JournalWriter {
	readonly #db: SqliteDatabase
	readonly #values: Values
	readonly #memory: AttemptMemory | undefined
	/** The last step that began, whose first attempt mostly does so next, and the bytes of what it asks. */
	#begun: { readonly step: StepBegan; readonly bytes: number } | undefined

	constructor(db: SqliteDatabase, values: Values, memory?: AttemptMemory) {
		this.#memory = memory
		this.#db = db
		this.#values = values
	}

	write(run: Run, fact: Fact): void {
		switch (fact.kind) {
			case 'step_began':
				this.#stepBegan(run, fact)
				break
			case 'attempt_began':
				this.#attemptBegan(run, fact)
				break
			case 'attempt_ended':
				this.#attemptEnded(run, fact)
				break
			case 'blame_changed':
				this.#blameChanged(run, fact)
				break
			case 'retry_scheduled':
				this.#retryScheduled(run, fact)
				break
			case 'step_settled':
				this.#stepSettled(run, fact)
				break
			case 'lane_decided':
				this.#laneDecided(run, fact)
				break
			case 'input_changed':
				this.#inputChanged(run, fact)
				break
			case 'remarked':
				this.#tell(run, fact.event, fact.stepId, fact.data)
				break
		}
	}

	#stepBegan(run: Run, fact: StepBegan): void {
		const prompt = this.#values.pack(fact.prompt)
		this.#begun = isInline(prompt) ? { step: fact, bytes: prompt.length } : undefined
		this.#db
			.query(
				`INSERT INTO step (run_id, generation, position, step_id, ref, status, attempt, input_hash, prompt, started_at)
				 VALUES (?, ?, ?, ?, ?, 'running', ?, ?, ?, ?)`,
			)
			.run(run.id, run.generation, fact.position, fact.stepId, fact.ref, fact.attempt, fact.inputHash, prompt, fact.at)
		const attempt = fact.attempt === 1 && fact.backend !== undefined ? { attempt: 1, backend: fact.backend } : {}
		this.#tell(run, 'step.dispatched', fact.stepId, { ref: fact.ref, position: fact.position, ...attempt })
	}

	#attemptBegan(run: Run, fact: AttemptBegan): void {
		const context = JSON.stringify(fact.context)
		this.#db
			.query(
				`INSERT INTO attempt (step_id, n, run_id, backend, status, system, context, token_fp, handle_hash, started_at)
				 VALUES (?, ?, ?, ?, 'running', ?, ?, ?, ?, ?)`,
			)
			.run(fact.stepId, fact.n, run.id, fact.backend, fact.system, context, fact.tokenFp, fact.handleHash, fact.at)
		this.#db.query('UPDATE step SET attempt = ? WHERE step_id = ?').run(fact.n, fact.stepId)
		this.#remember(run, fact, context.length)
		this.#tell(run, 'attempt.started', fact.stepId, { ref: fact.ref, attempt: fact.n, backend: fact.backend })
	}

	/** Its worker will ask for it by its handle. */
	#remember({ id: runId, taskId }: Run, { stepId, n, handleHash, context, at: startedAt }: AttemptBegan, contextBytes: number): void {
		const { step, bytes } = this.#begun ?? { step: undefined, bytes: 0 }
		if (handleHash === null || step?.stepId !== stepId) return
		const { ref: agent, prompt, position } = step
		const attempt = { stepId, n, runId, taskId, agent, prompt, context, startedAt, isAudit: isAuditAt(position) }
		this.#memory?.put(handleHash, attempt, bytes + contextBytes)
	}

	#attemptEnded(run: Run, fact: AttemptEnded): void {
		const ended = this.#endAttempt(run, fact)
		// Whoever took its seat has ended it, and told so.
		if (!ended) return
		if (ended.stats !== null || fact.n > 1) this.#db.query('UPDATE step SET stats = ? WHERE step_id = ?').run(ended.stats, fact.stepId)
		this.#tell(run, 'attempt.ended', fact.stepId, {
			attempt: fact.n,
			status: fact.status,
			...(fact.failure && { code: fact.failure.code, error: fact.failure.message }),
			...(fact.stats && figuresOf(fact.stats)),
		})
	}

	/** Null when it had ended before. Most attempts have a row; the first one of a function mostly has none. */
	#endAttempt(run: Run, { stepId, n, backend, status, failure, stats, at }: AttemptEnded): { readonly stats: string | null } | null {
		const end = `status = ?1, error = ?2, stats = CASE WHEN ?3 IS NULL THEN stats ELSE json_patch(coalesce(stats, '{}'), ?3) END, ended_at = ?4`
		const update = `UPDATE attempt SET ${end} WHERE step_id = ?5 AND n = ?6 AND ended_at IS NULL RETURNING stats`
		const ended = this.#db.query<{ stats: string | null }>(update).get(status, textOrNull(failure), textOrNull(stats), at, stepId, n)
		if (ended) return ended
		const insert = `INSERT INTO attempt (step_id, n, run_id, backend, status, error, stats, started_at, ended_at)
			SELECT step_id, ?, ?, ?, ?, ?, ?, started_at, ? FROM step WHERE step_id = ? ON CONFLICT (step_id, n) DO NOTHING RETURNING stats`
		return this.#db
			.query<{ stats: string | null }>(insert)
			.get(n, run.id, backend, status, textOrNull(failure), textOrNull(stats), at, stepId)
	}

	/** The first attempt of a function may have no row yet. */
	#blameChanged(run: Run, { stepId, n, backend, who, blamed }: BlameChanged): void {
		this.#db
			.query(
				`INSERT INTO attempt (step_id, n, run_id, backend, status, started_at, blamed)
				 SELECT step_id, ?2, ?3, ?4, 'running', started_at, ?5 FROM step WHERE step_id = ?1 AND status = 'running'
				 ON CONFLICT (step_id, n) DO UPDATE SET blamed = excluded.blamed`,
			)
			.run(stepId, n, run.id, backend, blamed ? 1 : 0)
		if (who === 'step') this.#db.query('UPDATE attempt SET blamed = ? WHERE step_id = ?').run(blamed ? 1 : 0, stepId)
	}

	#retryScheduled(run: Run, { stepId, ref, n, wakeAt, failure, at }: RetryScheduled): void {
		this.#db.query('UPDATE step SET wake_at = ? WHERE step_id = ?').run(wakeAt, stepId)
		this.#tell(run, 'attempt.retry_scheduled', stepId, {
			...{ ref, attempt: n, wake_at: wakeAt, wait_ms: wakeAt - at, code: failure.code, error: failure.message },
		})
	}

	#stepSettled(run: Run, fact: StepSettled): void {
		this.#db
			.query(
				`INSERT INTO step (run_id, generation, position, step_id, ref, status, attempt, input_hash, value, error, stats, started_at, ended_at)
				 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
				 ON CONFLICT (step_id) DO UPDATE SET status = excluded.status, value = excluded.value,
				   error = excluded.error, stats = coalesce(excluded.stats, stats), ended_at = excluded.ended_at`,
			)
			.run(
				run.id,
				run.generation,
				fact.position,
				fact.stepId,
				fact.ref,
				fact.status,
				fact.attempt,
				fact.inputHash,
				this.#values.pack(fact.value),
				textOrNull(fact.failure),
				textOrNull(fact.stats),
				fact.startedAt,
				fact.at,
			)
		if (fact.status === 'cancelled' || fact.status === 'failed')
			withdrawApprovals(this.#db, { stepId: fact.stepId }, `the step has ${fact.status === 'failed' ? 'failed' : 'been cancelled'}`)
		this.#tell(run, 'step.completed', fact.stepId, {
			ref: fact.ref,
			position: fact.position,
			status: fact.status,
			attempt: fact.attempt,
			duration_ms: fact.at - fact.startedAt,
			...(fact.copiedFrom && { copied_from: fact.copiedFrom }),
			...(fact.failure && { code: fact.failure.code, error: fact.failure.message }),
			...(fact.stats && figuresOf(fact.stats)),
		})
	}

	#laneDecided(run: Run, fact: LaneDecided): void {
		this.#db
			.query('INSERT OR IGNORE INTO decision (run_id, generation, position, lane) VALUES (?, ?, ?, ?)')
			.run(run.id, run.generation, fact.position, fact.lane)
	}

	#inputChanged(run: Run, fact: InputChanged): void {
		this.#tell(run, 'step.input_changed', fact.stepId, { position: fact.position })
	}

	#tell(run: Run, kind: EventDraft['kind'], stepId: StepSettled['stepId'] | undefined, data: { readonly [key: string]: Json }): void {
		appendEvent(this.#db, { kind, runId: run.id, taskId: run.taskId, stepId, data })
	}
}

/** What a worker said of its work, small enough for a fact. */
function figuresOf({ adapter_data, retry_after_ms: _, ...figures }: WorkerStats): { readonly [key: string]: Json } {
	const provider = isJsonObject(adapter_data) && typeof adapter_data.provider === 'string' ? { provider: adapter_data.provider } : {}
	return { ...figures, ...provider } as { readonly [key: string]: Json }
}

function textOrNull(value: object | null): string | null {
	return value === null ? null : JSON.stringify(value)
}
