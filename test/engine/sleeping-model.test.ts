import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { acquireSeat } from '../../src/core/run/steer/acquire.ts'
import type { RunId, SessionId } from '../../src/kernel/id.ts'
import { blueprintOf, lit, seq, step } from '../support/blueprints.ts'
import { type EngineWorld, engineWorld, type Spawn } from '../support/engine-world.ts'

const RUNS = 3
const blueprint = blueprintOf(seq(step('writer', lit('first'), '$.a'), step('writer', lit('second'), '$.b')), [], {
	agents: [{ name: 'writer', kind: 'operator', spec: { operator_ref: 'main' } }],
	operators: [{ name: 'main' }],
})

const which = fc.nat({ max: 5 })
const move = fc.oneof(
	fc.record({
		do: fc.constantFrom('connect', 'drop', 'read', 'ack', 'submit', 'acquire', 'pause', 'resume') as fc.Arbitrary<string>,
		which,
	}),
	fc.record({ do: fc.constant('pass'), which: fc.constantFrom(1, 99, 150, 31_000, 61_000) }),
)

/** Two operators and some runs; knows which frames were proven read. */
async function play(world: EngineWorld) {
	const sids: SessionId[] = [await world.join(), await world.join()]
	const peers = new Map<SessionId, ReturnType<EngineWorld['connect']>>()
	const runIds: RunId[] = []
	for (let n = 0; n < RUNS; n++) runIds.push((await world.launch(blueprint, { operator: { sid: sids[n % 2] ?? '' } })).run.id)
	const spawns: Spawn[] = []
	const seen = new Map<object, number>()
	const proven = new Set<string>()
	const repeated: string[] = []
	const collect = (): void => {
		for (const peer of peers.values()) {
			const all = peer.spawns() as Spawn[]
			for (const spawn of all.slice(seen.get(peer) ?? 0)) {
				if (proven.has(spawn.req_id)) repeated.push(spawn.req_id)
				spawns.push(spawn)
			}
			seen.set(peer, all.length)
		}
	}
	const pick = <T>(from: readonly T[], n: number): T | undefined => from[n % Math.max(1, from.length)]
	const moves: Readonly<Record<string, (n: number) => unknown>> = {
		connect: (n) => {
			const sid = sids[n % 2] as SessionId
			peers.set(sid, world.connect(sid))
		},
		drop: (n) => {
			const sid = sids[n % 2] as SessionId
			peers.get(sid)?.drop()
			peers.delete(sid)
		},
		read: (n) => {
			const peer = peers.get(sids[n % 2] as SessionId)
			peer?.read()
			const isOpen = peer && peer.closed === null && peer.pings.length > 0
			if (isOpen) for (const { req_id } of peer.spawns()) proven.add(req_id)
		},
		ack: (n) => {
			const spawn = pick(spawns, spawns.length - 1 - n)
			const peer = spawn && [...peers.values()].find((it) => it.spawns().some(({ req_id }) => req_id === spawn.req_id))
			if (spawn) peer?.say({ type: 'spawn_ack', req_id: spawn.req_id, value: spawn.task_id })
		},
		submit: async (n) => {
			const spawn = pick(spawns, n)
			if (spawn) await world.submit(spawn, spawn.task_id).catch(() => {})
		},
		acquire: (n) => acquireSeat(world.engine.seats, pick(runIds, n) as RunId, { op: sids[n % 2] as SessionId, desc: 'moved' }),
		pause: (n) => world.service.pause(pick(runIds, n) as RunId).catch(() => {}),
		resume: (n) => world.service.resume(pick(runIds, n) as RunId).catch(() => {}),
		pass: (ms) => world.pass(ms),
	}
	return {
		runIds,
		repeated,
		async move(name: string, n: number): Promise<void> {
			await moves[name]?.(n)
			if (n % 2 === 0) await world.settled()
			collect()
		},
		/** Operators that are there and answer everything. */
		async finish(): Promise<void> {
			for (const runId of runIds) await world.service.resume(runId).catch(() => {})
			for (const n of [0, 1]) moves.connect?.(n)
			for (let round = 0; round < 2 * RUNS + 2; round++) {
				await world.settled()
				collect()
				for (const spawn of spawns)
					for (const peer of peers.values()) peer.say({ type: 'spawn_ack', req_id: spawn.req_id, value: spawn.task_id })
				for (const n of [0, 1]) await moves.read?.(n)
				await world.pass(61_000)
			}
		},
	}
}

test('however runs sleep and wake, no step is done twice, no answer is lost, and nothing that was read is sent again', async () => {
	let slept = 0
	await fc.assert(
		fc.asyncProperty(fc.array(move, { minLength: 5, maxLength: 40 }), async (script) => {
			await using world = await engineWorld()
			const players = await play(world)
			for (const { do: name, which: n } of script) {
				await players.move(name, n)
				slept = Math.max(slept, world.supervisor.asleep)
			}
			await players.finish()
			expect(players.repeated).toEqual([])
			expect([world.supervisor.active, world.supervisor.asleep]).toEqual([0, 0])
			for (const runId of players.runIds) {
				const [first, second] = await world.runs.steps(runId)
				expect([await world.status(runId), await world.result(runId)]).toEqual([
					'done',
					{ a: first?.stepId ?? '', b: second?.stepId ?? '' },
				])
				expect(world.told(runId, 'step.').filter((kind) => kind === 'step.completed')).toHaveLength(2)
				expect(world.told(runId, 'attempt.started')).toHaveLength((first?.attempt ?? 0) + (second?.attempt ?? 0))
				expect(world.told(runId, 'run.recovered')).toEqual([])
			}
		}),
		{ numRuns: 40 },
	)
	expect(slept).toBe(RUNS)
}, 120_000)
