import { Type } from '@sinclair/typebox'
import type { OperatorHub } from '../../../core/operator/hub.ts'
import type { LiveSession, OperatorSessions } from '../../../core/operator/sessions.ts'
import type { Clock } from '../../../kernel/clock.ts'
import type { MseError } from '../../../kernel/error.ts'
import { isJsonObject } from '../../../kernel/json.ts'
import type { Logger } from '../../../kernel/log.ts'
import { refusals } from '../../../protocol/error.ts'
import {
	OperatorsCreateReqSchema,
	OperatorsCreateRespSchema,
	OperatorsInfoRespSchema,
	OperatorsListQuerySchema,
	OperatorsListRespSchema,
	OperatorsRedeliverRespSchema,
	OperatorsRequestsRespSchema,
	RolesConflictSchema,
} from '../../../protocol/operator.ts'
import { jsonBody } from '../body.ts'
import { swarmRoutes } from '../failure.ts'
import { bearerOf, type IsAdmin, ownCredential } from '../guard.ts'
import type { StreamLimits } from '../stall.ts'
import { toInfo, toListed, toPending } from '../wire/operator.ts'
import { operatorSocket } from '../ws/operator.ts'
import { noContent } from './answer.ts'

export interface OperatorRouteDeps {
	readonly sessions: OperatorSessions
	readonly hub: OperatorHub
	readonly streamLimits?: StreamLimits
	/** `adminCheck` of the configured admin token. */
	readonly isAdmin: IsAdmin
	readonly clock: Clock
	readonly log: Logger
}

const DEFAULT_LIMIT = 50
const MAX_LIMIT = 200

/** `/v1/operators`: joining, one's own session, what waits for one's reply, and the socket. */
export const operatorRoutes = (deps: OperatorRouteDeps) => sessionRoutes(deps).use(requestRoutes(deps))

const mine = ownCredential('operator')

function sessionRoutes(deps: OperatorRouteDeps) {
	const { sessions } = deps
	const speaker = (request: Request, sid: string) => speakerOf(deps, request, sid)
	return swarmRoutes('operators', conflicts)
		.post('/v1/operators', async ({ body }) => toCreated(await sessions.join({ ...body, capabilityManifest: body.capability_manifest })), {
			...jsonBody(OperatorsCreateReqSchema),
			detail: { summary: 'Joins as an operator' },
			response: { 200: OperatorsCreateRespSchema, ...refusals(400, 413, 415, 422, 503), 409: RolesConflictSchema },
		})
		.get('/v1/operators', async ({ request, query }) => list(deps, request, query.limit), {
			query: OperatorsListQuerySchema,
			detail: { summary: 'Lists live operator sessions', ...mine },
			response: { 200: OperatorsListRespSchema, ...refusals(400, 401, 503) },
		})
		.get('/v1/operators/:sid', async ({ request, params }) => info(deps, await speaker(request, params.sid)), {
			detail: { summary: 'Shows an operator session', ...mine },
			response: { 200: OperatorsInfoRespSchema, ...refusals(401, 404, 503) },
		})
		.delete(
			'/v1/operators/:sid',
			async ({ request, params }) => {
				const { record } = await speaker(request, params.sid)
				await sessions.end(record.sid, 'ended')
				return noContent()
			},
			{ detail: { summary: 'Ends an operator session', ...mine }, response: { 204: Type.Void(), ...refusals(401, 404, 503) } },
		)
}

function requestRoutes(deps: OperatorRouteDeps) {
	const { hub, clock } = deps
	const speaker = (request: Request, sid: string) => speakerOf(deps, request, sid)
	return swarmRoutes('operator-requests')
		.get(
			'/v1/operators/:sid/requests',
			async ({ request, params }) => {
				const { record } = await speaker(request, params.sid)
				const requests = (await hub.pending(record.sid)).map((open) => toPending(open, clock.now()))
				return { requests, total: requests.length }
			},
			{
				detail: { summary: 'Lists what waits for the operator', ...mine },
				response: { 200: OperatorsRequestsRespSchema, ...refusals(401, 404, 503) },
			},
		)
		.post(
			'/v1/operators/:sid/requests/:req_id/redeliver',
			async ({ request, params }) => {
				const { record } = await speaker(request, params.sid)
				return { req_id: params.req_id, state: await hub.redeliver(record.sid, params.req_id) }
			},
			{
				detail: { summary: 'Sends a request to the operator again', ...mine },
				response: { 200: OperatorsRedeliverRespSchema, ...refusals(401, 404, 410, 503) },
			},
		)
		.ws('/v1/operators/:sid/ws', operatorSocket({ ...deps, speaker }))
}

/** The session's own bearer, or the admin token, in the order of mlua-swarm: 401 without one, 404, 401 for a wrong one. */
function speakerOf({ sessions, isAdmin }: OperatorRouteDeps, request: Request, sid: string): Promise<LiveSession> {
	return isAdmin(request) ? sessions.get(sid) : sessions.authenticate(sid, bearerOf(request))
}

async function info({ sessions }: OperatorRouteDeps, session: LiveSession) {
	return toInfo(session, await sessions.observed(session.record.sid))
}

/** Any live operator may look; only the reader's own session is kept alive by it. */
async function list({ sessions, isAdmin }: OperatorRouteDeps, request: Request, asked = DEFAULT_LIMIT) {
	if (!isAdmin(request)) await sessions.authenticateAny(bearerOf(request))
	await sessions.sweep()
	const limit = Math.min(asked, MAX_LIMIT)
	const live = [...sessions.list()].sort((a, b) => b.lastAccessAt - a.lastAccessAt || (a.record.sid < b.record.sid ? -1 : 1))
	const shown = live.slice(0, limit).map(async (session) => toListed(session, await sessions.observed(session.record.sid)))
	return { operators: await Promise.all(shown), total: live.length, limit }
}

/** A refused join names the roles beside the error (mlua-swarm 0.1.0). */
function conflicts({ details, code }: MseError): object {
	return code === 'roles_conflict' && isJsonObject(details) ? { conflicts: details.conflicts } : {}
}

function toCreated({ session, token }: Awaited<ReturnType<OperatorSessions['join']>>) {
	return { sid: session.sid, token, roles: [...session.roles] }
}
