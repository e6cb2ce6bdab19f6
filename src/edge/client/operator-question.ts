import { messageOf } from '../../kernel/error.ts'
import type { ClientReply, ServerMsg } from '../../protocol/operator-frame.ts'
import type { HookAnswer, HookWork, OperatorHandlers } from './operator-work.ts'

type AskFrame = Extract<ServerMsg, { readonly type: 'ask' }>
type HookFrame = Extract<ServerMsg, { readonly type: 'hook_before' | 'hook_after' }>

/** Never throws: a handler that fails refuses, since an upgrade or a start is not its to give away. */
export async function answerAsk(handlers: OperatorHandlers, frame: AskFrame, signal: AbortSignal): Promise<ClientReply> {
	const { req_id, task_id: taskId, question } = frame
	return { type: 'answer', req_id, value: await answerOf() }

	async function answerOf(): Promise<unknown> {
		if (!handlers.onAsk) return refusal('This operator answers no questions.')
		try {
			return (await handlers.onAsk({ reqId: req_id, taskId, question, signal })) ?? null
		} catch (thrown) {
			return refusal(messageOf(thrown))
		}
	}
}

/** Whether the step may start. Never throws: a handler that fails keeps it from starting. */
export async function answerHook(handlers: OperatorHandlers, frame: HookFrame): Promise<ClientReply> {
	const answer = await askHook(handlers, frame)
	const { ok, reason } = typeof answer === 'object' ? { reason: undefined, ...answer } : { ok: answer ?? true, reason: undefined }
	return { type: 'hook_ack', req_id: frame.req_id, ok, ...(reason !== undefined && { reason }) }
}

async function askHook(handlers: OperatorHandlers, frame: HookFrame): Promise<HookAnswer> {
	try {
		return await handlers.onHook?.(toHook(frame))
	} catch (thrown) {
		return { ok: false, reason: messageOf(thrown) }
	}
}

function toHook(frame: HookFrame): HookWork {
	const { req_id: reqId, task_id: taskId, agent, attempt } = frame
	if (frame.type === 'hook_before') return { when: 'before', reqId, taskId, agent, attempt }
	return { when: 'after', reqId, taskId, agent, attempt, result: frame.result }
}

const refusal = (reason: string): { verdict: 'reject'; reason: string } => ({ verdict: 'reject', reason })
