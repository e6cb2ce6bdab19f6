import { asStepId, type StepId } from '../../kernel/id.ts'
import { isJsonObject, parseJson } from '../../kernel/json.ts'
import type { ServerMsg } from '../../protocol/operator-frame.ts'

/** The credentials of an attempt, made anew. */
export type MintFor = (attempt: { readonly stepId: StepId; readonly n: number }) => { readonly token: string; readonly handle: string }

/** What stands for a credential on disk. Text that holds it by chance only gets what its reader has anyway. */
const HANDLE = '{worker_handle}'
const TOKEN = '{capability_token}'

/** A frame as it waits in an inbox: without its credentials, which are never on disk. */
export function toInboxBody(frame: ServerMsg): string {
	if (frame.type !== 'spawn') return JSON.stringify(frame)
	const { worker_handle: handle = HANDLE, directive } = frame
	return JSON.stringify({ ...frame, capability_token: TOKEN, worker_handle: HANDLE, directive: directive.replaceAll(handle, HANDLE) })
}

/** The frame as its agent gets it; a token has its full lifetime from then on. Only for messages of the server itself. */
export function fromInboxBody(body: string, mint: MintFor): string {
	if (!body.includes(TOKEN)) return body
	const frame = parseJson(body)
	if (!isJsonObject(frame) || frame.type !== 'spawn' || typeof frame.task_id !== 'string' || typeof frame.attempt !== 'number') return body
	const { token, handle } = mint({ stepId: asStepId(frame.task_id), n: frame.attempt })
	return body.replaceAll(TOKEN, token).replaceAll(HANDLE, handle)
}
