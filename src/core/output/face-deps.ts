import type { Clock } from '../../kernel/clock.ts'
import type { RunId, StepId } from '../../kernel/id.ts'
import type { Logger } from '../../kernel/log.ts'
import type { AgentDef } from '../../protocol/blueprint-agent.ts'
import type { StepPointer } from '../../protocol/worker.ts'
import type { AttemptRecord, AttemptStore } from '../dispatch/attempt-store.ts'
import type { Projection, ProjectionFiles } from './projection.ts'
import type { SubmittedFiles } from './sentinel.ts'
import type { OutputStore } from './store.ts'

/** What the worker's face needs of the rest. */
export interface WorkerFaceDeps {
	readonly attempts: AttemptStore
	readonly outputs: OutputStore
	readonly files: SubmittedFiles
	readonly secret: Uint8Array
	readonly clock: Clock
	readonly log: Logger
	readonly limits: { readonly outputBytes: number; readonly parts: number }
	/** Data may be read without any credential: an open loopback server, as both generations of mlua-swarm are. */
	readonly openReads: boolean
	/** Whether a bearer that is no worker's may read all data: a live operator's token, or the admin token. */
	isTrusted(bearer: string): Promise<boolean>
	/** The agent as the run's pinned Blueprint defines it, and how its outputs are shown as files. */
	agentOf(runId: RunId, agent: string): Promise<PinnedAgent | null>
	readonly projections: ProjectionFiles
	/** Where the worker of an attempt finds what other steps produced. */
	stepsFor(attempt: AttemptRecord): Promise<readonly StepPointer[]>
	/** Called after the commit of each Final. */
	finalArrived(stepId: StepId, n: number): void
}

/** An agent of a pinned Blueprint, as far as its outputs are concerned. */
export interface PinnedAgent extends Pick<AgentDef, 'verdict'> {
	/** Absent where nothing is shown as files. */
	readonly projection?: Projection
}

/** A credential as the edge received it. */
export interface Presented {
	/** The `Authorization` header. */
	readonly authorization: string | undefined
	/** The `token` query parameter, on the routes that take one. Never log it. */
	readonly queryToken?: string | undefined
}
