import { describe, expect, test } from 'bun:test'
import { auditedPosition, auditorsOf } from '../../../src/core/layer/audit.ts'
import type { Json, JsonObject } from '../../../src/kernel/json.ts'
import type { Blueprint } from '../../../src/protocol/blueprint.ts'
import { blueprintOf, lit, path, seq, step } from '../../support/blueprints.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { verifies } from '../../support/verifies.ts'
import { blocks, counted, eventsOf, hangs, layerWorld, passes, pure, until } from './support.ts'

const audited = (audits: JsonObject[], over: JsonObject = {}) =>
	blueprintOf(step('work', lit('go'), '$.a'), ['work', 'eye'], { audits, ...over })
const SYNC = { agent: 'eye', mode: 'sync' }
const ASYNC = { agent: 'eye' }

describe('which steps are audited', () => {
	const auditors = (audits: JsonObject[], ref: string) =>
		auditorsOf({ audits: audits.map((audit) => ({ mode: 'async', ...audit })) } as unknown as Blueprint, ref).map(({ segment }) => segment)

	test('all without a list or with a star, none with an empty list, else those named', () => {
		verifies('03.AuditDef.steps', '04.84')
		const audits = [{ agent: 'a' }, { agent: 'b', steps: ['*'] }, { agent: 'c', steps: [] }, { agent: 'd', steps: ['work'] }]
		expect(auditors(audits, 'work')).toEqual(['/audit:a', '/audit:b', '/audit:d'])
		expect(auditors(audits, 'other')).toEqual(['/audit:a', '/audit:b'])
	})

	test('never a step of an auditor, and an auditor named twice has two positions', () => {
		verifies('04.84')
		expect(auditors([ASYNC], 'eye')).toEqual([])
		expect(auditors([ASYNC, SYNC], 'work')).toEqual(['/audit:eye', '/audit:eye#1'])
		expect([auditedPosition('/0/body[2]/audit:eye'), auditedPosition('/0')]).toEqual(['/0/body[2]', null])
	})
})

describe('an audit', () => {
	test('is told about the step and leaves one artifact beside it, without a layer and without a trace in the value', async () => {
		verifies('04.84', '06.23', '03.AuditDef.agent')
		const prompts: Json[] = []
		const eye = counted(async ({ prompt }) => {
			prompts.push(prompt)
			return { final: { value: { found: 'nothing' }, ok: true } }
		})
		await using world = layerWorld({ workers: { work: passes('done'), eye } })
		const blueprint = audited([SYNC], { spawner_hints: { layers: ['main_ai'] } })
		const run = await (await world.launch(blueprint, { operator: { hookId: 'hook', perAgentKinds: { eye: 'main_ai' } } })).ended
		expect([run.status, run.result]).toEqual(['done', { a: 'done' }])
		const steps = await world.runs.steps(run.id)
		const [work] = steps
		if (!work) throw new Error('no step')
		expect(steps.map(({ ref }) => ref)).toEqual(['work'])
		expect(prompts).toEqual([
			{
				...{ kind: 'after_run_audit', task_id: work.stepId, step_ref: 'work', attempt: 1 },
				...{ ok: true, final_value: 'done', instruction: expect.any(String) },
			},
		])
		const tail = await world.outputs.listForAttempt(work.stepId, 1, 'tail')
		expect(tail.map(({ producer, event }) => [producer, event])).toEqual([
			['eye', { type: 'artifact', name: 'audit:work', content: { kind: 'inline', value: { found: 'nothing' } } }],
		])
		expect((await world.outputs.latestByName('audit:work', run.id))?.stepId).toBe(work.stepId)
		expect(world.faces.asked).toEqual([])
	})

	test('looks at a blocked step too, and at none whose worker failed', async () => {
		verifies('04.84')
		for (const [work, seen] of [
			[blocks('no'), 1],
			[counted(() => Promise.reject(new Error('crash'))), 0],
		] as const) {
			const eye = passes('seen')
			await using world = layerWorld({ workers: { work, eye } })
			const run = await (await world.launch(audited([SYNC]))).ended
			expect([run.status, eye.calls.length]).toEqual(['failed', seen])
		}
	})

	test('that fails is an event and nothing else', async () => {
		verifies('04.84')
		const eye = counted(() => Promise.reject(new Error('blind')))
		await using world = layerWorld({ workers: { work: passes(1), eye } })
		const run = await (await world.launch(audited([SYNC]))).ended
		expect(run.result).toEqual({ a: 1 })
		expect(await eventsOf(world, 'step.audit')).toMatchObject([
			{ kind: 'step.audit_failed', ref: 'work', auditor: 'eye', error: expect.stringContaining('blind') },
		])
	})

	test('leaves a pure step pure', async () => {
		verifies('03.AuditDef.mode')
		const flow = seq(step('inc', lit(1), '$.a'), step('inc', path('$.a'), '$.b'))
		await using world = layerWorld({ workers: { inc: pure((n) => Number(n) + 1), eye: pure(() => 'ok') } })
		const blueprint = blueprintOf(flow, ['inc', 'eye'], { audits: [ASYNC] })
		const run = await (await world.launch(blueprint)).ended
		expect(run.result).toEqual({ a: 2, b: 3 })
		await until('both audits', async () => (await eventsOf(world, 'step.audited')).length === 2)
		expect((await eventsOf(world, 'step.dispatched')).map(({ ref }) => ref)).toEqual(['eye', 'eye'])
	})
})

describe('a step waits for a synchronous audit', () => {
	test('and a flow cancelled meanwhile ends it', async () => {
		verifies('03.AuditDef.mode')
		const eye = hangs()
		await using world = layerWorld({ workers: { work: passes(1), eye } })
		const launched = await world.launch(audited([SYNC]), { detach: true })
		await until('the audit', () => eye.calls.length === 1)
		await world.service.cancel(launched.run.id, 'enough')
		expect((await launched.ended).status).toBe('cancelled')
		expect(world.db.query("SELECT count(*) AS n FROM step WHERE status = 'running'").get()).toEqual({ n: 0 })
	})

	test('also in the next life of the server, which does not repeat the step', async () => {
		using folder = tempDir()
		const first = layerWorld({ workers: { work: passes('done'), eye: hangs() }, dir: folder.path })
		const { run: begun } = await first.launch(audited([SYNC]), { detach: true })
		await until('the audit', async () => (await eventsOf(first, 'step.dispatched')).length === 2)
		first.kill()
		const [work, eye] = [passes('never'), passes('seen')]
		await using second = layerWorld({ workers: { work, eye }, dir: folder.path })
		await second.supervisor.recover()
		const run = await second.service.wait(begun.id, AbortSignal.timeout(20_000))
		expect([run.result, work.calls, eye.calls]).toEqual([{ a: 'done' }, [], [2]])
		expect(await eventsOf(second, 'step.audited')).toHaveLength(1)
	})
})

describe('an asynchronous audit', () => {
	test('outlives its run, and the server', async () => {
		using folder = tempDir()
		const first = layerWorld({ workers: { work: passes('done'), eye: hangs() }, dir: folder.path })
		const run = await (await first.launch(audited([ASYNC]))).ended
		expect(run.status).toBe('done')
		await first[Symbol.asyncDispose]()
		const eye = passes('seen')
		await using second = layerWorld({ workers: { work: passes('never'), eye }, dir: folder.path })
		expect(await second.supervisor.recover()).toBe(0)
		await until('the audit', async () => (await eventsOf(second, 'step.audited')).length === 1)
		expect((await second.outputs.latestByName('audit:work', run.id))?.event).toMatchObject({ content: { value: 'seen' } })
		expect(await second.runs.endedWithAudits()).toEqual([])
	})

	test('goes with its run when that is deleted', async () => {
		const eye = hangs()
		await using world = layerWorld({ workers: { work: passes('done'), eye } })
		const run = await (await world.launch(audited([ASYNC]))).ended
		await until('the audit', () => eye.calls.length === 1)
		await world.service.forget(run.id)
		expect(await world.runs.deleteRun(run.id)).toBe(true)
		expect(world.db.query('SELECT count(*) AS n FROM step').get()).toEqual({ n: 0 })
	})

	test('goes on when its run fails', async () => {
		let release = (): void => {}
		const gate = new Promise<void>((resolve) => {
			release = resolve
		})
		const eye = counted(async () => {
			await gate
			return { final: { value: 'seen', ok: true } }
		})
		await using world = layerWorld({ workers: { work: blocks('no'), eye } })
		const run = await (await world.launch(audited([ASYNC]))).ended
		expect([run.status, await world.runs.endedWithAudits()]).toEqual(['failed', [run.id]])
		release()
		await until('the audit', async () => (await eventsOf(world, 'step.audited')).length === 1)
	})
})
