import { operatorRefOf } from '../../core/blueprint/operator-kind.ts'
import type { Attempt, Backend, Completion } from '../../core/dispatch/backend.ts'
import { unfoldText } from '../../core/output/lenient-json.ts'
import { formatOf } from '../../core/output/submit-format.ts'
import type { WorkerRuntime } from '../../core/worker/runtime.ts'
import type { Turns } from '../../core/worker/turn.ts'
import { MseError } from '../../kernel/error.ts'
import { asText } from '../../kernel/json.ts'

export interface WorkerStepDeps {
	readonly runtime: WorkerRuntime
	readonly turns: Turns
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

/** The key under which a run has a worker for one of its agents. */
export const runWorkerKey = (runId: string, agent = ''): string => `run:${runId}:${agent}`

async function perform({ runtime, turns }: WorkerStepDeps, name: string, attempt: Attempt): Promise<Completion> {
	const workerId = await workerFor(runtime, name, attempt)
	const { text, ok } = await turns.take(workerId, asText(attempt.prompt), attempt.signal)
	return { final: { value: formatOf(attempt.context) === 'text' ? text : unfoldText(text), ok } }
}

async function workerFor(runtime: WorkerRuntime, name: string, { runId, agent }: Attempt): Promise<string> {
	if (/^worker-[0-9a-f]{8}$/.test(name)) return (await runtime.require(name)).id
	const request = { intent: { kind: 'role', role: agent }, profile: { kind: 'builtin', value: name } } as const
	return (await runtime.create(request, { name: runWorkerKey(runId, agent), fingerprint: name })).id
}
