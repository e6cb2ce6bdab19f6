import { Type } from '@sinclair/typebox'
import type { Event } from '../../../protocol/event.ts'
import type { MseClient } from '../../client/client.ts'
import { type FollowOptions, followEvents } from '../../client/follow-events.ts'
import { untilAnswered } from '../../client/operator-backoff.ts'
import { looks, ownTool } from '../tool.ts'
import { LONGEST_WAIT_SECS, waiting } from '../wait.ts'

const DEFAULT_LIMIT = 50

/** What happened, page by page. */
export const eventTools = [
	ownTool({
		name: 'mse_events',
		description:
			'Read what happened since a cursor, oldest first; `cursor` of the answer is the `after` of the next call, so nothing is missed or told twice. Without `after`: from the start with a filter for run, task, worker or operator, else only what happens from now on.',
		input: Type.Object({
			after: Type.Optional(Type.String({ pattern: '^(\\d+|latest)$', description: '`cursor` of the call before, or latest' })),
			run: Type.Optional(Type.String()),
			task: Type.Optional(Type.String()),
			worker: Type.Optional(Type.String()),
			operator: Type.Optional(Type.String()),
			kind: Type.Optional(
				Type.String({
					description: 'a comma list of beginnings of kinds: run. step. attempt. request. approval. message. hive. worker. issue. …',
				}),
			),
			limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, description: 'at most so many, 1 to 100 (default 50)' })),
			wait_secs: Type.Optional(
				Type.Integer({ minimum: 0, maximum: LONGEST_WAIT_SECS, description: 'when there are none, wait so long for one (default 0)' }),
			),
		}),
		hints: looks,
		async run({ after, limit = DEFAULT_LIMIT, wait_secs = 0, ...filter }, call) {
			const client = call.server()
			const isNarrow = [filter.run, filter.task, filter.worker, filter.operator].some((name) => name !== undefined)
			const from = after ?? (isNarrow ? undefined : 'latest')
			const page = await readPage(client, limit, {
				...(from === undefined ? {} : { after: from }),
				filter,
				live: false,
				signal: call.signal,
			})
			if (page.events.length > 0 || wait_secs === 0) return page
			const next = await waiting(call, wait_secs, 'nothing has happened', (signal) =>
				untilAnswered(call.clock, signal, () =>
					readPage(client, 1, { ...(page.cursor !== null && { after: page.cursor }), filter, signal }),
				),
			)
			return { events: next.events, cursor: next.cursor ?? page.cursor, more: next.events.length > 0 }
		},
	}),
]

/** `more`: there may be some that the page had no room for. */
async function readPage(client: MseClient, limit: number, options: FollowOptions) {
	const events: Event[] = []
	let cursor = options.after === 'latest' ? null : (options.after ?? null)
	const onCursor = (at: string): void => {
		cursor = at
	}
	for await (const event of followEvents(client, { ...options, onCursor })) {
		events.push(event)
		if (events.length === limit) return { events, cursor: String(event.seq), more: true }
	}
	return { events, cursor, more: false }
}
