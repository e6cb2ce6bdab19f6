import { operatorRefOf } from '../../core/blueprint/operator-kind.ts'
import type { Attempt, Backend, Completion } from '../../core/dispatch/backend.ts'
import { Stop } from '../../core/dispatch/stop.ts'
import { unfoldText } from '../../core/output/lenient-json.ts'
import { formatOf } from '../../core/output/submit-format.ts'
import { runWorkerKey } from '../../core/worker/run-worker.ts'
import type { WorkerRuntime } from '../../core/worker/runtime.ts'
import type { WorkerStore } from '../../core/worker/store.ts'
import type { Turns } from '../../core/worker/turn.ts'
import { MseError } from '../../kernel/error.ts'
import { asText } from '../../kernel/json.ts'
import { type ChildSlots, isChildrenLimit } from '../process/child-slots.ts'

/** The runtime, as far as steps are concerned. */
export interface StepWorkers {
	readonly runtime: WorkerRuntime
	readonly turns: Turns
	readonly store: Pick<WorkerStore, 'runningWithKey'>
}

export interface WorkerStepDeps extends StepWorkers {
	readonly childSlots: Pick<ChildSlots, 'untilRoom'>
}

const PREFIX = 'worker:'

/**
 * The backend of operators, where some are runtime workers: `operator_ref: "worker:<id>"` gives the step to that worker as a turn,
 * `"worker:<profile>"` to one that the run has for itself and that ends with it.
 */
export function withRuntimeWorkers(deps: WorkerStepDeps, operators: Backend): Backend {
	return {
		...operators,
		prepare(agent, blueprint) {
			const ref = operatorRefOf(agent)
			if (!ref?.startsWith(PREFIX)) return operators.prepare(agent, blueprint)
			const name = ref.slice(PREFIX.length)
			if (name === '') throw new MseError('invalid', `operator spec: operator_ref "${ref}" names no worker`, { code: 'invalid_agent_spec' })
			return { pure: false, perform: (attempt) => perform(deps, name, attempt) }
		},
	}
}

async function perform(deps: WorkerStepDeps, name: string, attempt: Attempt): Promise<Completion> {
	const workerId = await workerFor(deps, name, attempt)
	const { text, ok } = await deps.turns.take(workerId, asText(attempt.prompt), attempt.signal)
	return { final: { value: formatOf(attempt.context) === 'text' ? text : unfoldText(text), ok } }
}

async function workerFor(deps: WorkerStepDeps, name: string, attempt: Attempt): Promise<string> {
	const { runtime } = deps
	const { runId, agent, signal } = attempt
	if (/^worker-[0-9a-f]{8}$/.test(name)) return (await runtime.require(name)).id
	const request = { intent: { kind: 'role', role: agent }, profile: { kind: 'builtin', value: name } } as const
	const create = () => runtime.create(request, { name: runWorkerKey(runId, agent), fingerprint: name })
	const { id } = await create().catch((error) => whenThereIsRoom(deps, attempt, create, error))
	// A run that ended while its worker was being started does not come by again to end it.
	if (signal.reason instanceof Stop && signal.reason.kind === 'cancelled') await runtime.end(id, 'stopped', 'its run ended')
	return id
}

/** A run that has no worker yet waits for others to end; one that has might wait for itself, and is refused. */
async function whenThereIsRoom<T>(
	{ store, childSlots }: WorkerStepDeps,
	attempt: Attempt,
	work: () => Promise<T>,
	refused: unknown,
): Promise<T> {
	for (let error = refused; ; ) {
		if (!isChildrenLimit(error) || (await store.runningWithKey(runWorkerKey(attempt.runId))).length > 0) throw error
		const leave = await childSlots.untilRoom(attempt)
		if (leave === null) throw error
		try {
			return await work()
		} catch (again) {
			error = again
		} finally {
			leave()
		}
	}
}
