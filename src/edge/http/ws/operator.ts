import type { OperatorHub } from '../../../core/operator/hub.ts'
import type { LiveSession } from '../../../core/operator/sessions.ts'
import type { OperatorSocket } from '../../../core/operator/socket.ts'
import type { Clock } from '../../../kernel/clock.ts'
import type { SessionId } from '../../../kernel/id.ts'
import type { Logger } from '../../../kernel/log.ts'
import { ClientMsgSchema, ServerMsgSchema } from '../../../protocol/operator-frame.ts'
import { ownCredential } from '../guard.ts'
import type { StreamLimits } from '../stall.ts'
import { socketRoute } from '../ws.ts'

interface Peer {
	readonly sid: SessionId
	/** Set once the socket is open and the session still there. */
	operator: OperatorSocket | null
}

/** An operator's socket: frames of requests go out, replies come in. Everything it means is decided in the hub. */
export function operatorSocket(deps: {
	readonly hub: OperatorHub
	readonly clock: Clock
	readonly log: Logger
	readonly streamLimits?: StreamLimits
	/** Throws what the upgrade is answered with. */
	speaker(request: Request, sid: string): Promise<LiveSession>
}) {
	return socketRoute({
		in: ClientMsgSchema,
		out: ServerMsgSchema,
		refuses: [404],
		detail: {
			summary: 'Opens the socket on which the operator is asked and answers',
			...ownCredential('operator'),
		},
		log: deps.log,
		limits: deps.streamLimits,
		clock: deps.clock,
		async admit({ request, params }): Promise<Peer> {
			const { record } = await deps.speaker(request, params.sid ?? '')
			return { sid: record.sid, operator: null }
		},
		open(socket) {
			socket.caller.operator = deps.hub.connect(socket.caller.sid, socket)
		},
		message: (socket, frame) => socket.caller.operator?.receive(frame),
		misunderstood: (socket) => socket.caller.operator?.unreadable(),
		pong: (socket, payload) => socket.caller.operator?.pong(payload),
		close: (socket) => socket.caller.operator?.closed(),
	})
}
