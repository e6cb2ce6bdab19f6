import { expect, test } from 'bun:test'
import type { JsonObject } from '../../src/kernel/json.ts'
import { blueprintOf, lit, seq, step } from '../support/blueprints.ts'
import { type EngineWorld, engineWorld } from '../support/engine-world.ts'

const two: JsonObject = blueprintOf(seq(step('writer', lit('first'), '$.a'), step('writer', lit('second'), '$.b')), [], {
	agents: [{ name: 'writer', kind: 'operator', spec: { operator_ref: 'main' } }],
	operators: [{ name: 'main' }],
})

/** A run of two steps of an operator, which has the first one. */
async function launched() {
	const world = await engineWorld()
	const sid = await world.join()
	const peer = world.connect(sid)
	const { run } = await world.launch(two, { operator: { sid } })
	peer.read()
	await world.settled()
	const commits: string[][] = []
	world.db.onCommit((facts) => commits.push(facts.flatMap(({ kind, run_id }) => (run_id === run.id ? [kind] : []))))
	const answer = (n: number, value: unknown): void => {
		const req_id = peer.spawns()[n]?.req_id ?? ''
		peer.say({ type: 'spawn_ack', req_id, value })
	}
	return { world, peer, runId: run.id, commits, answer }
}

/** Makes the COMMIT fail of all that is written in this turn; resolves with what its writers are told. */
function spoil({ db }: Pick<EngineWorld, 'db'>): Promise<unknown> {
	const orphan = (): void => {
		db.sqlite.run('PRAGMA defer_foreign_keys=ON')
		db.sqlite.run("INSERT INTO operator_role (role, sid) VALUES ('orphan', 'S-none')")
	}
	return db.write(orphan).catch(({ code }) => code)
}

test('a reply, the outcome it decides and the request of the next step are one commit', async () => {
	const { world, peer, runId, commits, answer } = await launched()
	await using _ = world
	answer(0, 'A')
	await world.settled()
	expect(peer.spawns()).toHaveLength(2)
	expect(commits.filter((kinds) => kinds.length > 0)).toEqual([
		['request.answered', 'attempt.ended', 'step.completed', 'step.dispatched', 'attempt.started', 'request.sent'],
	])
	answer(1, 'B')
	await world.settled()
	expect(commits.at(-1)).toEqual(['request.answered', 'attempt.ended', 'step.completed', 'run.done'])
	expect(await world.result(runId)).toEqual({ a: 'A', b: 'B' })
})

test('when that commit fails nothing of it has left, and the run goes on from before the reply once the disk takes it', async () => {
	const { world, peer, runId, commits, answer } = await launched()
	await using _ = world
	const spoiled = spoil(world)
	answer(0, 'A')
	expect(await spoiled).toBe('storage_unavailable')
	await world.settled()
	expect([peer.spawns().length, commits.flat()]).toEqual([1, []])
	expect((await world.runs.steps(runId)).map(({ status }) => status)).toEqual(['running'])
	await world.pass(1100)
	await world.pass(1100)
	expect((await world.runs.steps(runId)).map(({ status, value }) => [status, value])).toEqual([
		['passed', 'A'],
		['running', null],
	])
	expect(peer.spawns()).toHaveLength(2)
	answer(1, 'B')
	await world.settled()
	expect(await world.result(runId)).toEqual({ a: 'A', b: 'B' })
	expect(world.told(runId, 'step.completed')).toHaveLength(2)
})
