import { describe, expect, test } from 'bun:test'
import { silentLogger } from '../../../src/kernel/log.ts'
import { operatorWorld, settled, spawnAsking } from '../../support/operator-world.ts'
import { departs, verifies } from '../../support/verifies.ts'

async function joined() {
	const world = await operatorWorld()
	const { session } = await world.sessions.join({ roles: ['main'] })
	return { world, sid: session.sid, run: await world.newRun(), [Symbol.dispose]: () => world[Symbol.dispose]() }
}
const ack = (req_id: string | undefined) => ({ type: 'spawn_ack', req_id: req_id ?? '', value: {}, ok: true }) as const

describe('drop and reconnect', () => {
	test('a frame for an operator who is away waits and arrives with the next socket', async () => {
		verifies('01.C61')
		departs('04.47')
		using it = await joined()
		const asking = spawnAsking(it.run, 'main')
		const reply = it.world.hub.ask(asking)
		await settled()
		expect(asking.isWorking()).toBe(false)
		expect(it.world.events('request.')).toEqual(['request.parked'])
		const peer = it.world.connect(it.sid)
		expect(asking.isWorking()).toBe(true)
		peer.say(ack(peer.spawns()[0]?.req_id))
		expect(await reply).toMatchObject({ type: 'spawn_ack' })
	})

	test('a frame proven read is not repeated, and its old id is answered on the new socket', async () => {
		using it = await joined()
		const peer = it.world.connect(it.sid)
		const reply = it.world.hub.ask(spawnAsking(it.run, 'main'))
		await settled()
		peer.read()
		peer.drop()
		const next = it.world.connect(it.sid)
		await settled()
		expect(next.frames).toEqual([])
		next.say(ack(peer.spawns()[0]?.req_id))
		await reply
	})

	test('a frame not proven read is sent again under the same id', async () => {
		using it = await joined()
		const peer = it.world.connect(it.sid)
		const asking = spawnAsking(it.run, 'main')
		void it.world.hub.ask(asking).catch(() => {})
		await settled()
		peer.drop()
		expect(asking.isWorking()).toBe(false)
		const next = it.world.connect(it.sid)
		expect(next.spawns()).toEqual(peer.spawns())
	})

	test('a pong proves the frames up to its counter and no later ones', async () => {
		using it = await joined()
		const peer = it.world.connect(it.sid)
		for (let i = 0; i < 3; i++) void it.world.hub.ask(spawnAsking(it.run, 'main')).catch(() => {})
		await settled()
		expect(peer.pings).toEqual(['1', '2', '3'])
		peer.read('2')
		peer.drop()
		expect(it.world.connect(it.sid).spawns()).toEqual(peer.spawns().slice(2))
	})

	test('a pong that is no counter of ours proves nothing', async () => {
		using it = await joined()
		const peer = it.world.connect(it.sid)
		void it.world.hub.ask(spawnAsking(it.run, 'main')).catch(() => {})
		await settled()
		for (const payload of ['', 'x', '-1', '1.5', '9'.repeat(40)]) peer.read(payload)
		peer.drop()
		expect(it.world.connect(it.sid).spawns()).toHaveLength(1)
	})

	test('how far a frame got survives a restart: delivered ones are not repeated, others are', async () => {
		using it = await joined()
		const peer = it.world.connect(it.sid)
		const askings = [spawnAsking(it.run, 'main'), spawnAsking(it.run, 'main')]
		for (const asking of askings) void it.world.hub.ask(asking).catch(() => {})
		await settled()
		peer.read('1')
		await it.world.clock.advance(20)
		await it.world.restart()
		const next = it.world.connect(it.sid)
		const replies = askings.map((asking) => it.world.hub.resume(asking))
		await settled()
		expect(next.spawns()).toEqual(peer.spawns().slice(1))
		for (const { req_id } of peer.spawns()) next.say(ack(req_id))
		expect(await Promise.all(replies)).toHaveLength(2)
	})

	test('a reply that comes before its run goes on after a restart is kept for it', async () => {
		using it = await joined()
		const peer = it.world.connect(it.sid)
		const asking = spawnAsking(it.run, 'main')
		void it.world.hub.ask(asking).catch(() => {})
		await settled()
		await it.world.restart()
		it.world.connect(it.sid).say({ ...ack(peer.spawns()[0]?.req_id), value: 'early' } as never)
		await settled()
		expect(await it.world.hub.resume(asking)).toMatchObject({ value: 'early' })
	})

	test('a resumed request whose deadline passed meanwhile fails by it', async () => {
		using it = await joined()
		const asking = spawnAsking(it.run, 'main')
		void it.world.hub.ask(asking).catch(() => {})
		await settled()
		await it.world.restart()
		await it.world.clock.advance(86_400_001)
		const { session } = await it.world.sessions.join({})
		expect(session.sid).not.toBe(it.sid)
		await expect(it.world.hub.resume(asking)).rejects.toThrow()
	})

	test('an attempt without a request on disk asks anew when it is resumed', async () => {
		using it = await joined()
		const peer = it.world.connect(it.sid)
		const reply = it.world.hub.resume(spawnAsking(it.run, 'main'))
		await settled()
		peer.say(ack(peer.spawns()[0]?.req_id))
		await reply
	})

	test('redelivery sends a delivered frame once more, and refuses ended and foreign ones', async () => {
		using it = await joined()
		const peer = it.world.connect(it.sid)
		const reply = it.world.hub.ask(spawnAsking(it.run, 'main'))
		await settled()
		peer.read()
		const reqId = peer.spawns()[0]?.req_id ?? ''
		expect(await it.world.hub.redeliver(it.sid, reqId)).toBe('sent')
		expect(peer.spawns()).toHaveLength(2)
		const other = (await it.world.sessions.join({})).session.sid
		await expect(it.world.hub.redeliver(other, reqId)).rejects.toMatchObject({ kind: 'not_found' })
		peer.say(ack(reqId))
		await reply
		await expect(it.world.hub.redeliver(it.sid, reqId)).rejects.toMatchObject({ kind: 'gone' })
	})

	test('what waits is listed with its state until it is answered', async () => {
		using it = await joined()
		const peer = it.world.connect(it.sid)
		const reply = it.world.hub.ask(spawnAsking(it.run, 'main'))
		await settled()
		peer.read()
		expect((await it.world.hub.pending(it.sid)).map(({ state }) => state)).toEqual(['delivered'])
		peer.say(ack(peer.spawns()[0]?.req_id))
		await reply
		expect(await it.world.hub.pending(it.sid)).toEqual([])
	})
})

describe('two sockets on one session', () => {
	test('the newer wins, gets the unproven frames, and the older is closed 4001', async () => {
		verifies('01.C63', '01.C64')
		using it = await joined()
		const older = it.world.connect(it.sid)
		for (let i = 0; i < 2; i++) void it.world.hub.ask(spawnAsking(it.run, 'main')).catch(() => {})
		await settled()
		older.read('1')
		const newer = it.world.connect(it.sid)
		expect(older.closed).toEqual({ code: 4001, reason: 'replaced' })
		expect(newer.spawns()).toEqual(older.spawns().slice(1))
		older.read('2')
		older.drop()
		expect(it.world.sessions.peek(it.sid)?.connected).toBe(true)
		void it.world.hub.ask(spawnAsking(it.run, 'main')).catch(() => {})
		await settled()
		expect(newer.spawns()).toHaveLength(2)
		expect(older.spawns()).toHaveLength(2)
	})

	test('a reply that the older one still delivered counts', async () => {
		using it = await joined()
		const older = it.world.connect(it.sid)
		const reply = it.world.hub.ask(spawnAsking(it.run, 'main'))
		await settled()
		it.world.connect(it.sid)
		older.say(ack(older.spawns()[0]?.req_id))
		expect(await reply).toMatchObject({ type: 'spawn_ack' })
	})
})

describe('a slow reader', () => {
	test('gets no more frames once the socket queues, until it proves one read', async () => {
		using it = await joined()
		const peer = it.world.connect(it.sid)
		peer.stall('queued')
		for (let i = 0; i < 5; i++) void it.world.hub.ask(spawnAsking(it.run, 'main')).catch(() => {})
		await settled()
		expect(peer.spawns()).toHaveLength(1)
		peer.stall('sent')
		peer.read('1')
		expect(peer.spawns()).toHaveLength(5)
	})

	test('a dropped frame goes to the next socket', async () => {
		using it = await joined()
		const peer = it.world.connect(it.sid)
		peer.stall('dropped')
		void it.world.hub.ask(spawnAsking(it.run, 'main')).catch(() => {})
		await settled()
		peer.drop()
		expect(it.world.connect(it.sid).spawns()).toHaveLength(1)
	})
})

describe('the time to acknowledge', () => {
	test('a Final without an ack decides after the grace', async () => {
		using it = await joined()
		it.world.connect(it.sid)
		const asking = spawnAsking(it.run, 'main')
		const reply = it.world.hub.ask(asking)
		await settled()
		it.world.hub.finalArrived(asking.stepId, 1)
		await it.world.clock.advance(59_999)
		expect(await it.world.hub.pending(it.sid)).toHaveLength(1)
		await it.world.clock.advance(1)
		expect(await reply).toEqual({ type: 'final' })
	})

	test('it counts only while the operator is connected', async () => {
		using it = await joined()
		const peer = it.world.connect(it.sid)
		const asking = spawnAsking(it.run, 'main')
		const reply = it.world.hub.ask(asking)
		await settled()
		it.world.hub.finalArrived(asking.stepId, 1)
		await it.world.clock.advance(40_000)
		peer.drop()
		await it.world.clock.advance(3_600_000)
		expect(await it.world.hub.pending(it.sid)).toHaveLength(1)
		it.world.connect(it.sid)
		await it.world.clock.advance(20_000)
		expect(await reply).toEqual({ type: 'final' })
	})

	test('an ack within it ends the request as ever', async () => {
		using it = await joined()
		const peer = it.world.connect(it.sid)
		const asking = spawnAsking(it.run, 'main')
		const reply = it.world.hub.ask(asking)
		await settled()
		it.world.hub.finalArrived(asking.stepId, 1)
		await it.world.clock.advance(30_000)
		peer.say(ack(peer.spawns()[0]?.req_id))
		expect(await reply).toMatchObject({ type: 'spawn_ack' })
	})

	test('a Final that was there before the restart starts it', async () => {
		using it = await joined()
		const asking = spawnAsking(it.run, 'main', { hasFinal: async () => true })
		void it.world.hub.ask(asking).catch(() => {})
		await settled()
		await it.world.restart()
		it.world.connect(it.sid)
		const reply = it.world.hub.resume(asking)
		await settled()
		await it.world.clock.advance(60_000)
		expect(await reply).toEqual({ type: 'final' })
	})
})

test('a frame that nobody answers is lost on an absent operator, with a warning in the log; one that arrives logs nothing', async () => {
	verifies('01.C66')
	const warned: unknown[] = []
	const log = { ...silentLogger, warn: (_message: string, fields?: object) => void warned.push(fields) }
	using world = await operatorWorld({ log })
	const { session } = await world.sessions.join({ roles: ['main'] })
	const frame = { type: 'hook_after', req_id: 'r', task_id: 'ST-1', agent: 'a', attempt: 1, result: 1 } as const
	expect(world.hub.tell(session.sid, frame)).toBe(false)
	expect(warned).toEqual([{ sid: session.sid, type: 'hook_after', step_id: 'ST-1' }])
	const peer = world.connect(session.sid)
	expect([world.hub.tell(session.sid, frame), peer.frames, warned.length]).toEqual([true, [frame], 1])
})
