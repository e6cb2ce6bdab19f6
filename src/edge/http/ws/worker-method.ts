import { invalidRequest } from '../../../core/worker/failure.ts'
import type { WorkerRuntime } from '../../../core/worker/runtime.ts'
import { isJsonObject, type Json } from '../../../kernel/json.ts'
import type { ProtocolMethod } from '../../../protocol/runtime-frame.ts'
import { toAck, toRef } from '../wire/runtime-worker.ts'

/**
 * Does what a client's protocol method asks: `run` and `notify` are turns, `shutdown` ends the worker, anything else goes to its
 * execution. Resolves to the acknowledgement; throws what the REST route would answer.
 */
export async function callMethod(
	{ runtime, runtimeId }: { readonly runtime: WorkerRuntime; readonly runtimeId: string },
	workerId: string,
	method: ProtocolMethod,
): Promise<unknown> {
	const params = isJsonObject(method.params) ? method.params : {}
	if (method.method === 'shutdown') return toAck(runtimeId, await runtime.end(workerId, 'stopped', null))
	if (method.method === 'run' || method.method === 'notify') {
		const input =
			method.method === 'run'
				? ({ kind: 'user', content: flatten(params.input) } as const)
				: ({ kind: 'system', content: typeof params.message === 'string' ? params.message : '' } as const)
		const { record, eventId, sequence } = await runtime.input(workerId, input)
		return { worker_ref: toRef(runtimeId, workerId), status: record.status, transcript_sequence: sequence, event_id: eventId }
	}
	if (await runtime.method(workerId, method)) return { worker_ref: toRef(runtimeId, workerId) }
	throw invalidRequest(`worker ${workerId} does not understand ${method.method}`)
}

/** Segments as the text of a turn, as yoi's protocol flattens them. */
function flatten(input: Json | undefined): string {
	return Array.isArray(input) ? input.map(segmentText).join('') : ''
}

function segmentText(segment: Json): string {
	if (!isJsonObject(segment)) return UNKNOWN
	const { kind, content, path, slug } = segment
	if ((kind === 'text' || kind === 'paste') && typeof content === 'string') return content
	if (kind === 'file_ref' && typeof path === 'string') return `@${path}`
	if (kind === 'knowledge_ref' && typeof slug === 'string') return `#${slug}`
	return kind === 'workflow_invoke' && typeof slug === 'string' ? `/${slug}` : UNKNOWN
}

const UNKNOWN = '[unknown input segment]'
