import type { Attempt } from '../../src/core/dispatch/backend.ts'
import { asRunId, asStepId, asTaskId } from '../../src/kernel/id.ts'
import type { AgentDef, Blueprint } from '../../src/protocol/blueprint.ts'
import type { OutputEvent } from '../../src/protocol/output.ts'

/** An attempt that keeps what its worker says, for driving a backend without a dispatcher. */
export interface ScriptedAttempt extends Attempt {
	readonly emitted: OutputEvent[]
	/** What was put down for other workers, by name. */
	readonly down: [string, OutputEvent][]
	/** What `working` was called with, in order. */
	readonly workingSaid: boolean[]
	readonly abort: (reason: unknown) => void
}

export function newAttempt(over: Partial<Attempt> = {}): ScriptedAttempt {
	const controller = new AbortController()
	const emitted: OutputEvent[] = []
	const down: [string, OutputEvent][] = []
	const workingSaid: boolean[] = []
	return {
		stepId: asStepId('ST-00000000000000aa'),
		runId: asRunId('R-00000000000000bb'),
		taskId: asTaskId('T-00000000000000cc'),
		n: 1,
		agent: 'worker',
		prompt: 'hello',
		context: {},
		depth: 0,
		key: `${crypto.randomUUID()}:ST-00000000000000aa:1`,
		credentials: { token: 'a-token', nonce: 'a-nonce', handle: 'wh-0123456789abcdef' },
		signal: controller.signal,
		begun: Promise.resolve(),
		emit: async (event) => void emitted.push(event),
		put: async (name, event) => void down.push([name, event]),
		working: (is) => void workingSaid.push(is),
		resumable() {},
		standing() {},
		emitted,
		down,
		workingSaid,
		abort: (reason) => controller.abort(reason),
		...over,
	}
}

/** An agent with nothing but what a backend looks at. */
export function newAgent(kind: AgentDef['kind'], spec: AgentDef['spec'], name = 'worker'): AgentDef {
	return { name, kind, spec, profile: null, meta: null, lints: {} }
}

/** A Blueprint without any agent; the backends here do not look at it. */
export const emptyBlueprint = { id: 'empty', flow: { kind: 'seq', children: [] }, metadata: {}, runners: [] } as unknown as Blueprint
