import { describe, expect, test } from 'bun:test'
import { startMessageVacuum } from '../../../src/core/hive/vacuum.ts'
import { silentLogger } from '../../../src/kernel/log.ts'
import { eventually } from '../../support/eventually.ts'
import { verifies } from '../../support/verifies.ts'
import { brokerWorld, receive } from './broker-world.ts'

const HOUR_MS = 3600 * 1000
const DAY_MS = 24 * HOUR_MS

describe('sending', () => {
	test('goes to known agents, running or not, the manager and the operator; nobody writes to system', async () => {
		verifies('08.36')
		using world = brokerWorld()
		for (const to of ['alice', 'stopped', 'manager', 'operator']) await world.send('hi', to)
		for (const to of ['nobody', 'system', 'host', ''])
			expect(world.send('hi', to)).rejects.toThrow(`unknown recipient ${JSON.stringify(to)}`)
		expect(await receive(world.broker, 'stopped', 0).received).toBe(true)
	})

	test('takes a body up to the limit in bytes, and an empty one', async () => {
		verifies('08.43')
		using world = brokerWorld()
		await world.send('é'.repeat(50))
		await world.send('')
		expect(world.send(`${'é'.repeat(50)}x`)).rejects.toThrow('the body has 101 bytes; the limit is 100 (hive.max_body_bytes)')
		expect(await world.broker.unread('bob')).toBe(2)
	})
})

describe('receiving', () => {
	test('is in the order of what was accepted, of two senders at once as well', async () => {
		verifies('08.33')
		using world = brokerWorld()
		const accepted: string[] = []
		const sender = async (name: string): Promise<void> => {
			for (let round = 0; round < 50; round++) {
				const bodies = Array.from({ length: 10 }, (_, n) => `${name}${round}.${n}`)
				await Promise.all(bodies.map((body) => world.send(body).then(() => accepted.push(body))))
			}
		}
		await Promise.all([sender('a'), sender('b')])
		const got: string[] = []
		for (let n = 0; n < 20; n++) {
			const one = receive(world.broker, 'bob', 0)
			await one.received
			got.push(...one.got)
		}
		const rest = await Promise.all(accepted.slice(20).map(() => world.store.take('bob', [])))
		got.push(...rest.map((message) => message?.body ?? 'nothing'))
		expect(got).toEqual(accepted)
	})

	test('takes a message once, and counting changes nothing', async () => {
		verifies('08.34', '08.35')
		using world = brokerWorld()
		await world.send('one')
		expect([await world.broker.unread('bob'), await world.broker.unread('bob')]).toEqual([1, 1])
		const [first, second] = [receive(world.broker, 'bob', 0), receive(world.broker, 'bob', 0)]
		expect([await first.received, await second.received]).toEqual([true, false])
		expect([first.got, second.got, await world.broker.unread('bob')]).toEqual([['one'], [], 0])
	})

	test('waits for the next message, and ends with nothing when its time is over', async () => {
		verifies('08.39')
		using world = brokerWorld()
		const waiting = receive(world.broker, 'bob', 5000)
		await world.clock.advance(4999)
		await world.send('for another', 'alice')
		expect(waiting.got).toEqual([])
		await world.send('at last')
		expect([await waiting.received, waiting.got]).toEqual([true, ['at last']])
		const late = receive(world.broker, 'bob', 5000)
		await world.clock.advance(5000)
		expect(await late.received).toBe(false)
		await world.send('too late')
		expect(await world.broker.unread('bob')).toBe(1)
	})

	test('serves those who wait in the order they came, one message each', async () => {
		verifies('08.41')
		using world = brokerWorld()
		const waiting = [receive(world.broker, 'bob', 5000), receive(world.broker, 'bob', 5000), receive(world.broker, 'bob', 5000)]
		await Promise.all([world.send('one'), world.send('two')])
		expect([await waiting[0]?.received, await waiting[1]?.received]).toEqual([true, true])
		expect(waiting.map(({ got }) => got)).toEqual([['one'], ['two'], []])
		waiting[2]?.leave()
		expect(await waiting[2]?.received).toBe(false)
	})

	test('a message sent in the turn in which somebody begins to wait is not missed', async () => {
		using world = brokerWorld()
		for (let n = 0; n < 50; n++) {
			const waiting = receive(world.broker, 'bob', 5000)
			await world.send(`${n}`)
			expect([await waiting.received, waiting.got]).toEqual([true, [`${n}`]])
			const sent = world.send('other way round')
			const second = receive(world.broker, 'bob', 5000)
			expect([await second.received, await sent]).toEqual([true, expect.any(Number)])
		}
	})

	test('a receiver that leaves, or does not take what it is handed, loses nothing', async () => {
		verifies('08.40')
		using world = brokerWorld()
		const gone = receive(world.broker, 'bob', 5000)
		gone.leave()
		expect(await gone.received).toBe(false)
		const broken = receive(world.broker, 'bob', 5000, () => false)
		const next = receive(world.broker, 'bob', 5000)
		await world.send('one')
		expect([await broken.received, await next.received, next.got]).toEqual([false, true, ['one']])
		const alone = receive(world.broker, 'bob', 5000, () => false)
		for (const body of ['two', 'three']) await world.send(body)
		expect(await alone.received).toBe(false)
		const after = receive(world.broker, 'bob', 5000)
		expect([await after.received, after.got, await world.broker.unread('bob')]).toEqual([true, ['two'], 1])
	})

	test('one who leaves while its message is being looked for leaves it to the next', async () => {
		using world = brokerWorld()
		await world.send('one')
		const leaving = receive(world.broker, 'bob', 0)
		const next = receive(world.broker, 'bob', 0)
		leaving.leave()
		expect([await leaving.received, await next.received, next.got]).toEqual([false, true, ['one']])
		await world.send('two')
		const alone = receive(world.broker, 'bob', 0)
		alone.leave()
		await alone.received
		await eventually(() => world.lastEvent() === 'message.returned', { what: 'the message is back' })
		expect(await world.broker.unread('bob')).toBe(1)
	})

	test('a message that is being read slowly is unread on disk and nobody else gets it', async () => {
		using world = brokerWorld()
		for (const body of ['one', 'two', 'three']) await world.send(body)
		const reading = Promise.withResolvers<boolean>()
		const slow = receive(world.broker, 'bob', 0, () => reading.promise)
		await eventually(() => slow.got.length === 1, { what: 'the slow one is being handed its message' })
		const other = receive(world.broker, 'bob', 0)
		expect([await other.received, other.got, await world.broker.unread('bob')]).toEqual([true, ['two'], 2])
		reading.resolve(true)
		expect([await slow.received, await world.broker.unread('bob')]).toEqual([true, 1])
	})

	test('a message that a slow reader never got is the next one', async () => {
		using world = brokerWorld()
		await world.send('one')
		const reading = Promise.withResolvers<boolean>()
		const slow = receive(world.broker, 'bob', 0, () => reading.promise)
		await eventually(() => slow.got.length === 1, { what: 'the slow one is being handed its message' })
		const waiting = receive(world.broker, 'bob', 5000)
		reading.resolve(false)
		expect([await slow.received, await waiting.received, waiting.got]).toEqual([false, true, ['one']])
	})

	test('a disk that fails fails the request, and what could not be put back is given to the next', async () => {
		let failures = 1
		using world = brokerWorld((store) => ({
			putBack: (id) => (failures-- > 0 ? Promise.reject(new Error('disk')) : store.putBack(id)),
		}))
		await world.send('one')
		await receive(world.broker, 'bob', 0, () => false).received
		const next = receive(world.broker, 'bob', 0)
		expect([await next.received, next.got]).toEqual([true, ['one']])
		using broken = brokerWorld(() => ({ take: () => Promise.reject(new Error('no disk')) }))
		expect(receive(broken.broker, 'bob', 0).received).rejects.toThrow('no disk')
		expect(receive(broken.broker, 'bob', 5000).received).rejects.toThrow('no disk')
	})

	test('the log is listened to only while somebody receives', async () => {
		using world = brokerWorld()
		const waiting = receive(world.broker, 'bob', 5000)
		const other = receive(world.broker, 'alice', 5000)
		expect(world.listeners).toBe(1)
		await world.send('one')
		await waiting.received
		other.leave()
		await other.received
		await eventually(() => world.listeners === 0, { what: 'nobody listens' })
		expect(world.clock.pending).toBe(0)
	})
})

test('old messages go every hour, unread ones never', async () => {
	using world = brokerWorld()
	for (const body of ['read', 'unread']) await world.send(body)
	await receive(world.broker, 'bob', 0).received
	await world.clock.advance(30 * DAY_MS - 2 * HOUR_MS)
	using job = startMessageVacuum({ messages: world.store, clock: world.clock, log: silentLogger })
	const dropped: number[] = []
	for (let hour = 0; hour < 3; hour++) {
		await world.clock.advance(HOUR_MS)
		await job.idle()
		dropped.push(job.report().actedTotal)
	}
	expect([dropped, job.report().errors, await world.broker.unread('bob')]).toEqual([[0, 0, 1], 0, 1])
})
