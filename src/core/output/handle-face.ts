import { MseError } from '../../kernel/error.ts'
import type { Json } from '../../kernel/json.ts'
import type { DataEmitResp, DataRecord } from '../../protocol/data.ts'
import type { DataEmitVerb, WorkerSubmitVerb } from '../../protocol/hive-bridge.ts'
import type { WorkerPrompt } from '../../protocol/worker.ts'
import { isHandle } from '../access/credential.ts'
import { attemptOf } from './caller.ts'
import type { Presented, WorkerFaceDeps } from './face-deps.ts'
import type { WorkerFace } from './worker-face.ts'

/** The face of an attempt for callers inside this process, who have its short handle and nothing else. */
export interface HandleFace {
	prompt(handle: string): Promise<WorkerPrompt>
	submit(submitted: WorkerSubmitVerb): Promise<void>
	emit(emitted: DataEmitVerb): Promise<DataEmitResp>
	read(handle: string, key: string): Promise<DataRecord>
}

type HandleDeps = Pick<WorkerFaceDeps, 'attempts' | 'secret' | 'clock'>

/** What the routes do, with what else they want to be told found by the handle. */
export function handleFace(face: WorkerFace, deps: HandleDeps): HandleFace {
	return {
		async prompt(handle) {
			const presented = present(handle)
			const { stepId } = await attemptOf(deps, handle, 'fetch_prompt')
			return face.prompt(presented, { task_id: stepId })
		},
		submit({ worker_handle, body, ok, verdict }) {
			const query = { ...(ok !== undefined && { ok: String(ok) }), ...(verdict !== undefined && { verdict }) }
			return face.submit(present(worker_handle), query, new TextEncoder().encode(body))
		},
		async emit({ worker_handle, name, value }) {
			const presented = present(worker_handle)
			const { stepId, n, agent } = await attemptOf(deps, worker_handle, 'emit_output')
			const under = name ?? agent
			const event = { type: 'artifact', name: under, content: { kind: 'inline', value: value as Json } } as const
			return face.emitAs(presented, under, { task_id: stepId, attempt: n, event })
		},
		read: async (handle, key) => face.read(present(handle), key),
	}
}

function present(handle: string): Presented {
	if (isHandle(handle)) return { authorization: `Bearer ${handle}` }
	throw new MseError('unauthenticated', `${JSON.stringify(handle.slice(0, 64))} is no worker_handle: those begin with wh-`, {
		code: 'no_handle',
	})
}
