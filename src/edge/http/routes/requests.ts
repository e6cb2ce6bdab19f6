import type { OperatorHub } from '../../../core/operator/hub.ts'
import type { OpenRequest, OpenRequestStore } from '../../../core/operator/open-request.ts'
import type { OperatorSessions } from '../../../core/operator/sessions.ts'
import { MseError } from '../../../kernel/error.ts'
import { asRunId, asSessionId } from '../../../kernel/id.ts'
import { refusals } from '../../../protocol/error.ts'
import { OpenRequestListSchema, OpenRequestQuerySchema, type OpenRequestRecord } from '../../../protocol/open-request.ts'
import { OperatorsRedeliverRespSchema } from '../../../protocol/operator.ts'
import { swarmRoutes } from '../failure.ts'

export interface RequestRouteDeps {
	readonly openRequests: OpenRequestStore
	readonly sessions: Pick<OperatorSessions, 'peek'>
	readonly hub: Pick<OperatorHub, 'redeliver'>
}

const DEFAULT_LIMIT = 200
const MAX_LIMIT = 1000

/** What waits for operators, whoever they are: for people who look after the server. */
export const requestRoutes = (deps: RequestRouteDeps) =>
	swarmRoutes('requests')
		.get(
			'/v1/requests',
			async ({ query }) => {
				const runId = query.run === undefined ? undefined : asRunId(query.run)
				const sid = query.vacant ? null : query.operator === undefined ? undefined : asSessionId(query.operator)
				const limit = Math.min(query.limit ?? DEFAULT_LIMIT, MAX_LIMIT)
				const { requests, total } = await deps.openRequests.oldest({ limit, runId, sid })
				return { requests: requests.map((request) => toRecord(deps, request)), total }
			},
			{
				query: OpenRequestQuerySchema,
				detail: { summary: 'Lists what waits for operators, oldest first' },
				response: { 200: OpenRequestListSchema, ...refusals(400) },
			},
		)
		.post('/v1/requests/:req_id/redeliver', ({ params }) => redeliver(deps, params.req_id), {
			detail: { summary: 'Sends a request to its operator again' },
			response: { 200: OperatorsRedeliverRespSchema, ...refusals(404, 409, 410, 503) },
		})

async function redeliver({ openRequests, hub }: RequestRouteDeps, reqId: string) {
	const sid = await openRequests.addressee(reqId)
	if (sid === undefined) throw new MseError('not_found', `No request ${reqId} is open.`, { code: 'unknown_request' })
	if (sid !== null) return { req_id: reqId, state: await hub.redeliver(sid, reqId) }
	throw new MseError('conflict', `Request ${reqId} waits for somebody to take its seat.`, {
		code: 'seat_vacant',
		hint: 'It is sent as soon as an operator joins or acquires the seat.',
	})
}

function toRecord({ sessions }: RequestRouteDeps, request: OpenRequest): OpenRequestRecord {
	const { sid } = request
	const session = sid === null ? null : sessions.peek(sid)
	const known = { desc: session?.record.desc ?? null, roles: [...(session?.record.roles ?? [])], connected: session?.connected ?? false }
	return {
		req_id: request.reqId,
		kind: request.kind,
		state: request.state,
		owner: sid === null ? null : { sid, ...known },
		slot: request.slot,
		run_id: request.runId,
		step_id: request.stepId,
		attempt: request.attempt,
		agent: request.agent,
		created_at: request.createdAt,
		deadline_at: request.deadlineAt,
	}
}
