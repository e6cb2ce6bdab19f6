import { Type } from '@sinclair/typebox'
import { WorkerStatusSchema } from '../../../protocol/runtime.ts'
import { pathId } from '../../client/client.ts'
import { adds, ends, looks, ownTool } from '../tool.ts'

const Id = Type.String({ minLength: 1, description: 'the id of a worker, worker-…' })
const Limit = Type.Optional(Type.Integer({ minimum: 1, maximum: 50, description: 'at most so many, 1 to 50 (default 20)' }))
const DEFAULT_LIMIT = 20

const listTool = ownTool({
	name: 'mse_workers',
	description: 'List long-lived workers, which have a transcript and are told turn after turn, and the profiles that can run one.',
	input: Type.Object({
		status: Type.Optional({ ...WorkerStatusSchema, description: 'running, stopped or cancelled' }),
		profile: Type.Optional(Type.String({ description: 'only of this profile, such as builtin:echo' })),
		after: Type.Optional(Type.String({ description: '`next_after` of the page before' })),
		limit: Limit,
	}),
	hints: looks,
	async run({ limit = DEFAULT_LIMIT, ...filter }, call) {
		const client = call.server()
		const { workers, next_after } = await client.answer(client.v1.workers.get({ query: { ...filter, limit } }))
		const { profiles } = await client.answer(client.v1.runtime.get())
		return { workers, next_after: next_after ?? null, profiles }
	},
})

const showTool = ownTool({
	name: 'mse_worker',
	description: 'Show a long-lived worker and whether it is busy.',
	input: Type.Object({ id: Id }),
	hints: looks,
	async run({ id }, call) {
		const client = call.server()
		return client.answer(client.v1.workers(pathId(id)).get())
	},
})

const createTool = ownTool({
	name: 'mse_worker_create',
	description: 'Create a long-lived worker of a profile (see mse_workers) and give it its first turn.',
	input: Type.Object({
		profile: Type.Optional(Type.String({ description: 'default: that of the server' })),
		name: Type.Optional(Type.String({ maxLength: 256 })),
		input: Type.Optional(Type.String({ description: 'its first turn' })),
	}),
	hints: adds,
	async run({ profile, name, input }, call) {
		const client = call.server()
		return client.answer(
			client.v1.workers.post({
				intent: { kind: 'assistant' },
				profile: profile === undefined ? { kind: 'runtime_default' } : { kind: 'builtin', value: profile },
				...(name !== undefined && { display_name: name }),
				...(input !== undefined && { initial_input: { kind: 'user' as const, content: input } }),
			}),
		)
	},
})

const inputTool = ownTool({
	name: 'mse_worker_input',
	description: 'Give a long-lived worker its next turn. Its answer comes into the transcript; mse_events with this worker says when.',
	input: Type.Object({
		id: Id,
		content: Type.String(),
		attachments: Type.Optional(Type.Array(Type.String(), { maxItems: 64, description: 'ids of attachments' })),
	}),
	hints: adds,
	async run({ id, content, attachments }, call) {
		const client = call.server()
		return client.answer(client.v1.workers(pathId(id)).input.post({ kind: 'user', content, ...(attachments && { attachments }) }))
	},
})

const transcriptTool = ownTool({
	name: 'mse_worker_transcript',
	description: 'Read what was said to and by a long-lived worker. Without `start`, the newest lines.',
	input: Type.Object({
		id: Id,
		start: Type.Optional(Type.Integer({ minimum: 0, description: 'the first line, counted from 0' })),
		limit: Limit,
	}),
	hints: looks,
	async run({ id, start, limit = DEFAULT_LIMIT }, call) {
		const client = call.server()
		const worker = client.v1.workers(pathId(id))
		const read = async (from: number) => (await client.answer(worker.transcript.get({ query: { start: from, limit } }))).transcript
		if (start !== undefined) return read(start)
		const { worker: shown } = await client.answer(worker.get())
		return read(Math.max(0, shown.transcript_len - limit))
	},
})

const endTool = ownTool({
	name: 'mse_worker_end',
	description: 'End a long-lived worker: stop lets it finish in good order, cancel ends it at once. Its transcript stays.',
	input: Type.Object({
		id: Id,
		how: Type.Union([Type.Literal('stop'), Type.Literal('cancel')], { description: 'stop or cancel' }),
		reason: Type.Optional(Type.String()),
	}),
	hints: ends,
	async run({ id, how, reason }, call) {
		const client = call.server()
		return client.answer(client.v1.workers(pathId(id))[how].post(reason === undefined ? {} : { reason }))
	},
})

export const workerTools = [listTool, showTool, createTool, inputTool, transcriptTool, endTool]
