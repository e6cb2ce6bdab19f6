import { TypeCompiler } from '@sinclair/typebox/compiler'
import { MseError } from '../../kernel/error.ts'
import { asRequestId } from '../../kernel/id.ts'
import type { MseAck } from '../../protocol/hive-bridge.ts'
import { type ClientReply, ClientReplySchema } from '../../protocol/operator-frame.ts'
import { inboxSid } from './agent-sid.ts'
import type { OperatorHub } from './hub.ts'
import type { OperatorStore, RequestKind } from './store.ts'

const isReply = TypeCompiler.Compile(ClientReplySchema)

/** What answers what; the rest would only fail the step. */
const FITS: Readonly<Record<RequestKind, readonly ClientReply['type'][]>> = {
	spawn: ['spawn_ack', 'spawn_halt'],
	ask: ['answer'],
	hook_before: ['hook_ack'],
}

export interface AcknowledgeDeps {
	readonly hub: Pick<OperatorHub, 'answer'>
	readonly requests: Pick<OperatorStore, 'request'>
}

/**
 * An agent's answer to a request out of its inbox, on disk when this resolves. Repeating it is fine. Throws `not_found` for a request
 * that is not its own, `malformed` for an answer of the wrong kind, and `gone` when the request was withdrawn or expired.
 */
export async function acknowledge({ hub, requests }: AcknowledgeDeps, agent: string, ack: MseAck): Promise<void> {
	const sid = inboxSid(agent)
	const request = await requests.request(asRequestId(ack.req_id))
	if (request?.sid !== sid) throw unknown(agent, ack.req_id)
	const { kind: type, ...rest } = ack
	const reply = { ...defaults(type), ...rest, type }
	const fitting = FITS[request.kind]
	if (!isReply.Check(reply) || !fitting.includes(reply.type))
		throw new MseError('malformed', `${JSON.stringify(type)} does not answer this ${request.kind}: use kind ${fitting.join(' or ')}`, {
			code: 'wrong_ack',
		})
	const answered = await hub.answer(sid, reply)
	if (answered.outcome === 'unknown') throw unknown(agent, ack.req_id)
	if (answered.outcome === 'ended' && answered.state !== 'answered')
		throw new MseError('gone', `request ${ack.req_id} was ${answered.state} before the answer came`, { code: 'request_ended' })
}

const defaults = (kind: string): object => (kind === 'answer' ? { value: null } : kind === 'hook_ack' ? { ok: true } : {})

function unknown(agent: string, reqId: string): MseError {
	return new MseError('not_found', `no request ${reqId} was addressed to agent ${JSON.stringify(agent)}`, { code: 'unknown_request' })
}
