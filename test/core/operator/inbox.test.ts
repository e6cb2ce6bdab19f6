import { expect, test } from 'bun:test'
import { acknowledge } from '../../../src/core/operator/acknowledge.ts'
import { inboxSid } from '../../../src/core/operator/agent-sid.ts'
import { fromInboxBody } from '../../../src/core/operator/inbox-frame.ts'
import { SqliteMessageStore } from '../../../src/store/sqlite/hive/message-store.ts'
import { operatorWorld, settled, spawnAsking } from '../../support/operator-world.ts'

const ALICE = 'hive:alice'

async function hiveWorld(options: Parameters<typeof operatorWorld>[0] = {}) {
	const world = await operatorWorld(options)
	world.agents.add('alice')
	const messages = new SqliteMessageStore(world.db)
	return {
		world,
		run: await world.newRun(),
		unread: () => messages.unread('alice'),
		/** Its program ended, and another one begins. */
		beginAnew: () => messages.returnUnanswered('alice'),
		/** The frame of the oldest message, which is read by that. */
		async read() {
			const message = await messages.take('alice', [])
			const minted = { token: 'fresh', handle: 'wh-fedcba9876543210' }
			return message && { from: message.from, ...JSON.parse(fromInboxBody(message.body, () => minted)) }
		},
		ack: (ack: Parameters<typeof acknowledge>[2], agent = 'alice') => acknowledge({ hub: world.hub, requests: world.store }, agent, ack),
		[Symbol.dispose]: () => world[Symbol.dispose](),
	}
}

test('a spawn for an agent of the hive is a message of its inbox, and its acknowledgement ends it', async () => {
	using it = await hiveWorld()
	const asking = spawnAsking(it.run, ALICE)
	const reply = it.world.hub.ask(asking)
	await settled()
	const frame = await it.read()
	expect(frame).toEqual({
		...{ from: 'system', type: 'spawn', req_id: expect.stringContaining(`${ALICE}-spawn-`), task_id: asking.stepId, agent: 'coder' },
		...{ attempt: 1, capability_token: 'fresh', worker_handle: 'wh-fedcba9876543210', directive: 'do it' },
	})
	await it.ack({ req_id: frame.req_id, kind: 'spawn_ack', value: 7 })
	expect(await reply).toEqual({ type: 'spawn_ack', req_id: frame.req_id, value: 7 })
	expect(it.world.events('request.')).toEqual(['request.sent', 'request.delivered', 'request.answered'])
	expect((await it.world.runs.run(it.run.id))?.seats).toMatchObject([{ slot: ALICE, op: ALICE }])
})

test('a repeated acknowledgement is fine and the first one stands', async () => {
	using it = await hiveWorld()
	const reply = it.world.hub.ask(spawnAsking(it.run, ALICE))
	await settled()
	const { req_id } = await it.read()
	await it.ack({ req_id, kind: 'spawn_ack', value: 1 })
	await it.ack({ req_id, kind: 'spawn_ack', value: 2 })
	expect(await reply).toMatchObject({ value: 1 })
})

test('no credential of a frame is on disk while it waits', async () => {
	using it = await hiveWorld()
	void it.world.hub.ask(spawnAsking(it.run, ALICE)).catch(() => {})
	await settled()
	const rows = JSON.stringify(it.world.db.query('SELECT * FROM message').all())
	expect([rows.includes('wh-0123'), rows.includes('"tok')]).toEqual([false, false])
})

test('a frame is in the inbox once, however often the server dies', async () => {
	using it = await hiveWorld()
	const asking = spawnAsking(it.run, ALICE)
	void it.world.hub.ask(asking).catch(() => {})
	await settled()
	// As if the mark had been lost, and as if it had not.
	for (const state of ['sent', 'delivered']) {
		it.world.db.query('UPDATE request SET state = ?').run(state)
		await it.world.restart()
		void it.world.hub.resume(asking).catch(() => {})
		await settled()
		expect(await it.unread()).toBe(1)
	}
	const { req_id } = await it.read()
	await it.world.restart()
	const reply = it.world.hub.resume(asking)
	await settled()
	expect(await it.unread()).toBe(0)
	await it.ack({ req_id, kind: 'spawn_halt', reason: 'enough' })
	expect(await reply).toMatchObject({ type: 'spawn_halt', reason: 'enough' })
})

test('a request that is to be delivered once more gets a second message, but never two unread ones', async () => {
	using it = await hiveWorld()
	void it.world.hub.ask(spawnAsking(it.run, ALICE)).catch(() => {})
	await settled()
	const [request] = await it.world.hub.pending(inboxSid('alice'))
	for (let time = 0; time < 2; time++) {
		await it.world.hub.redeliver(inboxSid('alice'), request?.reqId ?? '')
		await settled()
		expect(await it.unread()).toBe(1)
	}
	await it.read()
	await it.world.hub.redeliver(inboxSid('alice'), request?.reqId ?? '')
	await settled()
	expect(await it.unread()).toBe(1)
})

test('a program that begins anew finds what the one before had read and not answered, in its old place, and nothing else', async () => {
	using it = await hiveWorld()
	const answered = it.world.hub.ask(spawnAsking(it.run, ALICE))
	void it.world.hub.ask(spawnAsking(it.run, ALICE)).catch(() => {})
	await settled()
	const [first, second] = [await it.read(), await it.read()]
	await it.ack({ req_id: first.req_id, kind: 'spawn_ack' })
	await answered
	for (let time = 0; time < 2; time++) await it.beginAnew()
	expect(await it.unread()).toBe(1)
	expect(await it.read()).toMatchObject({ req_id: second.req_id, capability_token: 'fresh' })
	expect(it.world.events('message.returned')).toHaveLength(1)
})

test('what is cancelled is withdrawn from the inbox; who has read it already is told that it is gone', async () => {
	using it = await hiveWorld()
	const [unread, known] = [spawnAsking(it.run, ALICE), spawnAsking(it.run, ALICE)]
	const ends = [known, unread].map((asking) => it.world.hub.ask(asking).catch(() => 'ended'))
	await settled()
	const { req_id } = await it.read()
	unread.stop.abort(new Error('cancelled'))
	known.stop.abort(new Error('cancelled'))
	expect(await Promise.all(ends)).toEqual(['ended', 'ended'])
	expect(await it.unread()).toBe(0)
	expect(it.ack({ req_id, kind: 'spawn_ack' })).rejects.toMatchObject({ kind: 'gone', message: expect.stringContaining(req_id) })
})

test('asks and hooks come the same way, and are answered by their own kinds alone', async () => {
	using it = await hiveWorld()
	const to = { operator: ALICE }
	const ask = spawnAsking(it.run, '', { kind: 'ask', to, frame: { task_id: 'ST-1', question: 'why?' }, secrets: () => ({}) })
	const hook = spawnAsking(it.run, '', { kind: 'hook_before', to, frame: { task_id: 'ST-1', agent: 'a', attempt: 1 }, secrets: () => ({}) })
	const answers = [it.world.hub.ask(ask), it.world.hub.ask(hook)]
	await settled()
	const [asked, hooked] = [await it.read(), await it.read()]
	expect([asked, hooked]).toMatchObject([
		{ type: 'ask', question: 'why?' },
		{ type: 'hook_before', agent: 'a' },
	])
	expect(it.ack({ req_id: asked.req_id, kind: 'spawn_ack' })).rejects.toThrow('"spawn_ack" does not answer this ask: use kind answer')
	await it.ack({ req_id: asked.req_id, kind: 'answer', value: { verdict: 'ok' } })
	await it.ack({ req_id: hooked.req_id, kind: 'hook_ack', ok: false, reason: 'no' })
	expect(await Promise.all(answers)).toMatchObject([{ value: { verdict: 'ok' } }, { ok: false, reason: 'no' }])
})

test('what nobody answers is a message too', async () => {
	using it = await hiveWorld()
	expect(await it.world.sessions.find(ALICE)).toMatchObject({ connected: true })
	it.world.hub.tell(inboxSid('alice'), { type: 'hook_after', req_id: 'r', task_id: 'ST-1', agent: 'a', attempt: 1, result: 3 })
	await settled()
	expect(await it.read()).toMatchObject({ type: 'hook_after', result: 3 })
})

test('the request of another agent is not known', async () => {
	using it = await hiveWorld()
	it.world.agents.add('bob')
	void it.world.hub.ask(spawnAsking(it.run, ALICE)).catch(() => {})
	await settled()
	const { req_id } = await it.read()
	expect(it.ack({ req_id, kind: 'spawn_ack' }, 'bob')).rejects.toMatchObject({ kind: 'not_found' })
})

test('a step for an agent that is not there waits, visibly, until it is spawned, a restart in between too', async () => {
	using it = await hiveWorld()
	const asking = spawnAsking(it.run, 'hive:ghost')
	void it.world.hub.ask(asking).catch(() => {})
	await settled()
	expect(await it.world.store.openRequests({ runId: it.run.id })).toMatchObject([{ state: 'parked', sid: null, slot: 'hive:ghost' }])
	expect(it.world.hub.waitsFor('hive:ghost')).toBe(true)
	it.world.agents.add('ghost')
	await it.world.restart()
	void it.world.hub.resume(asking).catch(() => {})
	await settled()
	expect(await it.world.store.openRequests({ runId: it.run.id })).toMatchObject([{ state: 'delivered', sid: 'hive:ghost' }])
})

test('agents are no operators for others: they count for no launch, nobody has their token, and they never idle out', async () => {
	using it = await hiveWorld()
	const found = await Promise.all([it.world.sessions.find(ALICE), it.world.sessions.find(ALICE)])
	expect(found.map((session) => session?.record.sid)).toEqual([inboxSid('alice'), inboxSid('alice')])
	expect(it.world.sessions.hasLive()).toBe(false)
	it.world.clock.advance(48 * 3_600_000)
	await it.world.restart()
	expect(it.world.sessions.peek(ALICE)).not.toBeNull()
	expect(it.world.events('session.joined')).toHaveLength(1)
	expect(await it.world.sessions.find('hive:')).toBeNull()
})

test('a disk that does not take a frame is tried again', async () => {
	let failures = 2
	using it = await hiveWorld({
		inboxes: (store) => ({ put: async (agent, frame) => (failures-- > 0 ? Promise.reject(new Error('full')) : store.put(agent, frame)) }),
	})
	void it.world.hub.ask(spawnAsking(it.run, ALICE)).catch(() => {})
	for (let time = 0; time < 2; time++) {
		await settled()
		expect(await it.unread()).toBe(0)
		it.world.clock.advance(1000)
	}
	await settled()
	expect(await it.unread()).toBe(1)
	expect(await it.world.hub.pending(inboxSid('alice'))).toMatchObject([{ state: 'delivered' }])
})
