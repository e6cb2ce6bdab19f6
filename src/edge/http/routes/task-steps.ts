import { Type } from '@sinclair/typebox'
import type { Plan } from '../../../core/dispatch/plan.ts'
import { narrowOutput } from '../../../core/run/narrow-output.ts'
import type { Run } from '../../../core/run/record.ts'
import { type StepOutput, type StepOutputDeps, stepOutput, stepOutputs } from '../../../core/run/step-output.ts'
import type { RunStore } from '../../../core/run/store.ts'
import { MseError } from '../../../kernel/error.ts'
import { asRunId, asTaskId, type RunId } from '../../../kernel/id.ts'
import { refusals } from '../../../protocol/error.ts'
import { StepOutputListSchema, StepOutputQuerySchema, StepOutputSchema } from '../../../protocol/step-output.ts'
import { swarmRoutes } from '../failure.ts'
import { ownCredential } from '../guard.ts'
import { toContent, toStepOutput } from '../wire/step-output.ts'

export interface TaskStepDeps {
	readonly runs: RunStore
	readonly outputs: StepOutputDeps
	/** The plan of a pinned version. */
	planOf(hash: string): Promise<Plan>
	/** The run whose content the caller may read; null means all runs. Throws for a wrong credential. */
	readableRun(request: Request): Promise<RunId | null>
}

const STEPS = '/v1/tasks/:id/runs/:run/steps'

/**
 * What the steps of a run produced, by name (mlua-swarm 0.26.0); `latest` is the newest run. Steps of an unfinished run are
 * there as they are produced. Content is open to the run's own workers.
 */
export const taskStepRoutes = (deps: TaskStepDeps) =>
	swarmRoutes('task-steps')
		.get(
			STEPS,
			async ({ params }) => {
				const { run, plan } = await findRun(deps, params.id, params.run)
				const outputs = await stepOutputs(deps.outputs, run, plan)
				return { task_id: run.taskId, run_id: run.id, steps: outputs.map((output) => toStepOutput(run, output)) }
			},
			{ detail: { summary: 'Lists what the steps of a run produced, by name' }, response: { 200: StepOutputListSchema, ...refusals(404) } },
		)
		.get(
			`${STEPS}/:step`,
			async ({ params, query: { path } }) => {
				const { run, plan } = await findRun(deps, params.id, params.run)
				return toStepOutput(run, narrowed(await stepOutput(deps.outputs, run, plan, params.step), path), path)
			},
			{
				query: StepOutputQuerySchema,
				detail: { summary: 'Shows what a step produced' },
				response: { 200: StepOutputSchema, ...refusals(400, 404) },
			},
		)
		.get(
			`${STEPS}/:step/content`,
			async ({ params, query: { path }, request }) => {
				const readable = await deps.readableRun(request)
				const { run, plan } = await findRun(deps, params.id, params.run)
				if (readable !== null && readable !== run.id) throw foreignRun(run.id)
				return toContent(narrowed(await stepOutput(deps.outputs, run, plan, params.step), path), request.headers)
			},
			{
				query: StepOutputQuerySchema,
				detail: { summary: 'Gives what a step produced, as it is', ...ownCredential('worker') },
				response: {
					200: Type.String({ contentMediaType: 'application/octet-stream', examples: ['"Ada"'] }),
					304: Type.Void(),
					...refusals(400, 401, 403, 404, 409, 410),
				},
			},
		)

const narrowed = (output: StepOutput, path: string | undefined): StepOutput => (path === undefined ? output : narrowOutput(output, path))

async function findRun({ runs, planOf }: TaskStepDeps, taskText: string, runText: string): Promise<{ run: Run; plan: Plan }> {
	const taskId = asTaskId(taskText)
	if (!(await runs.task(taskId))) throw new MseError('not_found', `Task ${taskId} does not exist.`, { code: 'unknown_task' })
	const run = runText === 'latest' ? (await runs.runs({ taskId, limit: 1, offset: 0 }))[0] : await runs.listed(asRunId(runText))
	if (!run || run.taskId !== taskId) throw new MseError('not_found', `Task ${taskId} has no run ${runText}.`, { code: 'unknown_run' })
	return { run, plan: await planOf(run.blueprintHash) }
}

function foreignRun(id: RunId): MseError {
	return new MseError('forbidden', `The credential belongs to another run than ${id}.`, { code: 'foreign_run' })
}
