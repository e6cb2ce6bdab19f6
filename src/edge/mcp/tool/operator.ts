import { Type } from '@sinclair/typebox'
import { CapabilityManifestSchema } from '../../../protocol/operator.ts'
import type { ClientReply } from '../../../protocol/operator-frame.ts'
import { WorkerStatsReqSchema } from '../../../protocol/worker.ts'
import type { OperatorFrame, ReplyFate } from '../../client/operator-frames.ts'
import { invalidParams } from '../argument.ts'
import { actingAs } from '../credential.ts'
import type { DeskSession } from '../operator-desk.ts'
import { adds, ends, looks, moves, swarmTool, takes } from '../tool.ts'
import { LONGEST_WAIT_SECS, waiting } from '../wait.ts'

const Sid = Type.String({ description: 'the session, as mse_operator_join gave it' })
const OneSid = Type.Optional(Type.String({ description: 'the session; may be left out when only one was joined here' }))
const DEFAULT_TIMEOUT_MS = 30_000
/** So long is waited for the word that a reply is on the server's disk. */
const RECEIPT_SECS = 10

const joinTool = swarmTool({
	name: 'mse_operator_join',
	description:
		'Become an operator: from then on steps can be given to you. Then call mse_pending_wait again and again. The session reconnects by itself and is given up when you leave or disconnect.',
	input: Type.Object({
		desc: Type.Optional(Type.String({ description: 'who you are, for people who look at runs' })),
		roles: Type.Optional(
			Type.Array(Type.String({ minLength: 1 }), {
				description: 'names that Blueprints know you by (operator_ref), such as main-ai; only one session can hold each',
			}),
		),
		capability_manifest: Type.Optional(CapabilityManifestSchema),
	}),
	hints: adds,
	async run({ desc = 'an AI client over MCP', roles, capability_manifest = null }, call) {
		const client = call.server()
		const body = { desc, capability_manifest, ...(roles && { roles }) }
		const { sid, token, roles: held } = await client.answer(client.v1.operators.post(body))
		await call.desk.seat(client.url, { sid, token }, call.signal)
		return { sid, roles: held }
	},
})

const listTool = swarmTool({
	name: 'mse_operator_list',
	description: 'List the operators that are there, with their roles, and the seats each was given.',
	input: Type.Object({
		sid: OneSid,
		limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, description: '1 to 200 (default 50)' })),
	}),
	hints: looks,
	async run({ sid, limit }, call) {
		const client = call.server()
		const query = limit === undefined ? {} : { limit }
		return client.answer(client.v1.operators.get({ query, headers: actingAs(call.desk, client, sid) }))
	},
})

const leaveTool = swarmTool({
	name: 'mse_operator_leave',
	description: 'End a session: what waits for it goes back to its seat and waits for the next operator.',
	input: Type.Object({ sid: Sid }),
	hints: ends,
	async run({ sid }, call) {
		await call.desk.leave(sid)
		return { removed: true }
	},
})

const waitTool = swarmTool({
	name: 'mse_pending_wait',
	description:
		'Take the next request of your session. type spawn: do what payload.directive says, then mse_ack kind spawn_ack. ask: mse_ack kind answer. hook_before: mse_ack kind hook_ack. hook_after: nothing to answer. timed_out: call again.',
	input: Type.Object({
		sid: OneSid,
		timeout_ms: Type.Optional(
			Type.Integer({ minimum: 0, maximum: LONGEST_WAIT_SECS * 1000, description: 'wait so long; 0 only looks (default 30000)' }),
		),
		again: Type.Optional(Type.String({ description: 'the req_id of a request that you took and did not answer: show it once more' })),
	}),
	hints: takes,
	isWhole: true,
	async run({ sid, timeout_ms = DEFAULT_TIMEOUT_MS, again }, call) {
		const session = call.desk.session(sid)
		if (again !== undefined) return shown(inHand(session, again))
		if (session.frames.waiting.length === 0) {
			refuseClosed(session)
			if (timeout_ms > 0)
				await waiting(call, timeout_ms / 1000, 'nothing is asked of you', (until) => {
					session.hurry(until)
					return session.frames.arrival(until).catch(() => {})
				})
		}
		const frame = call.desk.take(session)
		if (frame) return shown(frame)
		refuseClosed(session)
		return { timed_out: true, ...lineOf(session) }
	},
})

const Kind = Type.Union([Type.Literal('spawn_ack'), Type.Literal('answer'), Type.Literal('hook_ack'), Type.Literal('spawn_halt')], {
	description: 'spawn_ack, answer, hook_ack or spawn_halt',
})

const ackTool = swarmTool({
	name: 'mse_ack',
	description:
		'Answer a request. spawn_ack ends a step: ok true with `value` only if no worker submitted, ok false with `error` fails it. answer: `value`. hook_ack: ok false with `error` keeps the step from starting. spawn_halt stops it on purpose. `received` true: the server has it on disk; false: it is kept here and sent again until it has.',
	input: Type.Object({
		sid: OneSid,
		req_id: Type.String({ description: 'req_id of the request' }),
		kind: Kind,
		value: Type.Optional(Type.Unknown({ description: 'any JSON' })),
		ok: Type.Optional(Type.Boolean({ description: 'default true' })),
		error: Type.Optional(Type.String({ description: 'why not' })),
		stats: Type.Optional(WorkerStatsReqSchema),
	}),
	hints: moves,
	async run({ sid, ...ack }, call) {
		const session = call.desk.session(sid)
		refuseClosed(session)
		const fate = await waiting(call, RECEIPT_SECS, 'the reply is on its way', (until) => {
			session.hurry(until)
			return session.frames.reply(toReply(ack), until)
		})
		return toSent(fate, session)
	},
})

export const operatorTools = [joinTool, listTool, leaveTool, waitTool, ackTool]

function shown(frame: OperatorFrame) {
	const { type, ...payload } = frame
	return { timed_out: false, req_id: frame.req_id, type, payload }
}

function inHand({ frames }: DeskSession, reqId: string): OperatorFrame {
	const frame = frames.taken.find(({ req_id }) => req_id === reqId)
	if (frame) return frame
	const names = frames.taken.map(({ req_id }) => req_id).join(', ')
	throw invalidParams(`Request ${reqId} is not in your hand.`, names === '' ? 'You have answered all that you took.' : `There is ${names}.`)
}

interface Ack {
	readonly req_id: string
	readonly kind: ClientReply['type']
	readonly value?: unknown
	readonly ok?: boolean
	readonly error?: string
	readonly stats?: object
}

/** What is left out is left out of the frame too, as in mlua-swarm. */
function toReply({ req_id, kind, value, ok = true, error, stats }: Ack): ClientReply {
	const reason = error === undefined ? {} : { reason: error }
	switch (kind) {
		case 'answer':
			return { type: kind, req_id, value: value ?? null }
		case 'hook_ack':
			return { type: kind, req_id, ok, ...reason }
		case 'spawn_halt':
			return { type: kind, req_id, value: value ?? {}, ...reason }
		case 'spawn_ack':
			return { type: kind, req_id, value: value ?? {}, ok, ...(error !== undefined && { error }), ...(stats && { stats }) }
	}
}

function toSent(fate: ReplyFate, session: DeskSession) {
	if (fate.kind === 'received') return { sent: true, received: true }
	if (fate.kind === 'refused') return { sent: true, received: false, refused: { code: fate.code, message: fate.message } }
	return {
		sent: session.isConnected,
		received: false,
		note: 'The server has not confirmed it yet. It is kept here and sent again until it does; do not repeat it.',
	}
}

const lineOf = ({ isConnected }: DeskSession) =>
	isConnected ? {} : { connected: false, note: 'The server is away; the session comes back to it by itself.' }

function refuseClosed({ closed, credential: { sid } }: DeskSession): void {
	if (closed !== null) throw invalidParams(`Session ${sid} is closed: ${closed}`, 'Join anew with mse_operator_join.')
}
