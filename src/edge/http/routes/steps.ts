import type { AttemptStore } from '../../../core/dispatch/attempt-store.ts'
import type { OutputRecord, OutputStore } from '../../../core/output/store.ts'
import type { RunStore } from '../../../core/run/store.ts'
import { MseError } from '../../../kernel/error.ts'
import { asStepId } from '../../../kernel/id.ts'
import { refusals } from '../../../protocol/error.ts'
import { type StepDetail, StepDetailSchema, StepQuerySchema, type StepSaid } from '../../../protocol/step.ts'
import { swarmRoutes } from '../failure.ts'

export interface StepDeps {
	readonly runs: Pick<RunStore, 'step'>
	readonly attempts: Pick<AttemptStore, 'latest'>
	readonly outputs: Pick<OutputStore, 'listForAttempt'>
}

const MOST_SAID = 200

/** One step with what went in and what came out. */
export const stepRoutes = (deps: StepDeps) =>
	swarmRoutes('steps').get('/v1/steps/:id', ({ params, query }) => stepDetail(deps, params.id, query.attempt), {
		query: StepQuerySchema,
		detail: { summary: 'Shows a step with its input, its output and what its worker said' },
		response: { 200: StepDetailSchema, ...refusals(400, 404) },
	})

async function stepDetail({ runs, attempts, outputs }: StepDeps, id: string, attempt: number | undefined): Promise<StepDetail> {
	const step = await runs.step(asStepId(id))
	if (!step) throw new MseError('not_found', `Step ${id} does not exist.`, { code: 'unknown_step' })
	const n = attempt ?? step.attempt
	const [latest, tail, data] = await Promise.all([
		attempts.latest(step.stepId),
		outputs.listForAttempt(step.stepId, n, 'tail'),
		outputs.listForAttempt(step.stepId, n, 'data'),
	])
	const said = [...tail, ...data].sort((a, b) => a.at - b.at)
	return {
		step_id: step.stepId,
		run_id: step.runId,
		step_ref: step.ref,
		position: step.position,
		generation: step.generation,
		status: step.status,
		attempt: step.attempt,
		started_at: step.startedAt,
		ended_at: step.endedAt,
		input: step.prompt,
		system: latest?.system ?? null,
		output: step.value,
		error: step.failure && { code: step.failure.code, message: step.failure.message },
		stats: step.stats && { ...step.stats },
		said: said.slice(-MOST_SAID).map(toSaid),
		said_total: said.length,
	}
}

function toSaid({ id, plane, producer, event, at }: OutputRecord): StepSaid {
	return { id, plane, producer, event, at }
}
