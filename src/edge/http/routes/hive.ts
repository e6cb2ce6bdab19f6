import { Type } from '@sinclair/typebox'
import { type IdempotencyStore, type Once, oncePerKey } from '../../../core/access/idempotency.ts'
import { isAgentName } from '../../../core/hive/agent-name.ts'
import { OPERATOR } from '../../../core/hive/hive.ts'
import type { OperatedHive } from '../../../core/hive/operated-hive.ts'
import { MseError } from '../../../kernel/error.ts'
import { isJsonObject } from '../../../kernel/json.ts'
import { refusals } from '../../../protocol/error.ts'
import { ConfigDiffSchema } from '../../../protocol/hive-config.ts'
import {
	type HiveAgentDetail,
	HiveAgentDetailSchema,
	HiveAgentListSchema,
	HiveDestroyedSchema,
	HiveDestroyQuerySchema,
	HiveInboxQuerySchema,
	HiveInboxSchema,
	HiveLogsQuerySchema,
	HiveLogsSchema,
	HiveMessageSchema,
	HiveSentSchema,
	HiveSpawnSchema,
} from '../../../protocol/hive-http.ts'
import { jsonBody, rawBody } from '../body.ts'
import { swarmRoutes } from '../failure.ts'
import { keyOf, takesKey } from '../idempotency.ts'

export interface HiveRouteDeps {
	/** Throws `unavailable` where this server has no hive. */
	readonly hive: () => OperatedHive
	readonly keys: IdempotencyStore
}

/** `/v1/hive`: what the operator's socket can do, over HTTP. No agent and no operator session has a credential for it. */
export const hiveRoutes = (deps: HiveRouteDeps) =>
	readingRoutes(deps).use(birthRoutes(deps)).use(lifeRoutes(deps)).use(inboxRoutes(deps)).use(configRoutes(deps))

function readingRoutes({ hive }: HiveRouteDeps) {
	return swarmRoutes('hive-reading')
		.get('/v1/hive/agents', async () => hive().control.list(), {
			detail: { summary: 'Lists the agents of the hive' },
			response: { 200: HiveAgentListSchema, ...refusals(503) },
		})
		.get('/v1/hive/agents/:name', async ({ params }) => hive().control.inspect(params.name), {
			detail: { summary: 'Shows an agent, and asks its cage how it fares' },
			response: { 200: HiveAgentDetailSchema, ...refusals(404, 503) },
		})
		.get(
			'/v1/hive/agents/:name/logs',
			async ({ params, query }) => ({ name: params.name, text: await hive().control.logs(params.name, query.tail) }),
			{
				query: HiveLogsQuerySchema,
				detail: { summary: 'Shows the newest lines of what the program of an agent wrote' },
				response: { 200: HiveLogsSchema, ...refusals(400, 404, 503) },
			},
		)
}

/** Waiting for an agent to start may take longer than a server's patience with a silent connection. */
function birthRoutes({ hive, keys }: HiveRouteDeps) {
	const once = oncePerKey<HiveAgentDetail>(keys)
	const destroyedOnce = oncePerKey<null>(keys)
	return swarmRoutes('hive-births')
		.post(
			'/v1/hive/agents',
			async ({ request, body, server, status }) => {
				const { host, control } = hive()
				const shown = () => control.inspect(body.name)
				server?.timeout(request, 0)
				return status(201, await once(keyOf(request, body), () => host.spawn(body.name).then(shown), shown))
			},
			{
				...takesKey,
				...jsonBody(HiveSpawnSchema),
				detail: { summary: 'Makes an agent and starts it, without an approval' },
				response: { 201: HiveAgentDetailSchema, ...refusals(400, 409, 413, 422, 503, 504) },
			},
		)
		.delete(
			'/v1/hive/agents/:name',
			async ({ request, params: { name }, query: { purge = false }, server }) => {
				const { host } = hive()
				server?.timeout(request, 0)
				const destroy = async (): Promise<null> => {
					await host.destroy(name, { purge })
					return null
				}
				await destroyedOnce(keyOf(request, null), destroy, async () => null)
				return { name, purged: purge }
			},
			{
				...takesKey,
				query: HiveDestroyQuerySchema,
				detail: { summary: 'Ends an agent for good; `purge=true` deletes its folders too' },
				response: { 200: HiveDestroyedSchema, ...refusals(400, 403, 404, 422, 503) },
			},
		)
}

function lifeRoutes({ hive, keys }: HiveRouteDeps) {
	const once = oncePerKey<HiveAgentDetail>(keys)
	const done = (what: (hive: OperatedHive, name: string) => Promise<void>) => movedBy(hive, once, what)
	const moved = (summary: string) => ({
		...takesKey,
		...rawBody(),
		detail: { summary },
		response: { 200: HiveAgentDetailSchema, ...refusals(400, 404, 409, 413, 422, 503, 504) },
	})
	return swarmRoutes('hive-lives')
		.post(
			'/v1/hive/agents/:name/start',
			done(({ control }, name) => control.start(name)),
			moved('Starts an agent; the manager is made if there is none'),
		)
		.post(
			'/v1/hive/agents/:name/stop',
			done(({ host }, name) => host.kill(name)),
			moved('Stops an agent; its inbox goes on filling'),
		)
		.post(
			'/v1/hive/agents/:name/restart',
			done(({ control }, name) => control.restart(name)),
			moved('Stops an agent and starts it with the config that it had'),
		)
		.post(
			'/v1/hive/agents/:name/rebuild',
			done(({ host }, name) => host.rebuild(name)),
			moved('Starts an agent with the config that is applied by now'),
		)
		.post(
			'/v1/hive/agents/:name/pause',
			done(({ control }, name) => control.setPaused(name, true)),
			moved('Lets the harness of an agent take no message'),
		)
		.post(
			'/v1/hive/agents/:name/resume',
			done(({ control }, name) => control.setPaused(name, false)),
			moved('Lets the harness of an agent take messages again'),
		)
}

/** The part of a request's context that a move of an agent needs. */
interface Move {
	readonly request: Request
	readonly params: { readonly name: string }
	readonly body: Uint8Array
	readonly server: { timeout(request: Request, seconds: number): void } | null
}

/** Carries a move out, once for each key, and shows the agent afterwards. */
function movedBy(
	hive: HiveRouteDeps['hive'],
	once: Once<HiveAgentDetail>,
	what: (hive: OperatedHive, name: string) => Promise<void>,
): (move: Move) => Promise<HiveAgentDetail> {
	return async ({ request, params: { name }, body, server }) => {
		const operated = hive()
		const shown = () => operated.control.inspect(name)
		server?.timeout(request, 0)
		return once(keyOf(request, body), () => what(operated, name).then(shown), shown)
	}
}

function inboxRoutes({ hive, keys }: HiveRouteDeps) {
	const once = oncePerKey<number>(keys)
	return swarmRoutes('hive-inboxes')
		.get('/v1/hive/agents/:name/inbox', async ({ params, query }) => hive().control.inbox(params.name, query), {
			query: HiveInboxQuerySchema,
			detail: { summary: 'Reads the inbox of an agent, or of `operator`, and delivers nothing' },
			response: { 200: HiveInboxSchema, ...refusals(400, 404, 503) },
		})
		.post(
			'/v1/hive/inbox/:id/read',
			async ({ params: { id }, status }) => {
				if (!/^[1-9]\d{0,14}$/.test(id)) throw new MseError('not_found', `the operator has no message ${id}`, { code: 'no_such_message' })
				await hive().control.markRead(Number(id))
				return status(204, undefined)
			},
			{
				...rawBody(),
				detail: { summary: "Takes a message of the operator's own inbox as read; a repeat is fine" },
				response: { 204: Type.Undefined(), ...refusals(400, 404, 413, 503) },
			},
		)
		.post(
			'/v1/hive/agents/:name/messages',
			async ({ request, params: { name }, body, status }) => {
				const { control } = hive()
				const id = await once(
					keyOf(request, body),
					() => control.send(name, body.body),
					async (effect) => Number(isJsonObject(effect) ? effect.message_id : Number.NaN),
				)
				return status(201, { message_id: id, from: OPERATOR, to: name })
			},
			{
				...takesKey,
				...jsonBody(HiveMessageSchema),
				detail: { summary: 'Puts a message of the operator into the inbox of an agent' },
				response: { 201: HiveSentSchema, ...refusals(400, 404, 413, 422, 503) },
			},
		)
}

function configRoutes({ hive }: HiveRouteDeps) {
	return swarmRoutes('hive-configs').get(
		'/v1/hive/config/:name/proposals/:id/diff',
		async ({ params: { name, id } }) => {
			if (isAgentName(name) && /^\d{1,15}$/.test(id)) return hive().diff(name, id)
			throw new MseError('not_found', `no proposal ${id} of agent ${JSON.stringify(name)}`, { code: 'unknown_proposal' })
		},
		{
			detail: { summary: 'Shows what a proposed config of an agent changes, and the commit that was fetched for it' },
			response: { 200: ConfigDiffSchema, ...refusals(400, 404, 503) },
		},
	)
}
