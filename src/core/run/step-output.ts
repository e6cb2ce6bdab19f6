import { MseError } from '../../kernel/error.ts'
import { sha256Hex } from '../../kernel/hash.ts'
import type { Json } from '../../kernel/json.ts'
import type { StepName } from '../blueprint/step-names.ts'
import type { AttemptStore } from '../dispatch/attempt-store.ts'
import type { AgentContext } from '../dispatch/backend.ts'
import type { Plan } from '../dispatch/plan.ts'
import { decideStep } from '../output/fold.ts'
import { finalPlace, type ProjectionFiles } from '../output/projection.ts'
import type { OutputStore } from '../output/store.ts'
import type { ProducedStep, ProducedStepStore } from './produced-step.ts'
import type { Run } from './record.ts'

export interface StepOutputDeps {
	readonly produced: ProducedStepStore
	readonly attempts: Pick<AttemptStore, 'latest'>
	readonly outputs: Pick<OutputStore, 'listForAttempt'>
	readonly files: ProjectionFiles
	/** Largest file that is read. */
	readonly limitBytes: number
}

/** What the newest step of a ref produced, as it is shown: the file it was written to, else its value as JSON. */
export interface StepOutput {
	/** The canonical name of the step. */
	readonly name: string
	readonly ref: string
	/** What the flow sees. */
	readonly value: Json
	readonly bytes: Uint8Array
	readonly sha256: string
	readonly contentType: 'text/markdown' | 'application/json'
	/** `data_plane` where a worker posted it, `result_ref` where only the journal has it (mlua-swarm 0.26.0). */
	readonly source: 'data_plane' | 'result_ref'
	readonly filePath: string | null
}

/** The outputs of a run so far, a step each, in flow order. */
export async function stepOutputs(deps: StepOutputDeps, run: Pick<Run, 'id'>, plan: Plan): Promise<StepOutput[]> {
	const outputs = await Promise.all(plan.names.steps.map((name) => outputOf(deps, run, plan, name)))
	return outputs.filter((output) => output !== null)
}

/** The output of the step with that name or alias. Throws `not_found`: no step has the name, or it has produced nothing. */
export async function stepOutput(deps: StepOutputDeps, run: Pick<Run, 'id'>, plan: Plan, named: string): Promise<StepOutput> {
	const name = findName(plan, named)
	if (!name) {
		const names = plan.names.steps.map(({ canonical }) => canonical).join(', ')
		throw new MseError('not_found', `The flow of run ${run.id} has no step ${named}.`, {
			code: 'unknown_step',
			hint: `Its steps: ${names}.`,
		})
	}
	const output = await outputOf(deps, run, plan, name)
	if (output) return output
	throw new MseError('not_found', `Step ${name.canonical} of run ${run.id} has no output yet.`, { code: 'no_step_output' })
}

/** JSON as it is shown. */
export const shownJson = (value: Json): Uint8Array => new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`)

function findName(plan: Plan, named: string): StepName | undefined {
	const ref = plan.names.refs.get(named)
	return plan.names.steps.find((name) => name.ref === ref)
}

async function outputOf(deps: StepOutputDeps, run: Pick<Run, 'id'>, plan: Plan, { ref, canonical }: StepName): Promise<StepOutput | null> {
	const step = await deps.produced.newest(run.id, ref)
	if (!step) return null
	const attempt = await deps.attempts.latest(step.stepId)
	const value = step.status === 'running' ? await postedValue(deps, step, attempt) : step.value
	if (value === undefined) return null
	const place = attempt && finalPlace({ canonical, placement: plan.blueprint.projection_placement }, attempt)
	const file = place && (await deps.files.read(place, deps.limitBytes))
	const bytes = file?.bytes ?? shownJson(value)
	return {
		...{ name: canonical, ref, value, bytes, sha256: sha256Hex(bytes) },
		contentType: file ? 'text/markdown' : 'application/json',
		source: attempt ? 'data_plane' : 'result_ref',
		filePath: file?.path ?? null,
	}
}

/** What the last Final of a running attempt would decide; undefined without one. */
async function postedValue(
	deps: StepOutputDeps,
	{ stepId }: ProducedStep,
	attempt: { readonly n: number; readonly context: AgentContext } | null,
): Promise<Json | undefined> {
	if (!attempt) return undefined
	return decideStep(await deps.outputs.listForAttempt(stepId, attempt.n, 'tail'), attempt.context)?.value
}
