import { Type } from '@sinclair/typebox'
import type { AttachSessions } from '../../../core/access/attach.ts'
import type { OperatorSessions } from '../../../core/operator/sessions.ts'
import type { SessionId } from '../../../kernel/id.ts'
import { refusals } from '../../../protocol/error.ts'
import {
	AttachSessionListQuerySchema,
	AttachSessionListSchema,
	SessionAttachReqSchema,
	SessionAttachRespSchema,
} from '../../../protocol/session.ts'
import { jsonBody } from '../body.ts'
import { swarmRoutes } from '../failure.ts'
import { bearerOf, type IsAdmin, ownCredential } from '../guard.ts'
import { failures, noContent } from './answer.ts'

export interface SessionDeps {
	readonly sessions: AttachSessions
	readonly operators: OperatorSessions
	/** `adminCheck` of the configured admin token. */
	readonly isAdmin: IsAdmin
}

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1000

/** `/v1/sessions`: engine attach sessions. The list, and ending one by its public id, are the administrator's. */
export function sessionRoutes(deps: SessionDeps) {
	const { sessions } = deps
	return swarmRoutes('sessions')
		.post('/v1/sessions', async ({ request, body }) => sessions.attach(body, await ownOperator(deps, request, body.agent_id)), {
			...jsonBody(SessionAttachReqSchema),
			detail: { summary: 'Attaches to the engine' },
			response: { 200: SessionAttachRespSchema, ...failures },
		})
		.get('/v1/sessions', async ({ query }) => ({ sessions: await sessions.list(Math.min(query.limit ?? DEFAULT_LIMIT, MAX_LIMIT)) }), {
			query: AttachSessionListQuerySchema,
			detail: { summary: 'Lists attach sessions, newest first' },
			response: { 200: AttachSessionListSchema, ...refusals(400, 401) },
		})
		.delete('/v1/sessions', ({ request }) => sessions.detach(request.headers.get('authorization') ?? undefined).then(noContent), {
			detail: { summary: 'Detaches from the engine', ...ownCredential('session') },
			response: { 204: Type.Void(), ...failures },
		})
		.delete('/v1/sessions/:id', ({ params }) => sessions.end(params.id).then(noContent), {
			detail: { summary: 'Ends any attach session' },
			response: { 204: Type.Void(), ...refusals(401, 404, 503) },
		})
}

/** The operator session that `agentId` names, if the caller has its token or the admin's: only then may the one end the other. */
async function ownOperator({ operators, isAdmin }: SessionDeps, request: Request, agentId: string): Promise<SessionId | null> {
	const live = isAdmin(request) ? operators.peek(agentId) : await operators.byToken(bearerOf(request) ?? '')
	return live?.record.sid === agentId ? live.record.sid : null
}
