import type { RunId, StepId, TaskId } from '../../kernel/id.ts'
import type { Json, JsonObject } from '../../kernel/json.ts'
import type { WorkerStats } from '../../protocol/output.ts'
import type { RunStatus } from '../run/record.ts'
import type { AgentContext } from './backend.ts'

/** `lost`: the server died under it. `displaced`: its seat moved to another operator. Only `running` takes submits. */
export type AttemptStatus = 'running' | 'finished' | 'failed' | 'cancelled' | 'lost' | 'displaced'

/** An attempt as the worker routes see it. */
export interface AttemptRecord {
	readonly stepId: StepId
	readonly n: number
	readonly runId: RunId
	readonly taskId: TaskId
	readonly runStatus: RunStatus
	readonly agent: string
	readonly status: AttemptStatus
	readonly prompt: Json
	/** The rendered system prompt; null when the agent has none. */
	readonly system: string | null
	readonly context: AgentContext
	readonly startedAt: number
	readonly endedAt: number | null
	/** It looks at another step that has finished, and may go on after its run ended. */
	readonly isAudit: boolean
}

/** How a credential finds its attempt, and what workers report beside their output. Each method is one transaction. */
export interface AttemptStore {
	byHandle(handleHash: string): Promise<AttemptRecord | null>
	/** The attempt at that step whose token has the fingerprint. */
	byToken(stepId: StepId, tokenFp: string): Promise<AttemptRecord | null>
	/** The newest attempt of a step. */
	latest(stepId: StepId): Promise<AttemptRecord | null>
	setSystem(stepId: StepId, n: number, system: string): Promise<void>
	reportStats(stepId: StepId, n: number, stats: WorkerStats): Promise<void>
	addDegradation(runId: RunId, stepId: StepId, entry: JsonObject): Promise<void>
	/** Bytes of the last rendered system prompt of that agent, or null. */
	lastRenderedBytes(agent: string): Promise<number | null>
}
