import { describe, expect, test } from 'bun:test'
import { assembleContext } from '../../../src/core/layer/agent-context.ts'
import type { Json, JsonObject } from '../../../src/kernel/json.ts'
import { attempt, blueprintOf, lit, path, seq, step } from '../../support/blueprints.ts'
import { parsedBlueprint } from '../../support/parsed-blueprint.ts'
import { verifies } from '../../support/verifies.ts'
import { counted, eventsOf, layerWorld, passes } from './support.ts'

const AGENT = { name: 'work', kind: 'rust_fn', spec: { fn_id: 'work' } }

function contextOf(over: JsonObject, meta: JsonObject, source: { taskInput?: JsonObject; stepCtx?: JsonObject } = {}) {
	const blueprint = parsedBlueprint(blueprintOf(seq(), [], { agents: [{ ...AGENT, meta }], ...over }))
	const told: string[] = []
	const [agent] = blueprint.agents
	if (!agent) throw new Error('no agent')
	const { taskInput, stepCtx } = source
	const context = assembleContext(blueprint, agent, { taskInput, stepCtx, malformed: (what) => void told.push(what) })
	return { context, told }
}

describe('the context of an agent', () => {
	const tiers = {
		default_agent_ctx: { a: 'blueprint', b: 'blueprint', c: 'blueprint', d: 'blueprint', work_dir: '/blueprint' },
		metas: [{ name: 'm', ctx: { b: 'meta', c: 'meta', d: 'meta' } }],
	}
	const meta = { meta_ref: 'm', ctx: { c: 'agent', d: 'agent' } }

	test('has each key from the nearest tier: launch, step, agent, its meta, Blueprint', () => {
		verifies(
			'04.86',
			'06.94',
			'03.Blueprint.default_agent_ctx',
			'03.AgentMeta.ctx',
			'03.AgentMeta.meta_ref',
			'03.MetaDef.name',
			'03.MetaDef.ctx',
		)
		const { context } = contextOf(tiers, meta, { stepCtx: { d: 'step', work_dir: '/step' }, taskInput: { work_dir: '/launch' } })
		expect(context).toEqual({ work_dir: '/launch', extra: { a: 'blueprint', b: 'meta', c: 'agent', d: 'step' } })
	})

	test('skips a tier that is no object, and keys of the wrong shape, and tells of them', () => {
		verifies('04.86', '03.BlueprintMetadata.project_name_alias')
		const { context, told } = contextOf(
			{ default_agent_ctx: [1], metadata: { project_name_alias: 'p' } },
			{ ctx: 'text' },
			{ stepCtx: { work_dir: 7, input_refs: [1] } },
		)
		expect(context).toEqual({ project_name_alias: 'p' })
		expect(told).toEqual([
			'default_agent_ctx is not an object',
			"agents['work'].meta.ctx is not an object",
			'work_dir is not a text',
			'input_refs is not a list of ids',
		])
	})

	test('is filtered by the agent’s policy, else by the Blueprint’s; they never merge', () => {
		verifies('03.ContextPolicy.include', '03.ContextPolicy.exclude', '04.86')
		const policy = (include: Json, exclude: Json) => ({ include, exclude })
		expect(contextOf({ ...tiers, default_context_policy: policy(null, ['a']) }, meta).context.extra).toEqual({
			b: 'meta',
			c: 'agent',
			d: 'agent',
		})
		const own = { ...meta, context_policy: policy(['a', 'b'], ['b']) }
		expect(contextOf({ ...tiers, default_context_policy: policy(null, ['a']) }, own).context.extra).toEqual({ a: 'blueprint' })
	})

	test('passes on references to outputs, one or many', () => {
		expect(contextOf({}, {}, { stepCtx: { input_refs: 'out-1' } }).context.input_refs).toEqual(['out-1'])
		expect(contextOf({}, {}, { stepCtx: { input_refs: ['out-1', 'out-2'] } }).context.input_refs).toEqual(['out-1', 'out-2'])
	})
})

describe('in a run', () => {
	test('a malformed tier fails nothing and is told once, however many steps meet it', async () => {
		verifies('04.86')
		await using world = layerWorld({ workers: { work: passes(1) } })
		const flow = seq(step('work', lit(1), '$.a'), step('work', lit({ $step_meta: { inline: { x: 1 } } }), '$.b'))
		const run = await (await world.launch(blueprintOf(flow, ['work'], { default_agent_ctx: 'oops' }))).ended
		expect(run.status).toBe('done')
		expect(await eventsOf(world, 'run.warned')).toMatchObject([
			{
				code: 'malformed_context',
				agent: 'work',
				message: "In the context of agent 'work', default_agent_ctx is not an object; it is skipped.",
			},
		])
	})

	test('the step’s envelope is context and never prompt, and an unknown reference lists the known ones', async () => {
		verifies('04.87')
		const seen: Json[] = []
		const work = counted(async ({ prompt, context }) => {
			seen.push([prompt, { ...context.extra }])
			return { final: { value: 1, ok: true } }
		})
		await using world = layerWorld({ workers: { work } })
		const ask = (envelope: Json, rest: JsonObject = {}) => step('work', lit({ $step_meta: envelope, ...rest }), '$.a')
		const flow = seq(
			ask({ ref: 'm', inline: { b: 2 } }, { $in: 'do it', ignored: 1 }),
			ask({ inline: { c: 3 } }, { rest: true }),
			ask({}),
			attempt(step('work', path('$.bad'), '$.a'), seq(), '$.why'),
		)
		const blueprint = blueprintOf(flow, ['work'], { metas: [{ name: 'm', ctx: { a: 1, b: 1 } }] })
		const run = await (await world.launch(blueprint, { initCtx: { bad: { $step_meta: { ref: 'nobody' } } } })).ended
		expect(seen).toEqual([
			['do it', { a: 1, b: 2 }],
			[{ rest: true }, { c: 3 }],
			['', {}],
		])
		expect(run.result).toMatchObject({ why: expect.stringContaining(`'nobody' (defined: ["m"])`) })
		const prompts = world.db.query<{ prompt: string }>('SELECT prompt FROM step').all()
		expect(prompts.filter(({ prompt }) => prompt.includes('$step_meta'))).toEqual([])
	})
})
