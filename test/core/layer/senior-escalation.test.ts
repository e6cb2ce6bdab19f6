import { describe, expect, test } from 'bun:test'
import type { Json } from '../../../src/kernel/json.ts'
import { blueprintOf, lit, step } from '../../support/blueprints.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { departs, verifies } from '../../support/verifies.ts'
import { blocks, counted, FakeFaces, failureOf, layerWorld, passes, until } from './support.ts'

const OPERATOR = { bridgeId: 'bridge' }
const hinted = (...layers: string[]) => blueprintOf(step('work', lit('go'), '$.a'), ['work'], { spawner_hints: { layers } })
const ESCALATED = hinted('senior_escalation')

function answering(value: Json): FakeFaces {
	const faces = new FakeFaces()
	faces.replies = (kind) => (kind === 'ask' ? { type: 'answer', value } : { type: 'hook_ack', ok: true })
	return faces
}

describe('a senior', () => {
	test('is asked about a blocked result; the answer lets the step pass, beside the original', async () => {
		departs('04.44')
		await using world = layerWorld({ workers: { work: blocks({ n: 1 }) }, faces: answering('fine') })
		const run = await (await world.launch(ESCALATED, { operator: OPERATOR })).ended
		expect([run.status, run.result]).toEqual(['done', { a: { original: { n: 1 }, senior_answer: 'fine' } }])
		const [asked] = world.faces.asked
		expect(asked?.frame).toEqual({ task_id: asked?.stepId ?? '', question: { reason: 'worker reported ok=false', value: { n: 1 } } })
	})

	test('adds to the tail and rewrites nothing', async () => {
		verifies('04.33')
		await using world = layerWorld({ workers: { work: blocks('no') }, faces: answering(true) })
		const run = await (await world.launch(ESCALATED, { operator: OPERATOR })).ended
		const [asked] = await world.runs.steps(run.id)
		const tail = asked ? await world.outputs.listForAttempt(asked.stepId, 1, 'tail') : []
		expect(tail.map(({ event }) => event)).toEqual([
			{ type: 'final', content: { kind: 'inline', value: 'no' }, ok: false },
			{ type: 'final', content: { kind: 'inline', value: { original: 'no', senior_answer: true } }, ok: true },
		])
	})

	test('refuses with exactly a verdict of reject; anything else upgrades', async () => {
		departs('04.44')
		const cases: [Json, string][] = [
			[{ verdict: 'reject' }, 'failed'],
			[{ verdict: 'reject', reason: 'not good' }, 'failed'],
			[{ verdict: 'reject', score: 3 }, 'done'],
			['reject', 'done'],
			[null, 'done'],
			[{ verdict: 'REJECT' }, 'done'],
		]
		for (const [answer, status] of cases) {
			await using world = layerWorld({ workers: { work: blocks('no') }, faces: answering(answer) })
			const run = await (await world.launch(ESCALATED, { operator: OPERATOR })).ended
			expect([answer, run.status]).toEqual([answer, status])
			if (status === 'failed') expect(failureOf(run)).toContain('blocked: "no"')
		}
	})

	test('is not asked about a result that passes, nor about a worker that crashed', async () => {
		departs('04.44')
		for (const work of [passes(1), counted(() => Promise.reject(new Error('crash')))]) {
			await using world = layerWorld({ workers: { work }, faces: answering('fine') })
			await (await world.launch(ESCALATED, { operator: OPERATOR })).ended
			expect(world.faces.asked).toEqual([])
		}
	})

	test('who gives no usable answer leaves the step blocked', async () => {
		verifies('04.46')
		departs('04.44')
		const faces = new FakeFaces()
		faces.replies = () => ({ type: 'hook_ack', ok: true })
		await using world = layerWorld({ workers: { work: blocks('no') }, faces })
		const run = await (await world.launch(ESCALATED, { operator: OPERATOR })).ended
		expect(failureOf(run)).toContain('blocked: "no"')
	})

	test('who is nobody is left out', async () => {
		verifies('04.22')
		const faces = new FakeFaces()
		faces.live.clear()
		await using world = layerWorld({ workers: { work: blocks('no') }, faces })
		const run = await (await world.launch(ESCALATED, { operator: OPERATOR })).ended
		expect([failureOf(run), faces.asked]).toEqual([expect.stringContaining('blocked: "no"'), []])
	})

	test('is asked once: after a death of the server the question stands and the worker does not work again', async () => {
		using folder = tempDir()
		const faces = new FakeFaces()
		const first = layerWorld({ workers: { work: blocks('no') }, faces, dir: folder.path })
		const { run: begun } = await first.launch(ESCALATED, { operator: OPERATOR, detach: true })
		await until('the question', () => faces.asked.length === 1)
		first.kill()
		const work = passes('never')
		await using second = layerWorld({ workers: { work }, faces, dir: folder.path })
		await second.supervisor.recover()
		faces.answer(faces.asked[0], { type: 'answer', value: 'go on' })
		const run = await second.service.wait(begun.id, AbortSignal.timeout(20_000))
		expect(run.result).toEqual({ a: { original: 'no', senior_answer: 'go on' } })
		expect([faces.asked.length, work.calls]).toEqual([1, []])
	})
})

test('a senior who refuses after a death of the server leaves what the worker said before it', async () => {
	using folder = tempDir()
	const faces = new FakeFaces()
	const first = layerWorld({ workers: { work: blocks('no') }, faces, dir: folder.path })
	const { run: begun } = await first.launch(ESCALATED, { operator: OPERATOR, detach: true })
	await until('the question', () => faces.asked.length === 1)
	first.kill()
	await using second = layerWorld({ workers: { work: passes('never') }, faces, dir: folder.path })
	await second.supervisor.recover()
	faces.answer(faces.asked[0], { type: 'answer', value: { verdict: 'reject' } })
	expect(failureOf(await second.service.wait(begun.id, AbortSignal.timeout(20_000)))).toContain('blocked: "no"')
})

describe('hooks and seniors together', () => {
	const both = { ...OPERATOR, hookId: 'hook', kind: 'main_ai' } as const
	const results = async (...layers: string[]) => {
		await using world = layerWorld({ workers: { work: blocks('no') }, faces: answering('ok') })
		await (await world.launch(hinted(...layers), { operator: both })).ended
		return world.faces.told.map((frame) => ('result' in frame ? frame.result : null))
	}

	test('a senior named later is outside: the hook after sees the worker’s own value', async () => {
		expect(await results('main_ai', 'senior_escalation')).toEqual(['no'])
	})

	test('a senior named first is inside: the hook after sees the senior’s', async () => {
		expect(await results('senior_escalation', 'main_ai')).toEqual([{ original: 'no', senior_answer: 'ok' }])
	})
})
