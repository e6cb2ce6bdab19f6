import { expect, test } from 'bun:test'
import { connect } from 'node:net'
import type { Event } from '../../../../src/protocol/event.ts'
import { blueprintOf, lit, step } from '../../../support/blueprints.ts'
import { eventually } from '../../../support/eventually.ts'
import { fakeClock } from '../../../support/fake-clock.ts'
import { departs } from '../../../support/verifies.ts'
import { httpWorld } from '../support.ts'

const greet = blueprintOf(step('identity', lit(1), '$.out'), ['identity'])

/** Reads server-sent events until it has enough of them, or the stream ends. */
async function readEvents(response: Response, enough = Number.POSITIVE_INFINITY) {
	const events: Event[] = []
	const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
	let text = ''
	while (reader && events.length < enough) {
		const { value, done } = await reader.read()
		if (done) break
		const parts = (text + value).split('\n\n')
		text = parts.pop() ?? ''
		for (const part of parts) {
			const data = /^data: (.*)$/m.exec(part)?.[1]
			const id = /^id: (\d+)$/m.exec(part)?.[1]
			if (data === undefined) continue
			const event = JSON.parse(data) as Event
			expect(Number(id)).toBe(event.seq)
			events.push(event)
		}
	}
	await reader?.cancel()
	return events
}

const seqs = (events: readonly Event[]) => events.map(({ seq }) => seq)

test('a stream replays everything kept, then goes on live, each event once and in order', async () => {
	await using world = httpWorld()
	const url = world.listen()
	const first = (await world.launch(greet)).body
	const { newest } = await world.events.bounds()
	const reading = readEvents(await fetch(`${url}/v1/events`), newest + 1)
	await world.launch(greet)
	const events = await reading
	expect(seqs(events)).toEqual(seqs(await world.events.read(0, {}, events.length)))
	expect(events.length).toBeGreaterThan(newest)
	expect(events[0]).toMatchObject({ kind: 'run.started', run_id: first.run_id })
})

test('a reader comes back with the last id it saw', async () => {
	await using world = httpWorld()
	const url = world.listen()
	await world.launch(greet)
	const all = await readEvents(await fetch(`${url}/v1/events?follow=false`))
	const rest = await readEvents(await fetch(`${url}/v1/events?follow=false&after=0`, { headers: { 'last-event-id': `${all[0]?.seq}` } }))
	expect(rest).toEqual(all.slice(1))
	expect(await readEvents(await fetch(`${url}/v1/events?follow=false&after=${all.at(-1)?.seq}`))).toEqual([])
})

test('a stream shows only what its filters match', async () => {
	await using world = httpWorld()
	const url = world.listen()
	const first = (await world.launch(greet)).body
	const second = (await world.launch(greet)).body
	const all = await readEvents(await fetch(`${url}/v1/events?follow=false`))
	const only = async (query: string) => readEvents(await fetch(`${url}/v1/events?follow=false&${query}`))
	expect(await only(`run=${first.run_id}`)).toEqual(all.filter((event) => event.run_id === first.run_id))
	expect(await only(`task=${second.task_id}`)).toEqual(all.filter((event) => event.task_id === second.task_id))
	expect(await only('kind=run.done,step.')).toEqual(all.filter(({ kind }) => kind === 'run.done' || kind.startsWith('step.')))
	expect(await only('operator=S-0')).toEqual([])
	expect(await only('worker=worker-0')).toEqual([])
})

test('a cursor that was never given out is 400, one whose events are dropped 410', async () => {
	departs('04.81')
	await using world = httpWorld()
	await world.launch(greet)
	const refused = async (after: string) => {
		const { status, body } = await world.call('GET', `/v1/events?after=${after}`)
		return [status, body.code]
	}
	expect(await refused('99999')).toEqual([400, 'cursor_invalid'])
	expect(await refused('-1')).toEqual([400, 'cursor_invalid'])
	world.db.sqlite.run('DELETE FROM event WHERE seq < 3')
	expect(await refused('1')).toEqual([410, 'cursor_expired'])
})

test('a silent stream gets a heartbeat every 15 seconds, with the cursor to come back with', async () => {
	const clock = fakeClock()
	await using world = httpWorld({ clock })
	const { newest } = await world.events.bounds()
	const response = await world.app.handle(new Request('http://localhost/v1/events?after=latest'))
	const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
	expect((await reader?.read())?.value).toContain(': connected')
	const beat = reader?.read()
	await eventually(() => clock.pending > 0, { what: 'the stream waits' })
	await clock.advance(15_000)
	expect((await beat)?.value).toBe(`: heartbeat\nid: ${newest}\n\n`)
	await reader?.cancel()
})

test('streams are bounded, and a reader that leaves makes room', async () => {
	await using world = httpWorld({ subscribers: 1 })
	const url = world.listen()
	const leave = new AbortController()
	const first = await fetch(`${url}/v1/events`, { signal: leave.signal })
	const full = await fetch(`${url}/v1/events`)
	expect([full.status, ((await full.json()) as { code: string }).code]).toEqual([503, 'too_many_subscribers'])
	leave.abort()
	await first.text().catch(() => {})
	await eventually(async () => (await fetch(`${url}/v1/events?follow=false`)).ok, { what: 'the seat is free' })
})

test('a reader that does not read is served from the log later, and holds no growing buffer', async () => {
	await using world = httpWorld()
	const url = new URL(world.listen())
	const insert = world.db.sqlite.prepare('INSERT INTO event (seq, at, kind, data) VALUES (?, 0, ?, ?)')
	const data = JSON.stringify({ text: 'x'.repeat(2000) })
	world.db.sqlite.transaction(() => {
		for (let i = 0; i < 10_000; i++) insert.run(world.db.nextEventSeq(), 'run.started', data)
	})()
	const socket = connect(Number(url.port), '127.0.0.1')
	socket.pause()
	socket.write(`GET /v1/events HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`)
	let read = 0
	const { read: original } = world.events
	world.events.read = (...args) => {
		read++
		return original.apply(world.events, args)
	}
	let before = -1
	let calm = 0
	const isStalled = () => {
		calm = read === before && read > 0 ? calm + 1 : 0
		before = read
		return calm > 20
	}
	await eventually(isStalled, { what: 'the socket takes no more' })
	expect(read).toBeLessThan(15)
	let text = ''
	socket.setEncoding('utf8').on('data', (chunk) => {
		text += chunk
	})
	socket.resume()
	await eventually(() => text.includes('id: 10000\n'), { what: 'everything arrived' })
	const ids = [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id))
	expect(ids).toEqual(Array.from({ length: 10_000 }, (_, at) => at + 1))
	socket.destroy()
})

test('streams end when the server stops', async () => {
	await using world = httpWorld()
	const url = world.listen()
	const reading = readEvents(await fetch(`${url}/v1/events`))
	world.stopping.abort()
	expect(await reading).toEqual([])
})

test('the WebSocket gives the same events, and refuses a bad cursor before the upgrade', async () => {
	await using world = httpWorld()
	const url = world.listen()
	const { run_id } = (await world.launch(greet)).body
	const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/events/ws?run=${run_id}`)
	const frames: Event[] = []
	socket.addEventListener('message', ({ data }) => frames.push(JSON.parse(String(data)) as Event))
	const wanted = await readEvents(await fetch(`${url}/v1/events?follow=false&run=${run_id}`))
	await eventually(() => frames.length >= wanted.length, { what: 'the frames arrived' })
	expect(frames).toEqual(wanted)
	socket.close()
	const once = new WebSocket(`${url.replace('http', 'ws')}/v1/events/ws?follow=false`)
	const end = await new Promise<CloseEvent>((resolve) => once.addEventListener('close', resolve))
	expect([end.code, end.reason]).toEqual([1000, 'caught up'])
	const upgrade = {
		upgrade: 'websocket',
		connection: 'Upgrade',
		'sec-websocket-version': '13',
		'sec-websocket-key': 'x3JJHMbDL1EzLkh9GBhXDw==',
	}
	expect((await fetch(`${url}/v1/events/ws?after=99999`, { headers: upgrade })).status).toBe(400)
})
