import { describe, expect, test } from 'bun:test'
import { blueprintOf, lit, path, seq, step } from '../../support/blueprints.ts'
import { eventually } from '../../support/eventually.ts'
import { runWorld } from '../../support/run-world.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { departs, verifies } from '../../support/verifies.ts'
import { hang, pure } from '../../support/workers.ts'

const echo = { echo: pure((prompt) => prompt) }

describe('fields of a Blueprint', () => {
	test('default_init_ctx is what a run starts with, under the keys of its launch', async () => {
		verifies('03.Blueprint.default_init_ctx')
		await using world = runWorld({ workers: echo })
		const blueprint = blueprintOf(seq(), [], { default_init_ctx: { a: 1, b: { c: 1 } } })
		const result = async (initCtx: object) => (await (await world.launch(blueprint, { initCtx: initCtx as never })).ended).result
		expect(await result({})).toEqual({ a: 1, b: { c: 1 } })
		expect(await result({ b: { d: 2 } })).toEqual({ a: 1, b: { d: 2 } })
	})

	test('strict_verdict_handling refuses a launch whose flow leaves a declared verdict out', async () => {
		verifies('03.BlueprintMetadata.strict_verdict_handling')
		await using world = runWorld({ workers: echo })
		const agents = [{ name: 'echo', kind: 'rust_fn', spec: { fn_id: 'echo' }, verdict: { channel: 'body', values: ['a', 'b'] } }]
		const isA = { kind: 'branch', cond: { op: 'eq', lhs: path('$.v'), rhs: lit('a') }, then: seq(), else: seq() }
		const flow = seq(step('echo', lit('a'), '$.v'), isA)
		expect((await (await world.launch({ id: 'x', flow, agents })).ended).status).toBe('done')
		const strict = { id: 'x', flow, agents, metadata: { strict_verdict_handling: true } }
		await expect(world.launch(strict)).rejects.toThrow("declares verdict value 'b' but no downstream")
	})

	test('policy.on_restart fail ends a step that the death of the server interrupted, instead of trying again', async () => {
		verifies('03.Policy.on_restart')
		for (const [on_restart, status, result] of [
			['fail', 'failed', { error: { code: 'attempt_lost' } }],
			['retry', 'done', { a: 1 }],
		] as const) {
			using dir = tempDir()
			const first = runWorld({ workers: { work: hang }, dir: dir.path })
			const blueprint = blueprintOf(step('work', lit(1), '$.a'), ['work'], { metadata: { policy: { on_restart } } })
			const { run } = await first.launch(blueprint, { detach: true })
			const running = () => first.db.query("SELECT 1 FROM step WHERE status = 'running' AND attempt = 1").get() !== null
			await eventually(running, { what: 'the attempt is on disk' })
			first.kill()
			await using second = runWorld({ workers: { work: pure((prompt) => prompt) }, dir: dir.path })
			await second.supervisor.recover()
			const ended = await second.service.wait(run.id, AbortSignal.timeout(20_000))
			expect(ended).toMatchObject({ status, result })
		}
	})

	test('that nothing reads change nothing about a run', async () => {
		departs('03.Blueprint.schema_version', '03.AgentProfile.description')
		departs('03.AgentMeta.description', '03.AgentMeta.version', '03.AgentMeta.tags', '03.OperatorDef.display_name', '03.OperatorDef.spec')
		departs('03.BlueprintMetadata.description', '03.BlueprintMetadata.tags')
		departs('03.BlueprintOrigin.kind', '03.BlueprintOrigin.path', '03.BlueprintOrigin.session_id')
		const agents = (more: object) => [{ name: 'echo', kind: 'rust_fn', spec: { fn_id: 'echo' }, ...more }]
		const said = { description: 'd', version: '1', tags: ['t'] }
		const inert = {
			...{ schema_version: '9.9.9' },
			metadata: { description: 'd', tags: ['t'], origin: { kind: 'algo', session_id: 's' } },
			operators: [{ name: 'seat', display_name: 'Seat', spec: { x: 1 }, profile: { system_prompt: 's' }, meta: said }],
			agents: agents({ profile: { description: 'd' }, meta: said }),
		}
		const origin = { kind: 'file', path: '/nowhere' }
		const outcome = async (over: object) => {
			await using world = runWorld({ workers: echo })
			const run = await (await world.launch({ id: 'x', flow: step('echo', lit(1), '$.a'), agents: agents({}), ...over })).ended
			const steps = (await world.runs.steps(run.id)).map(({ ref, status, value, position }) => ({ ref, status, value, position }))
			const events = (await world.events.read(0, {}, 100)).map(({ kind }) => kind)
			return { status: run.status, result: run.result, options: run.options, steps, events }
		}
		const bare = await outcome({})
		expect(await outcome(inert)).toEqual(bare)
		expect(await outcome({ metadata: { origin } })).toEqual(bare)
	})
})
