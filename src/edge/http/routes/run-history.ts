import type { Plan } from '../../../core/dispatch/plan.ts'
import { bindingsOf, digestsOf } from '../../../core/run/bindings.ts'
import type { Run } from '../../../core/run/record.ts'
import type { RunStore } from '../../../core/run/store.ts'
import { MseError } from '../../../kernel/error.ts'
import { asRunId } from '../../../kernel/id.ts'
import { refusals } from '../../../protocol/error.ts'
import { BindingsSchema, GenerationsSchema, RunBlueprintSchema } from '../../../protocol/run.ts'
import { swarmRoutes } from '../failure.ts'
import { toStepEntry } from '../wire/run.ts'
import { toSeconds } from '../wire/seconds.ts'

export interface RunHistoryDeps {
	readonly runs: RunStore
	planOf(hash: string): Promise<Plan>
}

/** What a run was launched with and bound to, and the lives that rerun-from closed. */
export const runHistoryRoutes = (deps: RunHistoryDeps) =>
	swarmRoutes('run-history')
		.get('/v1/runs/:id/generations', async ({ params }) => generations(deps, await runOf(deps, params.id)), {
			detail: { summary: 'Lists the lives of a run that rerun-from closed' },
			response: { 200: GenerationsSchema, ...refusals(404) },
		})
		.get(
			'/v1/runs/:id/blueprint',
			async ({ params }) => {
				const run = await runOf(deps, params.id)
				const { blueprint } = await deps.planOf(run.blueprintHash)
				return { run_id: run.id, blueprint_id: run.blueprintId, version: run.blueprintHash, blueprint }
			},
			{
				detail: { summary: 'Shows the Blueprint that a run was launched with, defaults written out' },
				response: { 200: RunBlueprintSchema, ...refusals(400, 404, 422) },
			},
		)
		.get(
			'/v1/runs/:id/bindings',
			async ({ params }) => {
				const run = await runOf(deps, params.id)
				return { run_id: run.id, task_id: run.taskId, snapshot_origin: 'launch' as const, bindings: await bindingsOf(deps, run) }
			},
			{
				detail: { summary: 'Shows what the agents of a run were bound to at its launch' },
				response: { 200: BindingsSchema, ...refusals(404, 422) },
			},
		)

async function runOf({ runs }: RunHistoryDeps, id: string): Promise<Run> {
	const run = await runs.listed(asRunId(id))
	if (!run) throw new MseError('not_found', `Run ${id} does not exist.`, { code: 'unknown_run' })
	return run
}

async function generations(deps: RunHistoryDeps, run: Run) {
	const { runs } = deps
	const digestOf = await digestsOf(deps, run)
	const closed = (await runs.closedGenerations(run.id)).map(async ({ generation, status, result, closedAt }) => ({
		...{ generation, status, result_ref: result, closed_at: toSeconds(closedAt) },
		step_entries: (await runs.steps(run.id, generation)).map((step) => toStepEntry(step, digestOf)),
	}))
	return { run_id: run.id, current: run.generation, closed: await Promise.all(closed) }
}
