import { describe, expect, test } from 'bun:test'
import type { LaunchOperator } from '../../../src/core/run/record.ts'
import type { JsonObject } from '../../../src/kernel/json.ts'
import { silentLogger } from '../../../src/kernel/log.ts'
import { attempt, blueprintOf, lit, path, seq, step } from '../../support/blueprints.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { verifies } from '../../support/verifies.ts'
import { counted, eventsOf, FakeFaces, failureOf, hangs, layerWorld, passes, until } from './support.ts'

const HINTS = { spawner_hints: { layers: ['main_ai'] } }
const OPERATOR: LaunchOperator = { hookId: 'hook', kind: 'main_ai' }
const oneStep = (over: JsonObject = HINTS) => blueprintOf(step('work', lit('go'), '$.a'), ['work'], over)
const granting = (): FakeFaces => {
	const faces = new FakeFaces()
	faces.replies = (kind) => (kind === 'hook_before' ? { type: 'hook_ack', ok: true } : undefined)
	return faces
}

describe('the hook before an attempt', () => {
	test('lets it begin, and the hook after is told what came of it', async () => {
		verifies('03.SpawnerHints.layers', '04.43')
		const work = passes('done')
		await using world = layerWorld({ workers: { work }, faces: granting() })
		const run = await (await world.launch(oneStep(), { operator: OPERATOR })).ended
		expect([run.status, run.result]).toEqual(['done', { a: 'done' }])
		const [step_] = await world.runs.steps(run.id)
		const about = { task_id: step_?.stepId ?? '', agent: 'work', attempt: 1 }
		expect(world.faces.asked.map(({ kind, frame }) => [kind, frame])).toEqual([['hook_before', about]])
		expect(world.faces.told).toEqual([
			{ type: 'hook_after', req_id: expect.stringContaining('S-hook-ha-'), parent_req_id: 'req-0', ...about, result: 'done' },
		])
	})

	test('keeps the worker from starting, with its reason or a sentence in its place, and nothing is told afterwards', async () => {
		verifies('04.41', '04.91')
		for (const [reason, told] of [
			['not today', 'not today'],
			[null, 'ws operator: spawn rejected'],
		] as const) {
			const work = passes(1)
			const faces = new FakeFaces()
			faces.replies = () => ({ type: 'hook_ack', ok: false, reason })
			await using world = layerWorld({ workers: { work }, faces })
			const run = await (await world.launch(oneStep(), { operator: OPERATOR })).ended
			expect(failureOf(run)).toContain(`dispatch_attempt: dispatch failed: spawn rejected by middleware: ${told}`)
			expect([work.calls, faces.told]).toEqual([[], []])
		}
	})

	test('a rejection is caught by a try of the flow', async () => {
		const faces = new FakeFaces()
		faces.replies = () => ({ type: 'hook_ack', ok: false, reason: 'no' })
		await using world = layerWorld({ workers: { work: passes(1) }, faces })
		const flow = attempt(step('work', lit(1), '$.a'), seq(), '$.why')
		const run = await (await world.launch(blueprintOf(flow, ['work'], HINTS), { operator: OPERATOR })).ended
		expect(run.result).toMatchObject({ why: expect.stringContaining('spawn rejected by middleware: no') })
	})

	test('a reply of the wrong type is a rejection that names the type', async () => {
		verifies('04.46')
		const faces = new FakeFaces()
		faces.replies = () => ({ type: 'answer', value: 1 })
		await using world = layerWorld({ workers: { work: passes(1) }, faces })
		const run = await (await world.launch(oneStep(), { operator: OPERATOR })).ended
		expect(failureOf(run)).toContain('spawn rejected by middleware: ws operator: unexpected answer reply to before')
	})

	test('an id that nobody bears is left out: the step goes on, and it is told once for all its dispatches', async () => {
		verifies('04.22')
		const warned: unknown[] = []
		const log = { ...silentLogger, warn: (_message: string, fields?: object) => void warned.push(fields) }
		const faces = new FakeFaces()
		faces.live.clear()
		await using world = layerWorld({ workers: { work: passes(1) }, faces, log })
		const flow = seq(step('work', lit(1), '$.a'), step('work', path('$.a'), '$.b'))
		const run = await (await world.launch(blueprintOf(flow, ['work'], HINTS), { operator: OPERATOR })).ended
		expect(run.status).toBe('done')
		expect(warned).toEqual([{ run_id: run.id, registry: 'spawn hook', id: 'hook', agent: 'work' }])
		expect(await eventsOf(world, 'run.warned')).toMatchObject([{ code: 'unknown_face', registry: 'spawn hook', id: 'hook', agent: 'work' }])
	})
})

describe('whether hooks fire', () => {
	const agents = [{ name: 'work', kind: 'rust_fn', spec: { fn_id: 'work', operator_ref: 'boss' } }]
	const boss = (kind: string) => ({ agents, operators: [{ name: 'boss', kind }] })
	const cases: [string, readonly string[], JsonObject, Partial<LaunchOperator>, boolean][] = [
		['nothing set: automate', ['04.16', '04.42'], {}, {}, false],
		['the Blueprint for all', ['04.17', '04.42'], { default_operator_kind: 'main_ai' }, {}, true],
		['composite as main_ai', ['04.42'], { default_operator_kind: 'composite' }, {}, true],
		['an operator beats the Blueprint', ['04.18'], { default_operator_kind: 'main_ai', ...boss('automate') }, {}, false],
		['the launch beats an operator', ['04.19'], boss('automate'), { kind: 'main_ai' }, true],
		['a launch for one agent beats all', ['04.20'], boss('automate'), { kind: 'automate', perAgentKinds: { work: 'composite' } }, true],
		['an explicit automate at launch', ['04.21'], { default_operator_kind: 'main_ai' }, { kind: 'automate' }, false],
	]
	for (const [what, ids, over, operator, fires] of cases) {
		test(`${what} → ${fires ? 'they do' : 'they do not'}`, async () => {
			verifies(...ids)
			await using world = layerWorld({ workers: { work: passes(1) }, faces: granting() })
			const run = await (await world.launch(oneStep({ ...HINTS, ...over }), { operator: { hookId: 'hook', ...operator } })).ended
			expect([run.status, world.faces.asked.length]).toEqual(['done', fires ? 1 : 0])
		})
	}

	test('without the hint they never do', async () => {
		await using world = layerWorld({ workers: { work: passes(1) }, faces: granting() })
		await (await world.launch(oneStep({}), { operator: OPERATOR })).ended
		expect(world.faces.asked).toEqual([])
	})
})

describe('the hook after an attempt', () => {
	test('is told the error of a worker that failed, which stays as it is', async () => {
		verifies('04.43')
		const work = counted(() => Promise.reject(new Error('boom')))
		await using world = layerWorld({ workers: { work }, faces: granting() })
		const run = await (await world.launch(oneStep(), { operator: OPERATOR })).ended
		expect(failureOf(run)).toContain('dispatch failed: worker fn returned error: boom')
		expect(world.faces.told).toMatchObject([{ type: 'hook_after', result: 'boom' }])
	})

	test('is shown only what is on disk, and a broken contract stays broken', async () => {
		const agents = [{ name: 'work', kind: 'rust_fn', spec: { fn_id: 'work' }, verdict: { channel: 'body', values: ['PASS'] } }]
		await using world = layerWorld({ workers: { work: passes('MAYBE') }, faces: granting() })
		const run = await (await world.launch(oneStep({ ...HINTS, agents }), { operator: OPERATOR })).ended
		expect(failureOf(run)).toContain('Final rejected before output_tail')
		const [failed] = await world.runs.steps(run.id)
		expect(failed && (await world.outputs.listForAttempt(failed.stepId, 1, 'tail'))).toEqual([])
	})
})

describe('a server that dies', () => {
	test('while the hook is open goes on with the same request in the same attempt', async () => {
		using folder = tempDir()
		const faces = new FakeFaces()
		const work = passes('late')
		const launched = await (async () => {
			const first = layerWorld({ workers: { work }, faces, dir: folder.path })
			const run = await first.launch(oneStep(), { operator: OPERATOR, detach: true })
			await until('the question', () => faces.asked.length === 1)
			first.kill()
			return run
		})()
		await using second = layerWorld({ workers: { work }, faces, dir: folder.path })
		await second.supervisor.recover()
		faces.answer(faces.asked[0], { type: 'hook_ack', ok: true })
		const run = await second.service.wait(launched.run.id, AbortSignal.timeout(20_000))
		expect([run.status, faces.asked.length, work.calls]).toEqual(['done', 1, [1]])
	})

	test('under a worker that was let through tries again without asking again', async () => {
		using folder = tempDir()
		const faces = granting()
		const first = layerWorld({ workers: { work: hangs() }, faces, dir: folder.path })
		const { run: begun } = await first.launch(oneStep(), { operator: OPERATOR, detach: true })
		await until('the hook', () => faces.asked.length === 1)
		first.kill()
		const work = passes('again')
		await using second = layerWorld({ workers: { work }, faces, dir: folder.path })
		await second.supervisor.recover()
		const run = await second.service.wait(begun.id, AbortSignal.timeout(20_000))
		expect([run.status, faces.asked.length, work.calls]).toEqual(['done', 1, [2]])
	})

	test('a stop in good order under a worker counts as no death, and an open hook stands', async () => {
		using folder = tempDir()
		const faces = granting()
		const slow = hangs()
		const first = layerWorld({ workers: { work: slow }, faces, dir: folder.path })
		await first.launch(oneStep(), { operator: OPERATOR, detach: true })
		await until('the worker', () => slow.calls.length === 1)
		await first[Symbol.asyncDispose]()
		await using second = layerWorld({ workers: { work: passes(1) }, faces, dir: folder.path })
		const statuses = second.db.query<{ status: string }>('SELECT status FROM attempt ORDER BY n').all()
		expect(statuses).toEqual([{ status: 'cancelled' }])
		expect(faces.told).toEqual([])
	})
})
