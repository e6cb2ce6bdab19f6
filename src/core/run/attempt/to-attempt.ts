import type { StepId } from '../../../kernel/id.ts'
import type { Policy } from '../../../protocol/policy.ts'
import { type MintedCredentials, mintCredentials } from '../../access/credential.ts'
import type { Attempt } from '../../dispatch/backend.ts'
import type { Route } from '../../dispatch/plan.ts'
import type { Run } from '../record.ts'
import type { AttemptDeps, StepInFlight } from './step-in-flight.ts'

const AT_ONCE = Promise.resolve()

/** An attempt as its backend sees it. */
export function toAttempt(
	deps: AttemptDeps,
	step: StepInFlight,
	{ policy }: Route,
	n: number,
	own: Pick<Attempt, 'signal' | 'begun' | 'working' | 'resumable' | 'standing' | 'restsOn'> & {
		readonly credentials: MintedCredentials | undefined
		/** Told before anything is appended to the tail. */
		emitting(): void
	},
): Attempt {
	const { stepId } = step
	const runId = deps.run.id
	const { emitting, ...given } = own
	return {
		...facts(deps, step, n),
		...given,
		children: childrenOf(deps.run, policy),
		traceparent: given.credentials && deps.traceparentOf?.(deps.run, stepId, n),
		async emit(event) {
			emitting()
			await deps.outputs.append({ plane: 'tail', runId, stepId, attempt: n, producer: step.ref, event, parentRefs: [] })
		},
		async put(name, event) {
			await deps.outputs.append({ plane: 'data', runId, stepId, attempt: n, producer: name, event, parentRefs: [] })
		},
	}
}

/** The attempt of a pure function: nothing stands on disk for it, so it can report nothing on the way. */
export function toPureAttempt(deps: AttemptDeps, step: StepInFlight): Attempt {
	return {
		...facts(deps, step, 1),
		signal: step.signal,
		begun: AT_ONCE,
		credentials: undefined,
		emit: () => Promise.reject(new Error('internal: a pure function has no tail')),
		put: () => Promise.reject(new Error('internal: a pure function puts nothing down')),
		working() {},
		resumable() {},
		standing() {},
	}
}

/** The same attempt gets the same credentials again in the server's next life. */
export function mint(deps: AttemptDeps, stepId: StepId, n: number): MintedCredentials {
	return mintCredentials(deps.tokenSecret, { stepId, n, now: deps.clock.now(), ttlSecs: deps.tokenTtlSecs })
}

function childrenOf({ options }: Run, { children: agent }: Policy): NonNullable<Attempt['children']> {
	const run = options.runPolicy?.children
	return { ...(run !== undefined && { run }), ...(agent !== undefined && { agent }) }
}

function facts(deps: AttemptDeps, step: StepInFlight, n: number) {
	const { stepId, prompt, context } = step
	const { id: runId, taskId, options } = deps.run
	return { depth: options.depth ?? 0, stepId, runId, taskId, n, agent: step.ref, prompt, context, key: `${deps.dataDirId}:${stepId}:${n}` }
}
