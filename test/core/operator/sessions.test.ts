import { expect, test } from 'bun:test'
import { IDLE_HORIZON_MS } from '../../../src/core/operator/session.ts'
import { startSessionSweep } from '../../../src/core/operator/sweep.ts'
import { silentLogger } from '../../../src/kernel/log.ts'
import { operatorWorld, settled, spawnAsking } from '../../support/operator-world.ts'
import { departs, verifies } from '../../support/verifies.ts'

test('a join gives a sid and a token; only the digest of the token is kept', async () => {
	verifies('01.C52')
	using world = await operatorWorld()
	const { session, token } = await world.sessions.join({ roles: ['main'], desc: '  ann ' })
	expect([session.sid, token]).toEqual([expect.stringMatching(/^S-[0-9a-f]{16}$/), expect.stringMatching(/^[0-9a-f]{32}$/)] as never)
	expect(session).toMatchObject({ roles: ['main'], desc: 'ann' })
	expect(JSON.stringify(world.db.query('SELECT * FROM operator_session').all())).not.toContain(token)
	expect(JSON.stringify(world.db.query('SELECT * FROM event').all())).not.toContain(token)
})

test('a blank description counts as none', async () => {
	verifies('01.C38')
	using world = await operatorWorld()
	expect((await world.sessions.join({ desc: '  ' })).session.desc).toBeNull()
	expect((await world.sessions.join({})).session).toMatchObject({ desc: null, roles: [] })
})

test('roles are exclusive until their owner ends; a role named twice in one join is no clash', async () => {
	verifies('01.C37')
	departs('01.C36')
	using world = await operatorWorld()
	const first = await world.sessions.join({ roles: ['a', 'b', 'a'] })
	expect(first.session.roles).toEqual(['a', 'b'])
	await expect(world.sessions.join({ roles: ['b', 'c'] })).rejects.toMatchObject({ kind: 'conflict', details: { conflicts: ['b'] } })
	expect(world.sessions.peek('c')).toBeNull()
	await world.sessions.join({})
	await world.sessions.end(first.session.sid, 'ended')
	expect((await world.sessions.join({ roles: ['b', 'c'] })).session.roles).toEqual(['b', 'c'])
})

test('of two joins for one role at the same time one wins', async () => {
	using world = await operatorWorld()
	const joins = await Promise.allSettled([1, 2, 3].map(() => world.sessions.join({ roles: ['main'] })))
	expect(joins.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
})

test('a join that cannot be stored leaves nothing behind', async () => {
	verifies('01.C40')
	departs('01.C39')
	using world = await operatorWorld()
	world.store.join = () => Promise.reject(new Error('disk full'))
	await expect(world.sessions.join({ roles: ['main'] })).rejects.toThrow('disk full')
	expect(world.sessions.peek('main')).toBeNull()
	expect(world.sessions.hasLive()).toBe(false)
})

test('a socket registers nothing: a session is known everywhere from its join on', async () => {
	verifies('01.C40', '01.C41')
	using world = await operatorWorld()
	const { session } = await world.sessions.join({ roles: ['main'] })
	const known = async () => [
		world.sessions.list().map(({ record }) => record),
		[session.sid, 'main'].map((name) => world.sessions.peek(name)?.record),
		(await world.store.sessions()).map(({ sid, roles }) => [sid, roles]),
		world.sessions.hasLive(),
	]
	const before = await known()
	world.connect(session.sid)
	await settled()
	expect(await known()).toEqual(before)
	expect(before[1]).toEqual([session, session])
})

test('credentials are checked in order: none, unknown sid, wrong token', async () => {
	verifies('01.C5', '01.C45')
	using world = await operatorWorld()
	const { session, token } = await world.sessions.join({})
	await expect(world.sessions.authenticate('S-nobody', null)).rejects.toMatchObject({ kind: 'unauthenticated', code: 'missing_bearer' })
	await expect(world.sessions.authenticate('S-nobody', 'x')).rejects.toMatchObject({ kind: 'not_found', code: 'unknown_sid' })
	await expect(world.sessions.authenticate(session.sid, 'x')).rejects.toMatchObject({ kind: 'unauthenticated', code: 'token_mismatch' })
	expect((await world.sessions.authenticate(session.sid, token)).record.sid).toBe(session.sid)
	expect((await world.sessions.byToken(token))?.record.sid).toBe(session.sid)
	expect(await world.sessions.byToken('x')).toBeNull()
})

test('a session survives a restart, disconnected; an ended one does not come back', async () => {
	verifies('01.C52', '01.C53')
	using world = await operatorWorld()
	const kept = await world.sessions.join({ roles: ['main'], desc: 'ann', scope: { blueprints: ['b'] } })
	const left = await world.sessions.join({})
	world.connect(kept.session.sid)
	await world.sessions.end(left.session.sid, 'ended')
	await world.restart()
	expect(await world.sessions.authenticate(kept.session.sid, kept.token)).toMatchObject({ record: kept.session, connected: false })
	expect(world.sessions.peek('main')?.record.sid).toBe(kept.session.sid)
	expect(world.sessions.peek(left.session.sid)).toBeNull()
})

test('a session idle past the horizon is over for every read, and its token revives nothing', async () => {
	verifies('01.C55', '01.C57')
	using world = await operatorWorld()
	const { session, token } = await world.sessions.join({ roles: ['main'] })
	await world.clock.advance(IDLE_HORIZON_MS - 1)
	expect(world.sessions.hasLive()).toBe(true)
	await world.clock.advance(1)
	expect(world.sessions.hasLive()).toBe(false)
	expect(world.sessions.list()).toEqual([])
	await expect(world.sessions.authenticate(session.sid, token)).rejects.toMatchObject({ kind: 'not_found' })
	expect(await world.store.sessions()).toEqual([])
	await world.sessions.join({ roles: ['main'] })
})

test('access and a socket keep a session alive', async () => {
	verifies('01.C55', '01.C56', '01.C60')
	using world = await operatorWorld()
	const { session, token } = await world.sessions.join({})
	await world.clock.advance(IDLE_HORIZON_MS - 1)
	await world.sessions.authenticate(session.sid, token)
	await world.clock.advance(IDLE_HORIZON_MS - 1)
	const peer = world.connect(session.sid)
	await world.clock.advance(3 * IDLE_HORIZON_MS)
	expect(await world.sessions.sweep()).toBe(0)
	expect(world.sessions.peek(session.sid)).toMatchObject({ connected: true })
	peer.drop()
	await world.clock.advance(IDLE_HORIZON_MS)
	expect(await world.sessions.sweep()).toBe(1)
})

test('looking at the list keeps the one who looks alive, and nobody who is listed', async () => {
	verifies('01.C56')
	using world = await operatorWorld()
	const [reader, listed] = [await world.sessions.join({}), await world.sessions.join({})]
	await world.clock.advance(IDLE_HORIZON_MS - 1)
	await world.sessions.authenticateAny(reader.token)
	expect(world.sessions.list().map(({ record }) => record.sid)).toEqual([reader.session.sid, listed.session.sid])
	await world.clock.advance(1)
	expect(world.sessions.list().map(({ record }) => record.sid)).toEqual([reader.session.sid])
})

test('access is written down at most once a minute', async () => {
	using world = await operatorWorld()
	const { session, token } = await world.sessions.join({})
	let writes = 0
	const { touch } = world.store
	world.store.touch = (...args) => {
		writes++
		return touch.apply(world.store, args)
	}
	for (let i = 0; i < 10; i++) await world.sessions.authenticate(session.sid, token)
	expect(writes).toBe(0)
	await world.clock.advance(60_000)
	for (let i = 0; i < 10; i++) await world.sessions.authenticate(session.sid, token)
	expect(writes).toBe(1)
})

test('a row past the horizon is not restored, and goes', async () => {
	verifies('01.C54')
	using world = await operatorWorld()
	await world.sessions.join({ roles: ['main'] })
	await world.clock.advance(IDLE_HORIZON_MS)
	await world.restart()
	expect(world.sessions.hasLive()).toBe(false)
	expect(await world.store.sessions()).toEqual([])
})

test('a teardown closes the socket, fails what waits, and frees roles and seats', async () => {
	verifies('01.C46', '01.C50', '01.C51', '01.C62')
	using world = await operatorWorld()
	const { session } = await world.sessions.join({ roles: ['main'] })
	const peer = world.connect(session.sid)
	const run = await world.newRun()
	const outcomes = [1, 2].map(() => world.hub.ask(spawnAsking(run, 'main')).catch((error: Error) => error.message))
	await settled()
	expect(await Promise.all([world.sessions.end(session.sid, 'ended'), world.sessions.end(session.sid, 'ended')])).toEqual([true, true])
	expect(await world.sessions.end(session.sid, 'ended')).toBe(false)
	expect(await Promise.all(outcomes)).toEqual(['operator session torn down', 'operator session torn down'])
	expect(peer.closed).toEqual({ code: 1000, reason: 'operator session torn down' })
	expect((await world.runs.run(run.id))?.seats).toEqual([])
	expect((await world.runs.run(run.id))?.seatGeneration).toBe(2)
	expect(await world.store.openRequests({})).toEqual([])
	expect(world.events('seat.')).toEqual(['seat.assigned', 'seat.released'])
})

test('a socket that opens while its session ends is closed, and nothing stays registered', async () => {
	verifies('01.C47')
	using world = await operatorWorld()
	const { session } = await world.sessions.join({})
	const ending = world.sessions.end(session.sid, 'ended')
	const peer = world.connect(session.sid)
	await ending
	expect(peer.closed).toEqual({ code: 1000, reason: 'operator session torn down' })
	expect(world.sessions.list()).toEqual([])
})

test('a session whose end cannot be stored stays usable, and a retry works', async () => {
	verifies('01.C48')
	using world = await operatorWorld()
	const { session, token } = await world.sessions.join({ roles: ['main'] })
	const { end } = world.store
	world.store.end = () => Promise.reject(new Error('disk full'))
	await expect(world.sessions.end(session.sid, 'ended')).rejects.toThrow('disk full')
	expect((await world.sessions.authenticate(session.sid, token)).record.roles).toEqual(['main'])
	world.store.end = end
	expect(await world.sessions.end(session.sid, 'ended')).toBe(true)
})

test('a session whose row is gone already ends all the same', async () => {
	verifies('01.C49')
	using world = await operatorWorld()
	const { session } = await world.sessions.join({})
	await world.store.end(session.sid, 'ended', 'elsewhere')
	expect(await world.sessions.end(session.sid, 'ended')).toBe(true)
	expect(world.sessions.peek(session.sid)).toBeNull()
})

test('the sweep ends sessions nobody reads, goes on past one that fails, and reports', async () => {
	verifies('01.C58', '01.C59')
	using world = await operatorWorld()
	using sweep = startSessionSweep({ sessions: world.sessions, clock: world.clock, log: silentLogger, periodSecs: 300 })
	const stuck = (await world.sessions.join({})).session
	await world.sessions.join({})
	await world.clock.advance(IDLE_HORIZON_MS - 1000)
	const live = (await world.sessions.join({})).session
	const { end } = world.store
	world.store.end = (sid, ...rest) => (sid === stuck.sid ? Promise.reject(new Error('disk full')) : end.call(world.store, sid, ...rest))
	await world.clock.advance(300_000)
	await settled()
	expect((await world.store.sessions()).map(({ sid }) => sid)).toEqual([stuck.sid, live.sid])
	expect(sweep.report()).toMatchObject({ name: 'operator-session-expiry', periodSecs: 300, errors: 1, lastOutcome: 'error' })
	world.store.end = end
	await world.clock.advance(300_000)
	await settled()
	expect(sweep.report()).toMatchObject({ actedTotal: 1, lastOutcome: 'ok' })
	expect((await world.store.sessions()).map(({ sid }) => sid)).toEqual([live.sid])
})

test('a sweep period of zero sets no timer', async () => {
	verifies('01.C18')
	using world = await operatorWorld()
	startSessionSweep({ sessions: world.sessions, clock: world.clock, log: silentLogger, periodSecs: 0 })
	expect(world.clock.pending).toBe(0)
})

test('a sweep that takes longer than its period is not begun again before it ended', async () => {
	verifies('01.C131')
	using world = await operatorWorld()
	using sweep = startSessionSweep({ sessions: world.sessions, clock: world.clock, log: silentLogger, periodSecs: 10 })
	let running = 0
	const held = Promise.withResolvers<number>()
	world.sessions.sweep = () => {
		running++
		return held.promise
	}
	await world.clock.advance(35_000)
	expect(running).toBe(1)
	held.resolve(3)
	await settled()
	expect(sweep.report()).toMatchObject({ runs: 1, errors: 0, actedTotal: 3, lastOutcome: 'ok', lastDurationMs: 25_000 })
	world.sessions.sweep = () => Promise.reject(new Error('disk full'))
	await world.clock.advance(10_000)
	await settled()
	expect(sweep.report()).toMatchObject({ runs: 2, errors: 1, actedTotal: 3, lastOutcome: 'error' })
	sweep[Symbol.dispose]()
	await world.clock.advance(100_000)
	expect([sweep.report().runs, world.clock.pending]).toEqual([2, 0])
})

test('a sweep that is stopped while it works is the last one', async () => {
	verifies('01.C131')
	using world = await operatorWorld()
	const sweep = startSessionSweep({ sessions: world.sessions, clock: world.clock, log: silentLogger, periodSecs: 10 })
	const held = Promise.withResolvers<number>()
	world.sessions.sweep = () => held.promise
	await world.clock.advance(10_000)
	sweep[Symbol.dispose]()
	held.resolve(0)
	await settled()
	expect(world.clock.pending).toBe(0)
})
