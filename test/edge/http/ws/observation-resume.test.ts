import { expect, test } from 'bun:test'
import { eventually } from '../../../support/eventually.ts'
import { runtimeWorld } from '../runtime-world.ts'

const RECONNECTS = 100
const EVENTS = 1200
/** The worker is never further ahead of its reader, so that each connection goes from what it missed on to what happens. */
const AHEAD = 8

interface Seen {
	readonly texts: string[]
	cursor: string
}

/** Reads `most` events from where it was, then drops the connection without a word; what it had not read yet is lost to it. */
async function readSome(url: string, workerId: string, seen: Seen, most: number): Promise<void> {
	const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/workers/${workerId}/events/ws?cursor=${seen.cursor}`)
	const { promise, resolve } = Promise.withResolvers<void>()
	let left = most
	socket.onmessage = ({ data }) => {
		const { kind, envelope } = JSON.parse(String(data))
		if (kind !== 'event') throw new Error(`unexpected ${data}`)
		if (left === 0 || envelope.event_id.startsWith('snapshot:')) return
		seen.texts.push(envelope.payload.data.text)
		seen.cursor = envelope.cursor
		if (--left === 0) resolve()
	}
	socket.onclose = () => resolve()
	await promise
	socket.terminate()
}

test('a client that is cut off a hundred times under load sees every event once, in order', async () => {
	await using world = await runtimeWorld({ kept: EVENTS * 2 })
	const url = world.listen()
	const [mine, other] = [await world.create(), await world.create()]
	const seen: Seen = { texts: [], cursor: 'wo_0000000000000000' }
	const speaking = (async () => {
		for (let n = 0; n < EVENTS; n += 4) {
			await eventually(() => seen.texts.length > n - AHEAD, { what: `event ${n - AHEAD}` })
			for (let i = n; i < n + 4; i++) world.script.contexts.get(mine)?.publish({ event: 'text_delta', data: { text: String(i) } })
			await world.say(other, 'text_delta', { text: 'not mine' })
		}
	})()
	for (let n = 0; n < RECONNECTS; n++) await readSome(url, mine, seen, 1 + ((n * 7) % 19))
	await readSome(url, mine, seen, EVENTS - seen.texts.length)
	await speaking
	await eventually(() => seen.texts.length >= EVENTS, { what: 'all events' })
	expect(seen.texts).toEqual(Array.from({ length: EVENTS }, (_, n) => String(n)))
})
