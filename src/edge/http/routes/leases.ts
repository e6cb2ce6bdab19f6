import { invalidRequest } from '../../../core/worker/failure.ts'
import type { Grant, OpenTurn, StoredLease } from '../../../core/worker/lease.ts'
import type { LeaseDesk } from '../../../core/worker/lease-desk.ts'
import type { ProfileCatalog } from '../../../core/worker/profile.ts'
import {
	CompleteBodySchema,
	ExtendBodySchema,
	type LeasedTurn,
	LeaseReplySchema,
	OpenTurnsSchema,
	PullBodySchema,
	PullReplySchema,
	SayBodySchema,
} from '../../../protocol/lease.ts'
import { runtimeRefusals } from '../../../protocol/runtime.ts'
import { runtimeRoutes } from '../failure.ts'
import { openRoute, ownCredential } from '../guard.ts'
import { lifecycleBody, runtimeBody } from '../runtime-body.ts'

export interface LeaseRouteDeps {
	readonly desk: LeaseDesk
	readonly profiles: ProfileCatalog
	/** Fires when the server stops. */
	readonly stopping: AbortSignal
}

const guarded = ownCredential('runtime')

/** Turns that workers elsewhere carry out: asking for one, and everything a holder does with a lease. */
export const leaseRoutes = ({ desk, profiles, stopping }: LeaseRouteDeps) =>
	runtimeRoutes('leases')
		.get('/v1/runtime/turns', () => ({ turns: desk.list().map(toOpenTurn) }), {
			detail: { ...guarded, summary: 'Lists the turns that wait for a worker elsewhere, or that one has' },
			response: { 200: OpenTurnsSchema, ...runtimeRefusals(401) },
		})
		.post(
			'/v1/runtime/pull',
			async ({ body, request, server }) => {
				for (const name of body.profiles) if (profiles.find(name) === null) throw invalidRequest(`there is no profile \`${name}\``)
				server?.timeout(request, 0)
				const puller = { profiles: body.profiles, holder: body.holder ?? null, leaseMs: body.lease_ms }
				const grant = await desk.pull(puller, body.wait_ms ?? 0, AbortSignal.any([request.signal, stopping]))
				return { turn: grant && (await toLeasedTurn(grant)) }
			},
			{
				...runtimeBody(PullBodySchema),
				detail: { ...guarded, summary: 'Takes the oldest turn of a profile, under a lease' },
				response: { 200: PullReplySchema, ...runtimeRefusals(400, 401, 503) },
			},
		)
		.use(holderRoutes(desk))

const gone = runtimeRefusals(400, 410, 413, 503)

/** The lease is the credential here. */
const holderRoutes = (desk: LeaseDesk) =>
	runtimeRoutes('lease-holder')
		.post('/v1/runtime/leases/:lease/ack', async ({ params }) => toReply(await desk.extend(params.lease)), {
			detail: { ...openRoute, summary: 'Acknowledges a turn that was given out' },
			response: { 200: LeaseReplySchema, ...gone },
		})
		.post('/v1/runtime/leases/:lease/extend', async ({ params, body }) => toReply(await desk.extend(params.lease, body?.lease_ms)), {
			...lifecycleBody(ExtendBodySchema),
			detail: { ...openRoute, summary: 'Makes a lease last from now on' },
			response: { 200: LeaseReplySchema, ...gone },
		})
		.post('/v1/runtime/leases/:lease/events', async ({ params, body }) => toReply(await desk.say(params.lease, body.events)), {
			...runtimeBody(SayBodySchema),
			detail: { ...openRoute, summary: 'Tells what the worker does, and makes the lease last' },
			response: { 200: LeaseReplySchema, ...gone },
		})
		.post('/v1/runtime/leases/:lease/complete', async ({ params, body }) => toReply(await desk.complete(params.lease, body)), {
			...runtimeBody(CompleteBodySchema),
			detail: { ...openRoute, summary: 'Ends the turn with its answer, or with why there is none' },
			response: { 200: LeaseReplySchema, ...gone },
		})
		.post('/v1/runtime/leases/:lease/release', async ({ params }) => toReply(await desk.giveBack(params.lease)), {
			detail: { ...openRoute, summary: 'Gives a turn back, for somebody else' },
			response: { 200: LeaseReplySchema, ...gone },
		})

const toReply = ({ workerId, turn, fence, until }: StoredLease) => ({ lease: { worker_id: workerId, turn, fence, until } })

async function toLeasedTurn({ lease, fence, until, leaseMs, offer }: Grant): Promise<LeasedTurn> {
	const { workerId, turn, profile, input } = offer
	return {
		...{ lease, fence, until, lease_ms: leaseMs, worker_id: workerId, turn, profile },
		...{ kind: input.kind, content: input.content, attachments: input.attachments ?? [] },
		transcript: (await offer.transcript()).map(({ role, content }) => ({ role, content })),
	}
}

const toOpenTurn = ({ stored, deadlineAt }: OpenTurn) => ({
	...{ worker_id: stored.workerId, turn: stored.turn, profile: stored.profile, fence: stored.fence, holder: stored.holder },
	state: stored.state === 'leased' ? ('leased' as const) : ('waiting' as const),
	...{ since: stored.since, until: stored.until, deadline_at: deadlineAt },
})
