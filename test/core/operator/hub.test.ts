import { describe, expect, test } from 'bun:test'
import { FEATURES } from '../../../src/kernel/version.ts'
import { operatorWorld, settled, spawnAsking } from '../../support/operator-world.ts'
import { verifies } from '../../support/verifies.ts'

async function joined(roles: string[] = ['main']) {
	const world = await operatorWorld()
	const { session } = await world.sessions.join({ roles, desc: 'ann' })
	return { world, sid: session.sid, run: await world.newRun(), [Symbol.dispose]: () => world[Symbol.dispose]() }
}

const ack = (req_id: string | undefined, value: unknown = {}) => ({ type: 'spawn_ack', req_id: req_id ?? '', value, ok: true }) as const

describe('a request and its reply', () => {
	test('a spawn reaches the connected operator with its secrets, and the ack ends it', async () => {
		using it = await joined()
		const peer = it.world.connect(it.sid)
		const asking = spawnAsking(it.run, 'main')
		const reply = it.world.hub.ask(asking)
		await settled()
		expect(peer.frames).toEqual([
			{
				...{ type: 'spawn', req_id: expect.stringContaining(`${it.sid}-spawn-`), task_id: asking.stepId, agent: 'coder', attempt: 1 },
				...{ capability_token: 'tok', worker_handle: 'wh-0123456789abcdef', directive: 'do it' },
			},
		] as never)
		expect(asking.isWorking()).toBe(true)
		peer.say(ack(peer.frames[0]?.type === 'spawn' ? peer.frames[0].req_id : ''))
		expect(await reply).toMatchObject({ type: 'spawn_ack', value: {} })
		expect(it.world.events('request.')).toEqual(['request.sent', 'request.answered'])
	})

	test('no secret of a frame is on disk', async () => {
		using it = await joined()
		it.world.connect(it.sid)
		void it.world.hub.ask(spawnAsking(it.run, 'main')).catch(() => {})
		await settled()
		const rows = JSON.stringify(it.world.db.query('SELECT * FROM request').all())
		expect(rows).not.toContain('wh-')
		expect(rows).not.toContain('tok')
		expect(rows).not.toContain('do it')
	})

	test('nothing is sent before its request is on disk', async () => {
		using it = await joined()
		const peer = it.world.connect(it.sid)
		void it.world.hub.ask(spawnAsking(it.run, 'main')).catch(() => {})
		for (let i = 0; i < 50; i++) await Promise.resolve()
		expect(peer.frames).toEqual([])
		await settled()
		expect(peer.frames).toHaveLength(1)
	})

	test('a reply of another session is not understood', async () => {
		using it = await joined()
		const other = (await it.world.sessions.join({})).session
		const peer = it.world.connect(it.sid)
		const stranger = it.world.connect(other.sid)
		const reply = it.world.hub.ask(spawnAsking(it.run, 'main'))
		await settled()
		stranger.say(ack(peer.spawns()[0]?.req_id, 'forged'))
		await settled()
		expect(it.world.hub.droppedFrames).toBe(1)
		peer.say(ack(peer.spawns()[0]?.req_id, 'mine'))
		expect(await reply).toMatchObject({ value: 'mine' })
	})

	test('replies of one socket take effect in the order they came: the first of two for one request wins', async () => {
		using it = await joined()
		const peer = it.world.connect(it.sid)
		const reply = it.world.hub.ask(spawnAsking(it.run, 'main'))
		await settled()
		peer.say(ack(peer.spawns()[0]?.req_id, 1))
		peer.say(ack(peer.spawns()[0]?.req_id, 2))
		expect(await reply).toMatchObject({ value: 1 })
	})

	test('a request that goes unanswered past its deadline fails and names it', async () => {
		using it = await joined()
		it.world.connect(it.sid)
		const reply = it.world.hub.ask(spawnAsking(it.run, 'main'))
		const failed = reply.catch((error: Error) => error.message)
		await settled()
		await it.world.clock.advance(86_400_000)
		expect(await failed).toContain('not answered within 86400 s (operator.request_deadline_secs)')
		expect(it.world.events('request.')).toContain('request.expired')
	})

	test('an abort withdraws the request and rejects with its reason; a late reply is not applied', async () => {
		verifies('01.C75')
		using it = await joined()
		const peer = it.world.connect(it.sid)
		const asking = spawnAsking(it.run, 'main')
		const reply = it.world.hub.ask(asking)
		await settled()
		asking.stop.abort(new Error('cancelled by ann'))
		await expect(reply).rejects.toThrow('cancelled by ann')
		peer.say({ type: 'hello', api_version: 'v1', features: [] })
		peer.say(ack(peer.spawns()[0]?.req_id))
		await settled()
		expect(peer.frames.slice(1).map((frame) => [frame.type, 'code' in frame ? frame.code : null])).toEqual([
			['hello', null],
			['error', 'gone'],
			['received', null],
		])
		expect(it.world.db.query<{ state: string; reply: string }>('SELECT state, reply FROM request').get()).toEqual({
			state: 'withdrawn',
			reply: JSON.stringify({ reason: 'cancelled by ann' }),
		})
	})

	test('more requests than the limit are refused with the limit', async () => {
		using world = await operatorWorld({ requestsPerSession: 2 })
		const { session } = await world.sessions.join({ roles: ['main'] })
		const peer = world.connect(session.sid)
		const run = await world.newRun()
		const first = world.hub.ask(spawnAsking(run, 'main'))
		void world.hub.ask(spawnAsking(run, 'main')).catch(() => {})
		await settled()
		await expect(world.hub.ask(spawnAsking(run, 'main'))).rejects.toThrow('has 2 requests waiting, the limit (limits.requests_per_session)')
		peer.say(ack(peer.spawns()[0]?.req_id))
		await first
		void world.hub.ask(spawnAsking(run, 'main')).catch(() => {})
		await settled()
		expect(peer.spawns()).toHaveLength(3)
	})

	test('a frame larger than a socket takes is refused before it is kept', async () => {
		using world = await operatorWorld({ frameBytes: 100_000 })
		await world.sessions.join({ roles: ['main'] })
		const run = await world.newRun()
		const asking = spawnAsking(run, 'main', { kind: 'ask', frame: { task_id: 'ST-1', question: 'x'.repeat(100_000) } })
		await expect(world.hub.ask(asking)).rejects.toThrow('larger than a frame of 100000 bytes')
		expect(world.events('request.')).toEqual([])
	})
})

describe('the client that says hello', () => {
	test('may name its version as a number, and is told when the server does not speak it', async () => {
		using it = await joined()
		for (const [version, codes] of [
			[undefined, []],
			[1, []],
			['v1', []],
			['v9', ['unsupported_api_version']],
		] as const) {
			const peer = it.world.connect(it.sid)
			peer.say({ type: 'hello', ...(version !== undefined && { api_version: version }) })
			expect(peer.frames.map((frame) => (frame.type === 'error' ? frame.code : frame.type))).toEqual(['hello', ...codes])
		}
	})

	test('is greeted, gets receipts after the commit, and errors for what is not understood', async () => {
		using it = await joined()
		const peer = it.world.connect(it.sid)
		peer.say({ type: 'hello', api_version: 'v1', features: ['received'] })
		const reply = it.world.hub.ask(spawnAsking(it.run, 'main'))
		await settled()
		const reqId = peer.spawns()[0]?.req_id ?? ''
		peer.say(ack(reqId))
		peer.mumble()
		peer.say(ack('no-such-request'))
		peer.say(ack(reqId))
		await reply
		await settled()
		expect(peer.frames.filter(({ type }) => type !== 'spawn')).toEqual([
			{ type: 'hello', api_version: 'v1', features: [...FEATURES] },
			{ type: 'received', req_id: reqId },
			{ type: 'error', code: 'bad_frame', message: expect.any(String) },
			{ type: 'error', code: 'unknown_request', req_id: 'no-such-request', message: expect.any(String) },
			{ type: 'received', req_id: reqId },
		])
		expect(it.world.hub.droppedFrames).toBe(2)
	})

	test('a client that did not say it gets none of our frames', async () => {
		using it = await joined()
		const peer = it.world.connect(it.sid)
		peer.mumble()
		peer.say(ack('no-such-request'))
		await settled()
		await it.world.hub.stop()
		expect(peer.frames).toEqual([])
		expect(peer.closed).toEqual({ code: 1001, reason: 'server stopping' })
	})

	test('a stop says so before it closes, and the request stands', async () => {
		using it = await joined()
		const peer = it.world.connect(it.sid)
		peer.say({ type: 'hello' })
		const asking = spawnAsking(it.run, 'main', { standsAfter: () => true })
		const reply = it.world.hub.ask(asking)
		await settled()
		await it.world.hub.stop()
		asking.stop.abort(new Error('detached'))
		await expect(reply).rejects.toThrow('detached')
		expect(peer.frames.at(-1)).toEqual({ type: 'going_away' })
		expect(await it.world.store.openRequests({ sid: it.sid })).toHaveLength(1)
	})

	test('while the disk fails it is told; another client is answered once the disk is back', async () => {
		using it = await joined()
		const loud = it.world.connect(it.sid)
		loud.say({ type: 'hello' })
		const reply = it.world.hub.ask(spawnAsking(it.run, 'main'))
		await settled()
		const { answer } = it.world.store
		let failures = 2
		it.world.store.answer = (...args) => (failures-- > 0 ? Promise.reject(new Error('disk full')) : answer.apply(it.world.store, args))
		const reqId = loud.spawns()[0]?.req_id ?? ''
		loud.say(ack(reqId, 'lost'))
		await settled()
		expect(loud.frames.at(-1)).toMatchObject({ type: 'error', req_id: reqId })
		const quiet = it.world.connect(it.sid)
		quiet.say(ack(reqId, 'kept'))
		await settled()
		await it.world.clock.advance(1000)
		expect(await reply).toMatchObject({ value: 'kept' })
	})
})
