import { describe, expect, test } from 'bun:test'
import { mseClient } from '../../../src/edge/client/client.ts'
import { type FollowOptions, followEvents } from '../../../src/edge/client/follow-events.ts'
import type { Event } from '../../../src/protocol/event.ts'
import { eventually } from '../../support/eventually.ts'
import { fakeClock } from '../../support/fake-clock.ts'
import { httpWorld } from '../http/support.ts'

const eventOf = (seq: number): string => `id: ${seq}\ndata: ${JSON.stringify({ seq, at: seq, kind: 'run.started', data: {} })}\n\n`

/** A server that plays one script a connection: text, then the end of the stream, or no connection at all. */
function scripted(...connections: readonly (string | Response | Error)[]) {
	const cursors: (string | null)[] = []
	const fetch = async (_url: unknown, init?: RequestInit): Promise<Response> => {
		cursors.push(new Headers(init?.headers).get('last-event-id'))
		const next = connections[cursors.length - 1]
		if (next === undefined || next instanceof Error) throw next ?? new TypeError('refused')
		return next instanceof Response ? next : new Response(next)
	}
	return { client: mseClient({ url: 'http://localhost:1', fetch: Object.assign(fetch, { preconnect() {} }) }), cursors }
}

/** Takes so many events, moving the clock on while the follower waits. */
async function take(count: number, events: AsyncGenerator<Event, void, void>, clock: ReturnType<typeof fakeClock>): Promise<number[]> {
	const seqs: number[] = []
	while (seqs.length < count) {
		const next = events.next()
		let settled = false
		next
			.finally(() => {
				settled = true
			})
			.catch(() => {})
		await eventually(
			async () => {
				if (!settled) await clock.advance(2000)
				return settled
			},
			{ what: 'the next event' },
		)
		const { value } = await next
		if (value) seqs.push(value.seq)
	}
	return seqs
}

describe('a stream that breaks', () => {
	test('is opened again after the last event, or after the heartbeat that came later', async () => {
		const clock = fakeClock()
		const { client, cursors } = scripted(
			eventOf(1) + eventOf(2),
			new TypeError('refused'),
			`${eventOf(3)}: heartbeat\nid: 8\n\n`,
			eventOf(9),
		)
		const events = followEvents(client, { after: '0', clock })
		expect(await take(4, events, clock)).toEqual([1, 2, 3, 9])
		expect(cursors).toEqual(['0', '2', '2', '8'])
		await events.return()
	})

	test('is given up after a minute without a server', async () => {
		const clock = fakeClock()
		const start = clock.now()
		const { client } = scripted(eventOf(1))
		// Not `rejects`, which turns the event loop itself and starves the timers this waits for.
		const failed = await take(2, followEvents(client, { clock }), clock).catch((error: unknown) => error)
		expect(failed).toMatchObject({ code: 'unreachable' })
		expect(clock.now() - start).toBeGreaterThan(60_000)
	})

	test('is told each time, and waited for as long as the caller likes', async () => {
		const clock = fakeClock()
		const { client } = scripted(eventOf(1), ...Array.from({ length: 60 }, () => new TypeError('refused')), eventOf(2))
		const told: string[] = []
		const hooks = { onConnected: () => void told.push('connected'), onBroken: () => void told.push('broken') }
		const events = followEvents(client, { after: '0', clock, patienceMs: Number.POSITIVE_INFINITY, ...hooks })
		expect(await take(2, events, clock)).toEqual([1, 2])
		expect(told.slice(0, 2)).toEqual(['connected', 'broken'])
		expect(told.filter((word) => word === 'connected')).toHaveLength(2)
		await events.return()
	})

	test('is not opened again when the server refuses the cursor', async () => {
		const clock = fakeClock()
		const refusal = Response.json({ error: 'Gone.', code: 'cursor_expired' }, { status: 410 })
		const { client } = scripted(eventOf(1), refusal)
		await expect(take(2, followEvents(client, { clock }), clock)).rejects.toMatchObject({ kind: 'gone', code: 'cursor_expired' })
	})

	test('because events were dropped says so', async () => {
		const clock = fakeClock()
		const { client } = scripted(`event: cursor_expired\ndata: {"error":"They are gone.","code":"cursor_expired"}\n\n`)
		await expect(take(1, followEvents(client, { clock }), clock)).rejects.toMatchObject({ kind: 'gone', message: 'They are gone.' })
	})
})

test('a server that is not there at first is unreachable at once', async () => {
	const { client } = scripted()
	await expect(followEvents(client).next()).rejects.toMatchObject({ code: 'unreachable' })
})

describe('against a server', () => {
	const flow = { kind: 'seq', children: [] }
	const kinds = async (url: string, options: FollowOptions) =>
		(await Array.fromAsync(followEvents(mseClient({ url }), { live: false, ...options }))).map(({ kind }) => kind)

	test('what happened so far is given once, filtered, and then it ends', async () => {
		await using world = httpWorld()
		const url = world.listen()
		const { run_id } = (await world.launch({ id: 'x', flow, agents: [] })).body
		await world.launch({ id: 'y', flow, agents: [] })
		expect(await kinds(url, { filter: { run: run_id } })).toEqual(['run.started', 'run.done'])
		expect(await kinds(url, { filter: { kind: 'run.done' } })).toEqual(['run.done', 'run.done'])
		expect(await kinds(url, { after: 'latest' })).toEqual([])
	})

	test('the signal ends it without an error', async () => {
		await using world = httpWorld()
		const left = new AbortController()
		const events = followEvents(mseClient({ url: world.listen() }), {
			after: 'latest',
			signal: left.signal,
			onConnected: () => left.abort(),
		})
		expect(await Array.fromAsync(events)).toEqual([])
	})
})
