import { describe, expect, test } from 'bun:test'
import { asRunId } from '../../../src/kernel/id.ts'
import { blueprintOf, lit, path, step } from '../../support/blueprints.ts'
import { eventually } from '../../support/eventually.ts'
import { faceWorld } from './face-world.ts'
import { httpWorld } from './support.ts'

const greet = blueprintOf(step('identity', path('$.name'), '$.out'), ['identity'])
const failing = blueprintOf(step('fails', lit(1), '$.out'), ['fails'])
const fails = {
	pure: true,
	perform: () => {
		throw new Error('it broke')
	},
}
const launchOf = (blueprint: unknown, over: object = {}) => ({
	blueprint: { kind: 'inline', value: blueprint },
	init_ctx: { name: 'Ann' },
	...over,
})
const key = (name: string, over: Record<string, string> = {}) => ({ 'idempotency-key': name, ...over })

const counts = ({ db }: Pick<ReturnType<typeof httpWorld>, 'db'>) =>
	['task', 'run', 'blueprint_commit', 'output'].map((table) => db.query<{ n: number }>(`SELECT count(*) AS n FROM ${table}`).get()?.n)

describe('a launch', () => {
	test('that is repeated answers the same and starts nothing', async () => {
		await using world = httpWorld()
		for (const [name, over] of Object.entries({ waited: {}, detached: { detach: true } })) {
			const first = await world.call('POST', '/v1/tasks', launchOf(greet, over), key(name))
			await world.service.wait(asRunId(first.body.run_id), new AbortController().signal)
			const again = await world.call('POST', '/v1/tasks', launchOf(greet, over), key(name))
			expect([again.status, again.body]).toEqual([first.status, first.body])
		}
		expect(counts(world).slice(0, 2)).toEqual([2, 2])
	})

	test('whose run failed fails again, with the same ids', async () => {
		await using world = httpWorld({ workers: { fails } })
		const first = await world.call('POST', '/v1/tasks', launchOf(failing), key('k'))
		const again = await world.call('POST', '/v1/tasks', launchOf(failing), key('k'))
		expect(first.status).toBe(400)
		expect([again.status, again.body]).toEqual([first.status, first.body])
		expect(counts(world).slice(0, 2)).toEqual([1, 1])
	})

	test('that is refused is tried anew', async () => {
		await using world = httpWorld()
		const first = await world.call('POST', '/v1/tasks', { blueprint: { kind: 'id', id: 'later' }, init_ctx: { name: 'Ann' } }, key('k'))
		expect([first.status, first.body.code]).toEqual([400, 'blueprint_not_found'])
		await world.call('POST', '/v1/blueprints/later', { ...greet, id: 'later' })
		const again = await world.call('POST', '/v1/tasks', { blueprint: { kind: 'id', id: 'later' }, init_ctx: { name: 'Ann' } }, key('k'))
		expect(again.status).toBe(200)
	})

	test('with another body under the same key is 422, and so is another query', async () => {
		await using world = httpWorld()
		await world.call('POST', '/v1/tasks', launchOf(greet), key('k'))
		const body = await world.call('POST', '/v1/tasks', launchOf(greet, { goal: 'something else' }), key('k'))
		expect([body.status, body.body.code]).toEqual([422, 'idempotency_mismatch'])
		const query = await world.call('POST', '/v1/tasks?x=1', launchOf(greet), key('k'))
		expect([query.status, query.body.code]).toEqual([422, 'idempotency_mismatch'])
		expect(counts(world).slice(0, 2)).toEqual([1, 1])
	})

	test('of another caller under the same key is another launch', async () => {
		await using world = httpWorld()
		const ids = new Set<string>()
		for (const bearer of ['ann', 'bob', 'ann'])
			ids.add((await world.call('POST', '/v1/tasks', launchOf(greet), key('k', { authorization: `Bearer ${bearer}` }))).body.run_id)
		expect(ids.size).toBe(2)
		expect(JSON.stringify(world.db.query('SELECT * FROM idempotency_key').all())).not.toContain('ann')
	})

	test('that comes twice at once is one run, and both callers wait for its end', async () => {
		const gate = Promise.withResolvers<void>()
		const slow = { pure: false, perform: async () => gate.promise.then(() => ({ final: { value: 1, ok: true } })) }
		await using world = httpWorld({ workers: { slow } })
		const blueprint = blueprintOf(step('slow', lit(1), '$.out'), ['slow'])
		const calls = [1, 2, 3].map(() => world.call('POST', '/v1/tasks', launchOf(blueprint), key('k')))
		await eventually(async () => (await world.runs.countByStatus('running')) > 0, { what: 'the run begins' })
		gate.resolve()
		const answers = await Promise.all(calls)
		expect(new Set(answers.map(({ status, body }) => `${status} ${body.run_id}`)).size).toBe(1)
		expect(counts(world).slice(0, 2)).toEqual([1, 1])
	})

	test('of a run that was deleted since says so', async () => {
		await using world = httpWorld()
		const first = await world.call('POST', '/v1/tasks', launchOf(greet), key('k'))
		await world.call('DELETE', `/v1/runs/${first.body.run_id}`)
		const again = await world.call('POST', '/v1/tasks', launchOf(greet), key('k'))
		expect([again.status, again.body.code]).toEqual([404, 'unknown_run'])
	})
})

test('a re-kick that is repeated is one run', async () => {
	await using world = httpWorld()
	const { body } = await world.launch(greet, { init_ctx: { name: 'Ann' }, ttl_secs: 77 })
	const kick = (detach: boolean, name: string) => world.call('POST', `/v1/tasks/${body.task_id}/runs`, { detach }, key(name))
	for (const detach of [false, true]) {
		const first = await kick(detach, `k ${detach}`.replace(' ', '-'))
		const again = await kick(detach, `k ${detach}`.replace(' ', '-'))
		expect([again.status, again.body]).toEqual([first.status, first.body])
	}
	expect(counts(world).slice(0, 2)).toEqual([1, 3])
})

test('a Blueprint that is registered again under its key answers as the first time, whatever the head is by now', async () => {
	await using world = httpWorld()
	const post = (name: string, document: object) => world.call('POST', '/v1/blueprints/b', { ...document, id: 'b' }, key(name))
	const first = await post('one', greet)
	await post('two', { ...greet, metadata: { version_label: '2.0.0' } })
	const again = await post('one', greet)
	expect(first.status).toBe(201)
	expect([again.status, again.body]).toEqual([201, first.body])
	expect(counts(world)[2]).toBe(2)
})

describe('a worker', () => {
	test('that repeats a submit, an artifact or an emit leaves one output, even after its attempt ended', async () => {
		await using at = await faceWorld()
		const begun = await at.world.start()
		const bearer = { authorization: `Bearer ${begun.handleText}` }
		const emitted = { task_id: begun.stepId, attempt: 1, event: { type: 'artifact', name: 'n', content: { kind: 'inline', value: 1 } } }
		const calls = [
			() => at.call('POST', '/v1/worker/artifact?name=part', 'text', key('a', bearer)),
			() => at.call('POST', '/v1/data/notes', emitted, key('e', bearer)),
			() => at.call('POST', '/v1/worker/submit?ok=false', 'no', key('s', bearer)),
		]
		const first = []
		for (const call of calls) first.push(await call())
		expect(first.map(({ status }) => status)).toEqual([204, 200, 204])
		await at.world.endAttempt(begun, 'finished')
		for (const [index, call] of calls.entries()) {
			const again = await call()
			expect([again.status, again.body]).toEqual([first[index]?.status, first[index]?.body])
		}
		const late = await at.call('POST', '/v1/worker/submit?ok=false', 'no', key('new', bearer))
		expect(late.status).toBe(410)
		expect(counts(at)[3]).toBe(3)
	})

	test('that changes its mind under the same key is refused, and the result stays', async () => {
		await using at = await faceWorld()
		const begun = await at.world.start()
		const bearer = { authorization: `Bearer ${begun.handleText}` }
		await at.call('POST', '/v1/worker/submit', 'good', key('s', bearer))
		const other = await at.call('POST', '/v1/worker/submit?ok=false', 'good', key('s', bearer))
		expect([other.status, other.body.code]).toEqual([422, 'idempotency_mismatch'])
		expect(await at.world.tailOf(begun)).toHaveLength(1)
	})

	test('cannot use the key of another', async () => {
		await using at = await faceWorld()
		const [mine, theirs] = [await at.world.start(), await at.world.start()]
		for (const { handleText } of [mine, theirs])
			expect((await at.call('POST', '/v1/worker/submit', 'x', key('s', { authorization: `Bearer ${handleText}` }))).status).toBe(204)
		expect([await at.world.tailOf(mine), await at.world.tailOf(theirs)].map(({ length }) => length)).toEqual([1, 1])
		const forged = await at.call('POST', '/v1/worker/submit', 'x', key('s', { authorization: 'Bearer wh-0123456789abcdef' }))
		expect(forged.status).toBe(401)
	})
})

test('a key that is empty, too long or has blanks in it is 400', async () => {
	await using world = httpWorld()
	for (const bad of ['', 'a b', 'x'.repeat(256), 'ü']) {
		const { status, body } = await world.call('POST', '/v1/tasks', launchOf(greet), key(bad))
		expect([bad.length, status, body.code]).toEqual([bad.length, 400, 'invalid_idempotency_key'])
	}
	expect(counts(world).slice(0, 2)).toEqual([0, 0])
})
