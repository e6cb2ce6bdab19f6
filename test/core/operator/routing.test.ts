import { expect, test } from 'bun:test'
import { operatorWorld, settled, spawnAsking } from '../../support/operator-world.ts'
import { verifies } from '../../support/verifies.ts'

test('a seat that nobody holds goes to the operator whose role it is, who then holds it', async () => {
	using world = await operatorWorld()
	const { session } = await world.sessions.join({ roles: ['main'], desc: 'ann' })
	const peer = world.connect(session.sid)
	const run = await world.newRun()
	void world.hub.ask(spawnAsking(run, 'main')).catch(() => {})
	await settled()
	expect(peer.spawns()).toHaveLength(1)
	expect((await world.runs.run(run.id))?.seats).toEqual([{ slot: 'main', op: session.sid, desc: 'ann', generation: 1 }])
})

test('a sid is as good as a role', async () => {
	using world = await operatorWorld()
	const { session } = await world.sessions.join({})
	const peer = world.connect(session.sid)
	void world.hub.ask(spawnAsking(await world.newRun(), session.sid)).catch(() => {})
	await settled()
	expect(peer.spawns()).toHaveLength(1)
})

test('lanes that find a vacant seat at the same time agree on one holder', async () => {
	using world = await operatorWorld()
	const { session } = await world.sessions.join({ roles: ['main'] })
	const run = await world.newRun()
	for (let i = 0; i < 5; i++) void world.hub.ask(spawnAsking(run, 'main')).catch(() => {})
	await settled()
	expect(world.events('seat.')).toEqual(['seat.assigned'])
	expect((await world.store.openRequests({ sid: session.sid })).map(({ seatGeneration }) => seatGeneration)).toEqual([1, 1, 1, 1, 1])
})

test('the holder gets the request even when another operator has the role', async () => {
	verifies('01.C71')
	using world = await operatorWorld()
	const holder = (await world.sessions.join({ desc: 'holder' })).session
	await world.sessions.join({ roles: ['main'] })
	const run = await world.newRun([{ slot: 'main', op: holder.sid, desc: 'holder', generation: 1 }])
	void world.hub.ask(spawnAsking(run, 'main')).catch(() => {})
	await settled()
	expect(await world.store.openRequests({ sid: holder.sid })).toHaveLength(1)
})

test('with nobody of that name the request waits on the seat until one joins', async () => {
	verifies('01.C72', '01.C77')
	using world = await operatorWorld()
	const run = await world.newRun()
	const asking = spawnAsking(run, 'main')
	const reply = world.hub.ask(asking)
	await settled()
	expect(asking.isWorking()).toBe(false)
	const [waiting] = await world.store.openRequests({ runId: run.id })
	expect(waiting).toMatchObject({ state: 'parked', sid: null, slot: 'main', deadlineAt: world.clock.now() + 86_400_000 })
	const { session } = await world.sessions.join({ roles: ['main'] })
	const peer = world.connect(session.sid)
	await settled()
	expect(peer.spawns().map(({ req_id }) => req_id)).toEqual([waiting?.reqId ?? ''])
	peer.say({ type: 'spawn_ack', req_id: waiting?.reqId ?? '', value: 7 })
	expect(await reply).toMatchObject({ value: 7 })
	expect((await world.runs.run(run.id))?.seats).toMatchObject([{ slot: 'main', op: session.sid }])
})

test('a request parked on a seat waits on after a restart', async () => {
	using world = await operatorWorld()
	const run = await world.newRun()
	const asking = spawnAsking(run, 'main')
	void world.hub.ask(asking).catch(() => {})
	await settled()
	await world.restart()
	const reply = world.hub.resume(asking)
	await settled()
	const { session } = await world.sessions.join({ roles: ['main'] })
	const peer = world.connect(session.sid)
	await settled()
	peer.say({ type: 'spawn_ack', req_id: peer.spawns()[0]?.req_id ?? '' })
	await reply
	expect(world.db.query('SELECT req_id FROM request').all()).toHaveLength(1)
})

test('whoever is given the seat gets what waits on it', async () => {
	using world = await operatorWorld()
	const run = await world.newRun()
	void world.hub.ask(spawnAsking(run, 'main')).catch(() => {})
	await settled()
	const { session } = await world.sessions.join({})
	const peer = world.connect(session.sid)
	await world.runs.assignSeat(run.id, 'main', session.sid, 'ann', 'acquire')
	world.hub.seatAssigned(run.id, 'main')
	await settled()
	expect(peer.spawns()).toHaveLength(1)
})

test('a seat held by something that is no session fails the step and names both', async () => {
	using world = await operatorWorld()
	const run = await world.newRun([{ slot: 'main', op: 'S-ghost', desc: '', generation: 1 }])
	await expect(world.hub.ask(spawnAsking(run, 'main'))).rejects.toThrow(`Operator seat 'main' of run ${run.id} is held by 'S-ghost'`)
})

test('a holder that idled out loses the seat, and the request waits for the next', async () => {
	using world = await operatorWorld()
	const { session } = await world.sessions.join({ roles: ['main'] })
	const run = await world.newRun([{ slot: 'main', op: session.sid, desc: '', generation: 1 }])
	await world.clock.advance(24 * 3_600_000)
	void world.hub.ask(spawnAsking(run, 'main')).catch(() => {})
	await settled()
	expect((await world.runs.run(run.id))?.seats).toEqual([])
	expect(await world.store.openRequests({ runId: run.id })).toMatchObject([{ sid: null, state: 'parked' }])
	expect(world.events('session.')).toEqual(['session.joined', 'session.expired'])
})

test('one join takes no more than the session may have waiting; the rest follow as room comes', async () => {
	using world = await operatorWorld({ requestsPerSession: 2 })
	const run = await world.newRun()
	for (let i = 0; i < 3; i++) void world.hub.ask(spawnAsking(run, 'main')).catch(() => {})
	await settled()
	const { session } = await world.sessions.join({ roles: ['main'] })
	const peer = world.connect(session.sid)
	await settled()
	expect(peer.spawns()).toHaveLength(2)
	peer.say({ type: 'spawn_ack', req_id: peer.spawns()[0]?.req_id ?? '' })
	await settled()
	await settled()
	expect(peer.spawns()).toHaveLength(3)
})
