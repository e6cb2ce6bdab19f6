import type { RunId } from '../../kernel/id.ts'
import type { DataEmitReq, DataEmitResp, DataPostReq, DataRecord } from '../../protocol/data.ts'
import type {
	PromptQuery,
	PromptSystemQuery,
	RenderSizeResp,
	SubmitQuery,
	WorkerDegradationReq,
	WorkerPrompt,
	WorkerResultReq,
	WorkerStatsReq,
} from '../../protocol/worker.ts'
import { emit, emitAs, read, readableRun } from './data.ts'
import type { Presented, WorkerFaceDeps } from './face-deps.ts'
import { prompt, promptSystem } from './prompt.ts'
import { degradation, stats } from './report.ts'
import { type Launching, spawnerOf } from './spawner.ts'
import { artifact, result, submit } from './submit.ts'

/**
 * What a worker outside the process may do with the credential of its attempt: read its prompt, report, and put down
 * output. A promise resolves once the fact is on disk. Every call throws `unauthenticated`, `forbidden`, `not_found`
 * (unknown step), `gone` (ended) or `conflict` (moved seat) as the credential deserves.
 */
export interface WorkerFace {
	prompt(presented: Presented, query: PromptQuery): Promise<WorkerPrompt>
	promptSystem(presented: Presented, query: PromptSystemQuery): Promise<string>
	submit(presented: Presented, query: SubmitQuery, body: Uint8Array): Promise<void>
	result(presented: Presented, request: WorkerResultReq): Promise<void>
	artifact(presented: Presented, name: string | undefined, body: Uint8Array): Promise<void>
	degradation(presented: Presented, request: WorkerDegradationReq): Promise<void>
	stats(presented: Presented, request: WorkerStatsReq): Promise<void>
	emit(presented: Presented, request: DataEmitReq): Promise<DataEmitResp>
	emitAs(presented: Presented, name: string, request: DataPostReq): Promise<DataEmitResp>
	read(presented: Presented, key: string): Promise<DataRecord>
	/** The run whose outputs the caller may look at; null means all runs. */
	readableRun(presented: Presented): Promise<RunId | null>
	/** See `spawnerOf`. */
	spawner(launching: Launching): ReturnType<typeof spawnerOf>
	/** Needs no credential: it tells a size. */
	renderSize(agent: string): Promise<RenderSizeResp>
}

export function workerFace(deps: WorkerFaceDeps): WorkerFace {
	return {
		prompt: (presented, query) => prompt(deps, presented, query),
		promptSystem: (presented, query) => promptSystem(deps, presented, query),
		submit: (presented, query, body) => submit(deps, presented, query, body),
		result: (presented, request) => result(deps, presented, request),
		artifact: (presented, name, body) => artifact(deps, presented, name, body),
		degradation: (presented, request) => degradation(deps, presented, request),
		stats: (presented, request) => stats(deps, presented, request),
		emit: (presented, request) => emit(deps, presented, request),
		emitAs: (presented, name, request) => emitAs(deps, presented, name, request),
		read: (presented, key) => read(deps, presented, key),
		readableRun: (presented) => readableRun(deps, presented),
		spawner: (launching) => spawnerOf(deps, launching),
		renderSize: async (agent) => ({ agent, last_rendered_bytes: await deps.attempts.lastRenderedBytes(agent) }),
	}
}
