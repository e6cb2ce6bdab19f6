import { Type } from '@sinclair/typebox'
import { LOG_TAIL_MAX } from '../../../protocol/hive-http.ts'
import { type MseClient, pathId } from '../../client/client.ts'
import { adds, ends, looks, moves, ownTool } from '../tool.ts'
import { LONGEST_WAIT_SECS, untilSeen, waiting } from '../wait.ts'

const Name = Type.String({ minLength: 1, description: 'the name of an agent of the hive' })
const OPERATOR = 'operator'
const MOVES = ['start', 'stop', 'restart', 'rebuild', 'pause', 'resume'] as const

const listTool = ownTool({
	name: 'mse_hive_agents',
	description: 'List the agents of the hive: programs that live on their own and write messages to one another.',
	input: Type.Object({}),
	hints: looks,
	async run(_, call) {
		const client = call.server()
		return client.answer(client.v1.hive.agents.get())
	},
})

const showTool = ownTool({
	name: 'mse_hive_agent',
	description: 'Show an agent of the hive, and the newest lines that its program wrote.',
	input: Type.Object({
		name: Name,
		log_lines: Type.Optional(Type.Integer({ minimum: 0, maximum: LOG_TAIL_MAX, description: 'how many (default 20)' })),
	}),
	hints: looks,
	async run({ name, log_lines = 20 }, call) {
		const client = call.server()
		const agent = await client.answer(one(client, name).get())
		if (log_lines === 0) return agent
		const { text } = await client.answer(one(client, name).logs.get({ query: { tail: log_lines } }))
		return { ...agent, log: text }
	},
})

const sendTool = ownTool({
	name: 'mse_hive_send',
	description: 'Write a message to an agent of the hive, as the operator. It waits in the inbox of the agent until that reads it.',
	input: Type.Object({ to: Name, body: Type.String() }),
	hints: adds,
	async run({ to, body }, call) {
		const client = call.server()
		return client.answer(one(client, to).messages.post({ body }))
	},
})

const recvTool = ownTool({
	name: 'mse_hive_recv',
	description:
		'Read what agents wrote to the operator and was not read yet, oldest first. Name what you have dealt with in `read`, or it comes again; `cursor` as `after` leaves it for others. With wait_secs it waits for the next message.',
	input: Type.Object({
		read: Type.Optional(Type.Array(Type.Integer({ minimum: 1 }), { maxItems: 200, description: 'ids of messages that are done with' })),
		after: Type.Optional(Type.Integer({ minimum: 0, description: '`cursor` of the call before' })),
		limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 50, description: 'at most so many, 1 to 50 (default 20)' })),
		wait_secs: Type.Optional(
			Type.Integer({ minimum: 0, maximum: LONGEST_WAIT_SECS, description: 'when there are none, wait so long for one (default 0)' }),
		),
	}),
	hints: moves,
	async run({ read: done = [], after = 0, limit = 20, wait_secs = 0 }, call) {
		const client = call.server()
		for (const id of done) await client.answer(client.v1.hive.inbox(pathId(String(id))).read.post(new Uint8Array()))
		const read = async () => {
			const { messages, next } = await client.answer(one(client, OPERATOR).inbox.get({ query: { after, limit } }))
			return { messages, cursor: messages.at(-1)?.id ?? after, more: next !== null }
		}
		const page = await read()
		if (page.messages.length > 0 || wait_secs === 0) return page
		let found = page
		await waiting(call, wait_secs, 'no agent has written', (until) =>
			untilSeen(client, { clock: call.clock, until, filter: { kind: 'message.sent' } }, async () => {
				found = await read()
				return found.messages.length > 0
			}),
		)
		return found
	},
})

const spawnTool = ownTool({
	name: 'mse_hive_spawn',
	description: 'Make an agent of the hive and start it. What it runs is in its config, else in the defaults of the server.',
	input: Type.Object({ name: Name }),
	hints: adds,
	async run({ name }, call) {
		const client = call.server()
		return client.answer(client.v1.hive.agents.post({ name }))
	},
})

const moveTool = ownTool({
	name: 'mse_hive_move',
	description: 'Start, stop, restart, rebuild (with the config that is applied by now), pause or resume an agent of the hive.',
	input: Type.Object({
		name: Name,
		to: Type.Union(
			MOVES.map((move) => Type.Literal(move)),
			{ description: MOVES.join(', ') },
		),
	}),
	hints: moves,
	async run({ name, to }, call) {
		const client = call.server()
		return client.answer(one(client, name)[to].post(new Uint8Array()))
	},
})

const destroyTool = ownTool({
	name: 'mse_hive_destroy',
	description: 'End an agent of the hive for good; with purge its folders, notes and logins too.',
	input: Type.Object({ name: Name, purge: Type.Optional(Type.Boolean({ description: 'default false' })) }),
	hints: ends,
	async run({ name, purge = false }, call) {
		const client = call.server()
		return client.answer(one(client, name).delete(null, { query: { purge } }))
	},
})

export const hiveTools = [listTool, showTool, sendTool, recvTool, spawnTool, moveTool, destroyTool]

const one = (client: MseClient, name: string) => client.v1.hive.agents({ name: encodeURIComponent(name) })
