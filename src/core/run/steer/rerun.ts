import { MseError, messageOf } from '../../../kernel/error.ts'
import { newRunId, newStepId } from '../../../kernel/id.ts'
import type { Json } from '../../../kernel/json.ts'
import { POSITION_SCHEME } from '../../flow/evaluate-flow.ts'
import { rootOf, toTraceparent } from '../../trace/context.ts'
import type { Fact } from '../fact.ts'
import type { LaunchDeps } from '../launch/launch.ts'
import type { Rerunning, RerunRequest } from '../launch/request.ts'
import type { Run, RunOptions, RunStatus, Seat, Step } from '../record.ts'
import { type Cut, cutAt, findStep } from './cut.ts'

const ENDED: readonly RunStatus[] = ['done', 'failed', 'cancelled', 'interrupted']

/**
 * Runs an ended run once more from one of its steps: as its next generation, or as a run of its own that repeats what is
 * kept. Throws `malformed` for a blank step, `not_found`, `conflict` for a run that has not ended, and `invalid` when the
 * step was never recorded or the Blueprint cannot run any more; then nothing was changed.
 */
export async function rerunFrom(deps: LaunchDeps, runId: Run['id'], request: RerunRequest): Promise<Rerunning> {
	deps.supervisor.hold.requireOpen()
	const named = request.fromStep.trim()
	if (named === '') throw new MseError('malformed', 'from_step must not be blank.', { code: 'blank_from_step' })
	const run = await endedRun(deps, runId)
	await refuseUnrunnable(deps, run)
	const journal = await deps.runs.journal(run.id, run.generation)
	const steps = await deps.runs.steps(run.id)
	const from = findStep(steps, named)
	if (!from) throw noSuchStep(run, named, steps)
	const cut = cutAt(from.position, journal)
	const options = withInput(run.options, cut, from, request.input, deps.clock.now())
	const next = await (request.as === 'new_run' ? asNewRun : inPlace)(deps, run, from, cut, options)
	const driver = await deps.supervisor.takeUp(next, null)
	if (!driver) throw new MseError('invalid', `Run ${next.id} cannot be taken up again; its result says why.`, { code: 'not_resumable' })
	return { run: driver.run, replayedSteps: cut.keptSteps.length, droppedSteps: cut.droppedSteps.length }
}

async function endedRun({ runs }: LaunchDeps, runId: Run['id']): Promise<Run> {
	const run = await runs.run(runId)
	if (!run) throw new MseError('not_found', `Run ${runId} does not exist.`, { code: 'unknown_run' })
	if (ENDED.includes(run.status)) return run
	throw notEnded(run)
}

function notEnded(run: Run): MseError {
	return new MseError('conflict', `Run ${run.id} is ${run.status}; only an ended run can be run again.`, {
		code: 'run_not_ended',
		hint: `Wait for it, or POST /v1/runs/${run.id}/cancel first.`,
	})
}

async function refuseUnrunnable({ planOf }: LaunchDeps, run: Run): Promise<void> {
	if (run.positionScheme !== POSITION_SCHEME)
		throw new MseError('invalid', `The journal of run ${run.id} uses position scheme ${run.positionScheme}.`, {
			code: 'unknown_position_scheme',
		})
	try {
		await planOf(run.blueprintHash)
	} catch (error) {
		if (error instanceof MseError && error.kind === 'unavailable') throw error
		throw new MseError('invalid', `The Blueprint of run ${run.id} cannot run any more: ${messageOf(error)}`, {
			code: 'not_runnable',
			cause: error,
		})
	}
}

function noSuchStep(run: Run, named: string, steps: readonly Step[]): MseError {
	const names = [...new Set(steps.map(({ ref }) => ref))].slice(0, 20).join(', ')
	return new MseError('invalid', `Run ${run.id} recorded no step '${named}'.`, {
		code: 'unknown_from_step',
		hint: steps.length === 0 ? 'It recorded no step at all; start its task again.' : `Recorded are: ${names}.`,
	})
}

/** Inputs given by earlier reruns go with the steps they were given to. The budget begins anew. */
function withInput(options: RunOptions, { keptSteps }: Cut, from: Step, input: Json | undefined, now: number): RunOptions {
	const { inputs: before = {}, ...rest } = options
	const kept = new Set(keptSteps.map(({ position }) => position))
	const inputs = Object.fromEntries([
		...Object.entries(before).filter(([position]) => kept.has(position)),
		...(input === undefined ? [] : [[from.position, input] as const]),
	])
	const begun = options.runPolicy?.budget ? { ...rest, budgetSince: now } : rest
	return Object.keys(inputs).length > 0 ? { ...begun, inputs } : begun
}

async function inPlace(deps: LaunchDeps, run: Run, from: Step, cut: Cut, options: RunOptions): Promise<Run> {
	const generation = run.generation + 1
	const data = { from: from.position, ref: from.ref, generation, dropped_steps: cut.droppedSteps.length, ...tracedAs(run) }
	await deps.supervisor.letGo(run.id)
	const opened = await deps.runs.openGeneration(run.id, {
		from: ENDED,
		generation: run.generation,
		dropSteps: cut.droppedSteps.map(({ stepId }) => stepId),
		dropDecisions: cut.droppedDecisions,
		options,
		events: [{ kind: 'run.reopened', runId: run.id, taskId: run.taskId, data }],
	})
	if (!opened) throw notEnded((await deps.runs.run(run.id)) ?? run)
	return { ...run, ...fresh(deps), generation, options }
}

/** Whoever asks for it, no worker did: it is cancelled with no other run. */
async function asNewRun(
	deps: LaunchDeps,
	run: Run,
	from: Step,
	cut: Cut,
	{ parent: _parent, traceparent: _caller, ...options }: RunOptions,
): Promise<Run> {
	const seats = await liveSeats(deps, run)
	const next: Run = {
		...run,
		...fresh(deps),
		id: newRunId(),
		generation: 1,
		options,
		seats,
		seatGeneration: seats.length,
		createdAt: deps.clock.now(),
	}
	const data = { from: from.position, ref: from.ref, of: run.id, blueprint: run.blueprintId, hash: run.blueprintHash, ...tracedAs(run) }
	const decisions = cut.keptDecisions.map(([position, lane]): Fact => ({ kind: 'lane_decided', position, lane }))
	await Promise.all([
		deps.runs.createRun(next, [{ kind: 'run.started', runId: next.id, taskId: next.taskId, data }]),
		deps.runs.record(next, [...cut.keptSteps.flatMap(toCopy), ...decisions], 0),
	])
	return next
}

/** What the trace of the next one has a link to. */
const tracedAs = (run: Run) => ({ of_traceparent: toTraceparent(rootOf(run, 1)) })

const fresh = ({ clock }: LaunchDeps) =>
	({ status: 'running', phase: 'running', result: null, ttlUsedMs: 0, updatedAt: clock.now() }) as const

async function liveSeats({ operators }: LaunchDeps, run: Run): Promise<readonly Seat[]> {
	const live = await Promise.all(run.seats.map(async (seat) => ((await operators.find(seat.op)) === null ? [] : [seat])))
	return live.flat().map((seat, index) => ({ ...seat, generation: index + 1 }))
}

/** A step still in flight when its run was interrupted has no outcome to repeat. */
function toCopy(step: Step): Fact[] {
	if (step.status === 'running') return []
	const { position, ref, inputHash, attempt, status, value, failure, stats, startedAt, stepId: copiedFrom } = step
	const at = step.endedAt ?? startedAt
	return [
		{
			kind: 'step_settled',
			stepId: newStepId(),
			position,
			ref,
			inputHash,
			attempt,
			status,
			value,
			failure,
			stats,
			startedAt,
			at,
			copiedFrom,
		},
	]
}
