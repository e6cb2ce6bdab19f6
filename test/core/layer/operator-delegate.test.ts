import { expect, test } from 'bun:test'
import type { LaunchRequest } from '../../../src/core/run/launch/request.ts'
import { asSessionId } from '../../../src/kernel/id.ts'
import { blueprintOf, lit, step } from '../../support/blueprints.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { departs, verifies } from '../../support/verifies.ts'
import { eventsOf, FakeFaces, layerWorld, passes, until } from './support.ts'

const DELEGATED = blueprintOf(step('work', lit('go'), '$.a'), ['work'], { spawner_hints: { layers: ['operator_delegate'] } })
const acking = (): FakeFaces => {
	const faces = new FakeFaces()
	faces.replies = () => ({ type: 'spawn_ack', value: 'from the operator' })
	return faces
}

test('an attempt goes to the launch’s operator as a whole, with credentials, and not to its own worker', async () => {
	verifies('04.45')
	departs('04.39')
	const work = passes('own')
	await using world = layerWorld({ workers: { work }, faces: acking() })
	const run = await (await world.launch(DELEGATED, { operator: { backendId: 'backend' } })).ended
	expect([run.result, work.calls]).toEqual([{ a: 'from the operator' }, []])
	const { handle_hash } = world.db.query<{ handle_hash: string | null }>('SELECT handle_hash FROM attempt').get() ?? {}
	expect(handle_hash).toBeString()
})

test('without a backend, or with one that nobody answers for, the layer is transparent', async () => {
	for (const operator of [{}, { backendId: 'nobody' }]) {
		await using world = layerWorld({ workers: { work: passes('own') }, faces: acking() })
		const run = await (await world.launch(DELEGATED, { operator })).ended
		expect([run.result, world.faces.asked]).toEqual([{ a: 'own' }, []])
	}
})

test('a launch of 0.1.0 means the operator it pins; one with a description only gives it a seat', async () => {
	const launched = async (over: Partial<LaunchRequest>) => {
		const operators = { find: async () => asSessionId('S-backend'), takes: () => true, manifestOf: () => null, anyLive: async () => true }
		await using world = layerWorld({ workers: { work: passes('own') }, faces: acking(), operators })
		const run = await (await world.launch(DELEGATED, { operator: { sid: 'backend' }, ...over })).ended
		return run.result
	}
	expect(await launched({})).toEqual({ a: 'from the operator' })
	const declared = blueprintOf(step('work', lit('go'), '$.a'), ['work'], {
		spawner_hints: { layers: ['operator_delegate'] },
		operators: [{ name: 'boss' }],
	})
	expect(await launched({ operatorDesc: 'me', reference: { kind: 'inline', raw: declared } })).toEqual({ a: 'own' })
})

test('after a death of the server the same request goes on', async () => {
	using folder = tempDir()
	const faces = new FakeFaces()
	const first = layerWorld({ workers: { work: passes('own') }, faces, dir: folder.path })
	const { run: begun } = await first.launch(DELEGATED, { operator: { backendId: 'backend' }, detach: true })
	await until('the spawn', () => faces.asked.length === 1)
	first.kill()
	await using second = layerWorld({ workers: { work: passes('own') }, faces, dir: folder.path })
	await second.supervisor.recover()
	faces.answer(faces.asked[0], { type: 'spawn_ack', value: 'late' })
	const run = await second.service.wait(begun.id, AbortSignal.timeout(20_000))
	expect([run.result, faces.asked.length]).toEqual([{ a: 'late' }, 1])
})

test('a hint that names no layer is skipped and told as an event', async () => {
	departs('04.39')
	await using world = layerWorld({ workers: { work: passes('own') } })
	const blueprint = blueprintOf(step('work', lit('go'), '$.a'), ['work'], { spawner_hints: { layers: ['main_al', 'main_al'] } })
	const run = await (await world.launch(blueprint)).ended
	expect(run.status).toBe('done')
	expect(await eventsOf(world, 'run.warned')).toMatchObject([{ code: 'unknown_spawner_hint', layer: 'main_al' }])
})
