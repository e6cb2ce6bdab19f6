import { heapStats } from 'bun:jsc'
import { expect, test } from 'bun:test'
import { acquireSeat } from '../../src/core/run/steer/acquire.ts'
import { MseError } from '../../src/kernel/error.ts'
import type { RunId, StepId } from '../../src/kernel/id.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import { blueprintOf, fanout, lit, seq, step } from '../support/blueprints.ts'
import { type EngineWorld, engineWorld, type Spawn } from '../support/engine-world.ts'
import { tempDir } from '../support/temp-dir.ts'

const operatorFlow = (flow: JsonObject, over: JsonObject = {}): JsonObject =>
	blueprintOf(flow, [], {
		agents: [{ name: 'writer', kind: 'operator', spec: { operator_ref: 'main' } }],
		operators: [{ name: 'main' }],
		...over,
	})
const one = operatorFlow(step('writer', lit('write'), '$.text'))
const two = operatorFlow(seq(step('writer', lit('first'), '$.a'), step('writer', lit('second'), '$.b')))

const ack = ({ req_id }: Pick<Spawn, 'req_id'>, value: unknown) => ({ type: 'spawn_ack', req_id, value }) as const

/** A run that sleeps because the operator of its launch is away. */
async function parked(world: EngineWorld, blueprint = one) {
	const sid = await world.join()
	const { run } = await world.launch(blueprint, { operator: { sid } })
	await world.pass(150)
	expect([world.supervisor.active, world.supervisor.asleep]).toEqual([0, 1])
	return { sid, run, runId: run.id }
}

/** A run that sleeps because its operator has had the request for long. */
async function held(world: EngineWorld, blueprint = one) {
	const sid = await world.join()
	const peer = world.connect(sid)
	const { run } = await world.launch(blueprint, { operator: { sid } })
	peer.read()
	await world.pass(31_000)
	expect([world.supervisor.active, world.supervisor.asleep]).toEqual([0, 1])
	return { sid, peer, runId: run.id, spawn: spawnOf(peer) }
}

const spawnOf = (peer: { spawns(): Spawn[] }, n = 0): Spawn => {
	const spawn = peer.spawns()[n]
	if (!spawn) throw new Error(`there is no spawn ${n}`)
	return spawn
}
const phase = async (world: EngineWorld, runId: RunId) => {
	const run = await world.runs.run(runId)
	return run && world.supervisor.phaseOf(run)
}

test('a run whose operator is away sleeps; a socket wakes it, and it goes on as if nothing had been', async () => {
	await using world = await engineWorld()
	const { sid, runId } = await parked(world, two)
	expect([await world.status(runId), await phase(world, runId)]).toEqual(['running', 'waiting'])
	const peer = world.connect(sid)
	await world.settled()
	expect(peer.spawns()).toHaveLength(1)
	peer.say(ack(spawnOf(peer), 'A'))
	await world.settled()
	peer.say(ack(spawnOf(peer, 1), 'B'))
	await world.settled()
	expect(await world.result(runId)).toEqual({ a: 'A', b: 'B' })
	expect(world.told(runId, 'run.')).toEqual(['run.started', 'run.done'])
	expect(world.told(runId, 'attempt.')).toEqual(['attempt.started', 'attempt.ended', 'attempt.started', 'attempt.ended'])
	expect([world.supervisor.active, world.supervisor.asleep]).toEqual([0, 0])
})

test('what a session was not sent while it was away is sent oldest first, and nothing newer before', async () => {
	await using world = await engineWorld()
	const sid = await world.join()
	const ids: string[] = []
	for (let n = 0; n < 150; n++) {
		const { run } = await world.service.launch({ reference: { kind: 'inline', raw: one }, initCtx: {}, detach: true, operator: { sid } })
		ids.push(run.id)
		await world.clock.advance(1)
	}
	await world.pass(150)
	expect(world.supervisor.asleep).toBe(150)
	const peer = world.connect(sid)
	const late = await world.service.launch({ reference: { kind: 'inline', raw: one }, initCtx: {}, detach: true, operator: { sid } })
	await world.settled()
	const runOf = (spawn: Spawn) => world.db.query<{ run_id: string }>('SELECT run_id FROM step WHERE step_id = ?').get(spawn.task_id)?.run_id
	expect(peer.spawns().map((spawn) => runOf(spawn as Spawn) ?? '')).toEqual([...ids, late.run.id])
})

test('nothing of what drove a run is left in memory while it sleeps', async () => {
	await using world = await engineWorld()
	const sid = await world.join()
	const controllers = (): number => {
		Bun.gc(true)
		return heapStats().objectTypeCounts.AbortController ?? 0
	}
	const before = controllers()
	for (let n = 0; n < 100; n++)
		await world.service.launch({ reference: { kind: 'inline', raw: one }, initCtx: {}, detach: true, operator: { sid } })
	await world.pass(150)
	expect(world.supervisor.asleep).toBe(100)
	expect(controllers() - before).toBeLessThan(20)
})

test('a request that was read long ago is answered late: its run wakes, and the request is not sent again', async () => {
	await using world = await engineWorld()
	const { sid, peer, runId, spawn } = await held(world)
	expect(await phase(world, runId)).toBe('running')
	peer.drop()
	expect(await phase(world, runId)).toBe('waiting')
	const next = world.connect(sid)
	await world.settled()
	expect([next.spawns(), world.supervisor.asleep]).toEqual([[], 1])
	next.say(ack(spawn, 'late'))
	await world.settled()
	expect(await world.result(runId)).toEqual({ text: 'late' })
	expect(world.told(runId, 'request.').filter((kind) => kind === 'request.sent')).toHaveLength(1)
})

test('a repeated answer to a run that was woken by the first one is not applied', async () => {
	await using world = await engineWorld()
	const { peer, runId, spawn } = await held(world)
	peer.say(ack(spawn, 'first'))
	peer.say(ack(spawn, 'second'))
	await world.settled()
	expect(await world.result(runId)).toEqual({ text: 'first' })
})

test('a result that a worker posts while the run sleeps decides it, after the time to acknowledge', async () => {
	await using world = await engineWorld()
	const { runId, spawn } = await held(world)
	await world.submit(spawn, 'posted')
	await world.pass(59_000)
	expect(await world.status(runId)).toBe('running')
	await world.pass(2000)
	expect(await world.result(runId)).toEqual({ text: 'posted' })
})

test('the acknowledgement that follows a posted result ends the run at once', async () => {
	await using world = await engineWorld()
	const { peer, runId, spawn } = await held(world)
	await world.submit(spawn, 'posted')
	peer.say({ type: 'spawn_ack', req_id: spawn.req_id })
	await world.settled()
	expect(await world.result(runId)).toEqual({ text: 'posted' })
	expect(world.submit(spawn, 'too late')).rejects.toMatchObject({ kind: 'gone' })
})

test('a seat that moves wakes the run for another attempt, and the one before takes no result any more', async () => {
	await using world = await engineWorld()
	const { runId, spawn } = await held(world)
	const second = await world.join()
	const peer = world.connect(second)
	await acquireSeat(world.engine.seats, runId, { op: second, desc: 'second' })
	await world.settled()
	expect([spawnOf(peer).task_id, spawnOf(peer).attempt]).toEqual([spawn.task_id, 2])
	expect(world.submit(spawn, 'too late')).rejects.toMatchObject({ kind: 'conflict', code: 'seat_moved' })
	peer.say(ack(spawnOf(peer), 'mine'))
	await world.settled()
	expect(await world.result(runId)).toEqual({ text: 'mine' })
})

test('a vacant seat wakes the run when somebody takes it, or comes by its name', async () => {
	for (const how of ['acquire', 'join'] as const) {
		await using world = await engineWorld()
		const { run } = await world.launch(one)
		await world.pass(150)
		expect(world.supervisor.asleep).toBe(1)
		const sid = await world.join(how === 'join' ? ['main'] : [])
		const peer = world.connect(sid)
		if (how === 'acquire') await acquireSeat(world.engine.seats, run.id, { op: sid, desc: 'here' })
		await world.settled()
		peer.say(ack(spawnOf(peer), how))
		await world.settled()
		expect(await world.result(run.id)).toEqual({ text: how })
	}
})

test('a seat that is taken while the first request for it is on its way gets that request', async () => {
	for (let turns = 0; turns < 12; turns++) {
		await using world = await engineWorld()
		const sid = await world.join()
		const peer = world.connect(sid)
		const request = { reference: { kind: 'inline', raw: one }, initCtx: {}, detach: true, waitsForOperator: true } as const
		const { run } = await world.service.launch(request)
		for (let turn = 0; turn < turns; turn++) await Promise.resolve()
		await acquireSeat(world.engine.seats, run.id, { op: sid, desc: 'early' })
		await world.settled()
		peer.say(ack(spawnOf(peer), turns))
		await world.settled()
		expect(await world.result(run.id)).toEqual({ text: turns })
	}
})

test('a session that ends leaves the seat vacant, and the run waits for the next one', async () => {
	await using world = await engineWorld()
	const { sid, runId } = await held(world)
	await world.sessions.end(sid, 'ended')
	await world.pass(150)
	expect([await world.status(runId), world.supervisor.asleep]).toEqual(['running', 1])
	const next = await world.join(['main'])
	const peer = world.connect(next)
	await world.settled()
	expect(spawnOf(peer).attempt).toBe(2)
	peer.say(ack(spawnOf(peer), 'after all'))
	await world.settled()
	expect(await world.result(runId)).toEqual({ text: 'after all' })
})

test('the deadline of a request passes while its run sleeps', async () => {
	await using world = await engineWorld({ flags: { 'operator-request-deadline-secs': '3600' } })
	const { runId } = await parked(world)
	await world.pass(3_599_000)
	expect(await world.status(runId)).toBe('running')
	await world.pass(2000)
	expect([await world.status(runId), await world.result(runId)]).toEqual([
		'failed',
		expect.objectContaining({ error: expect.objectContaining({ message: expect.stringContaining('operator.request_deadline_secs') }) }),
	])
	expect(world.told(runId, 'request.').at(-1)).toBe('request.expired')
})

test('cancelling ends a sleeping run for good: no answer, no result and no socket brings it back', async () => {
	await using world = await engineWorld()
	const { sid, peer, runId, spawn } = await held(world)
	expect(await world.service.cancel(runId, 'enough')).toBe(true)
	expect(await world.service.cancel(runId, 'enough')).toBe(false)
	peer.say(ack(spawn, 'late'))
	expect(world.submit(spawn, 'late')).rejects.toMatchObject({ kind: 'gone' })
	await world.settled()
	world.connect(sid)
	await world.pass(86_400_000)
	expect([await world.status(runId), world.supervisor.active, world.supervisor.asleep]).toEqual(['cancelled', 0, 0])
	expect(await world.hub.pendingOf(runId)).toEqual([])
})

test('an answer and a cancel at the same time: one of them wins, and the run ends once', async () => {
	for (const answersFirst of [true, false]) {
		await using world = await engineWorld()
		const { peer, runId, spawn } = await held(world)
		if (answersFirst) peer.say(ack(spawn, 'quick'))
		const cancelling = world.service.cancel(runId, 'enough')
		if (!answersFirst) peer.say(ack(spawn, 'slow'))
		const cancelled = await cancelling
		await world.settled()
		expect(await world.status(runId)).toBe(cancelled ? 'cancelled' : 'done')
		expect(world.told(runId, 'run.').filter((kind) => kind === 'run.done' || kind === 'run.cancelled')).toHaveLength(1)
		expect([world.supervisor.active, world.supervisor.asleep]).toEqual([0, 0])
	}
})

test('a sleeping run that is paused takes its answer and begins nothing new until it is resumed', async () => {
	await using world = await engineWorld()
	const { peer, runId, spawn } = await held(world, two)
	await world.service.pause(runId)
	expect(await phase(world, runId)).toBe('paused')
	peer.say(ack(spawn, 'A'))
	await world.pass(1000)
	expect([peer.spawns().length, await phase(world, runId)]).toEqual([1, 'paused'])
	await world.service.resume(runId)
	await world.settled()
	peer.say(ack(spawnOf(peer, 1), 'B'))
	await world.settled()
	expect(await world.result(runId)).toEqual({ a: 'A', b: 'B' })
})

test('a pause of the server holds runs that wake', async () => {
	await using world = await engineWorld()
	const { peer, runId, spawn } = await held(world, two)
	await world.engine.pause.pause('upgrade')
	expect(await phase(world, runId)).toBe('paused')
	peer.say(ack(spawn, 'A'))
	await world.settled()
	expect(peer.spawns()).toHaveLength(1)
	await world.engine.pause.resume()
	await world.settled()
	expect(peer.spawns()).toHaveLength(2)
})

test('the step that a sleeping run waits for can be cancelled', async () => {
	await using world = await engineWorld()
	const { runId, spawn } = await held(world)
	await world.service.cancelStep(spawn.task_id as StepId, 'not needed')
	await world.settled()
	expect([await world.status(runId), (await world.runs.step(spawn.task_id as StepId))?.status]).toEqual(['failed', 'cancelled'])
	expect(await world.hub.pendingOf(runId)).toEqual([])
})

test('sending a request once more wakes its run, once', async () => {
	await using world = await engineWorld()
	const { sid, peer, spawn } = await held(world)
	expect(await world.hub.redeliver(sid, spawn.req_id)).toBe('sent')
	await world.settled()
	expect(peer.spawns().map(({ req_id }) => req_id)).toEqual([spawn.req_id, spawn.req_id])
})

test('lanes sleep together, and one answer wakes them without asking the others again', async () => {
	await using world = await engineWorld()
	const lanes = operatorFlow(fanout([1, 2, 3], 'all', step('writer', lit('lane'), '$.said'), '$.all'))
	const { peer, runId } = await held(world, lanes)
	expect(peer.spawns()).toHaveLength(3)
	for (const n of [1, 0, 2]) {
		peer.say(ack(spawnOf(peer, n), `lane ${n}`))
		await world.settled()
		if (n !== 2) await world.pass(31_000)
		expect(world.supervisor.asleep).toBe(n === 2 ? 0 : 1)
	}
	expect(peer.spawns()).toHaveLength(3)
	expect(await world.result(runId)).toMatchObject({ all: [{ said: 'lane 0' }, { said: 'lane 1' }, { said: 'lane 2' }] })
})

test('the first answer of a race that slept withdraws the other requests', async () => {
	await using world = await engineWorld()
	const race = operatorFlow(fanout([1, 2], 'race', step('writer', lit('lane'), '$.said'), '$.won'))
	const { peer, runId } = await held(world, race)
	peer.say(ack(spawnOf(peer, 1), 'quick'))
	await world.settled()
	expect(await world.result(runId)).toMatchObject({ won: { said: 'quick' } })
	peer.say(ack(spawnOf(peer, 0), 'slow'))
	await world.settled()
	expect(world.told(runId, 'request.').filter((kind) => kind === 'request.withdrawn')).toHaveLength(1)
})

test('whoever waits for the end of a sleeping run is told of it', async () => {
	await using world = await engineWorld()
	const sid = await world.join()
	const launched = await world.launch(one, { operator: { sid } })
	await world.pass(150)
	expect(world.supervisor.asleep).toBe(1)
	const waiting = [launched.ended, world.service.wait(launched.run.id, new AbortController().signal)]
	await world.pass(1000)
	expect([world.supervisor.active, world.supervisor.asleep]).toEqual([1, 0])
	const peer = world.connect(sid)
	await world.settled()
	peer.say(ack(spawnOf(peer), 'well'))
	expect((await Promise.all(waiting)).map(({ result }) => result)).toEqual([{ text: 'well' }, { text: 'well' }])
})

test('a run does not sleep while somebody waits for it, and does once they left', async () => {
	await using world = await engineWorld()
	const sid = await world.join()
	const { run } = await world.launch(one, { operator: { sid } })
	const left = new AbortController()
	const waiting = world.service.wait(run.id, left.signal)
	await world.pass(1000)
	expect(world.supervisor.asleep).toBe(0)
	left.abort(new Error('left'))
	expect(waiting).rejects.toThrow('left')
	await world.pass(1000)
	expect(world.supervisor.asleep).toBe(1)
})

test('a run with a limit in time, and one with layers, stay awake', async () => {
	await using world = await engineWorld()
	const sid = await world.join()
	await world.launch(one, { operator: { sid }, ttlSecs: 3600 })
	await world.launch(one, { operator: { sid }, runPolicy: { budget: { attempts: 10 } } })
	await world.launch(operatorFlow(step('writer', lit('x'), '$.text'), { metadata: { policy: { timeout_ms: 3_600_000 } } }), {
		operator: { sid },
	})
	await world.launch({ ...one, spawner_hints: { layers: ['main_ai'] } }, { operator: { sid } })
	await world.pass(60_000)
	expect([world.supervisor.active, world.supervisor.asleep]).toEqual([4, 0])
})

test('the limit of open requests counts those of runs that sleep', async () => {
	await using world = await engineWorld({ flags: { 'limits-requests-per-session': '2' } })
	const sid = await world.join()
	const ids: RunId[] = []
	for (let n = 0; n < 3; n++) {
		ids.push((await world.launch(one, { operator: { sid } })).run.id)
		await world.pass(150)
	}
	expect(await Promise.all(ids.map((id) => world.status(id)))).toEqual(['running', 'running', 'failed'])
})

test('a disk that fails while a run is woken makes it wait, not end', async () => {
	await using world = await engineWorld()
	const { peer, runId, spawn } = await held(world, two)
	const { journal } = world.runs
	let failures = 0
	world.runs.journal = async (...args) => {
		if (failures++ < 2) throw new MseError('unavailable', 'no disk', { code: 'storage_unavailable' })
		return journal.apply(world.runs, args)
	}
	peer.say(ack(spawn, 'A'))
	await world.settled()
	expect(peer.spawns()).toHaveLength(1)
	await world.pass(1100)
	await world.pass(1100)
	expect([failures, peer.spawns().length, await world.status(runId)]).toEqual([3, 2, 'running'])
})

test('a sleeping run that cannot be driven again is interrupted when it is woken, and goes on when it is resumed', async () => {
	for (const unreadable of ['journal', 'run'] as const) {
		await using world = await engineWorld()
		const { peer, runId, spawn } = await held(world, two)
		const original = world.runs[unreadable]
		world.runs[unreadable] = async () => {
			throw new MseError('internal', 'damaged', { code: 'storage_damaged' })
		}
		peer.say(ack(spawn, 'A'))
		await world.settled()
		world.runs[unreadable] = original as never
		expect([await world.status(runId), world.supervisor.asleep, world.hub.isWorkedOn(runId)]).toEqual(['interrupted', 0, false])
		await world.service.resume(runId)
		await world.settled()
		peer.say(ack(spawnOf(peer, 1), 'B'))
		await world.settled()
		expect(await world.result(runId)).toEqual({ a: 'A', b: 'B' })
	}
})

test('a server that stops leaves sleeping runs for the next life', async () => {
	using dir = tempDir()
	let runId: RunId
	let sid: Awaited<ReturnType<EngineWorld['join']>>
	{
		await using world = await engineWorld({ dir: dir.path })
		;({ sid, runId } = await parked(world))
	}
	await using world = await engineWorld({ dir: dir.path })
	expect(await world.supervisor.recover()).toBe(1)
	await world.pass(150)
	expect([world.told(runId, 'run.'), world.supervisor.asleep]).toEqual([['run.started', 'run.recovered'], 1])
	const peer = world.connect(sid)
	await world.settled()
	peer.say(ack(spawnOf(peer), 'next life'))
	await world.settled()
	expect(await world.result(runId)).toEqual({ text: 'next life' })
})
