import { expect, test } from 'bun:test'
import type { JsonObject } from '../../../../src/kernel/json.ts'
import { minimal } from '../../../support/parsed-blueprint.ts'
import { verifies } from '../../../support/verifies.ts'
import { httpWorld } from '../support.ts'

const operator = (name: string, over: object = {}) => ({ name, kind: 'operator', spec: { operator_ref: 'main' }, ...over })
const runner = { backend: 'ws_operator', variant: 'coder', tools: ['Read', 'Bash'] }

/** A world with this document as the head of `m`. */
async function worldOf(keys: object, options: Parameters<typeof httpWorld>[0] = {}) {
	const world = httpWorld(options)
	const { status, body } = await world.call('POST', '/v1/blueprints/m', minimal({ operators: [{ name: 'main' }], ...keys }))
	expect(status).toBe(201)
	return { world, version: body.version as string }
}

test('binding requirements list each agent with a runner that somebody has to bind', async () => {
	verifies('01.C128')
	const agents = [
		operator('plain'),
		operator('bound', { runner, profile: { model: 'opus' } }),
		operator('legacy', { profile: { worker_binding: 'old' } }),
		{ name: 'llm', kind: 'agent_block', runner: { backend: 'agent_block_in_process' } },
		{ name: 'child', kind: 'subprocess', runner: { backend: 'subprocess', template: 't' } },
	]
	const { world } = await worldOf({ agents, subprocesses: [{ name: 't', argv: ['true'] }] })
	await using _ = world
	const { status, body } = await world.call('GET', '/v1/blueprints/m/binding-requirements')
	const request_digest = expect.stringMatching(/^sha256:[0-9a-f]{64}$/)
	expect([status, body]).toEqual([
		200,
		{
			blueprint_id: 'm',
			strict_binding: false,
			requirements: [
				{
					...{ agent: 'bound', request_digest, backend: 'ws_operator', binding_target: 'main', requested_model: 'opus' },
					...{ requested_tools: ['Read', 'Bash'], launch_variant: 'coder' },
				},
				{ agent: 'legacy', request_digest, backend: 'ws_claude_code', binding_target: 'main', launch_variant: 'old' },
				{ agent: 'llm', request_digest, backend: 'agent_block_in_process' },
			],
		},
	])
})

test('binding requirements are empty without runners, 404 without Blueprint, 422 where legacy bindings are refused', async () => {
	verifies('01.C128')
	const legacy = { agents: [operator('legacy', { profile: { worker_binding: 'old' } })] }
	const { world } = await worldOf({}, { rejectLegacyBinding: true })
	await using _ = world
	expect((await world.call('GET', '/v1/blueprints/m/binding-requirements')).body.requirements).toEqual([])
	expect((await world.call('GET', '/v1/blueprints/nobody/binding-requirements')).status).toBe(404)
	await world.call('POST', '/v1/blueprints/m', minimal(legacy))
	const refused = await world.call('GET', '/v1/blueprints/m/binding-requirements')
	expect([refused.status, refused.body.code]).toEqual([422, 'binding_refused'])
	expect(refused.body.error).toContain("agent 'legacy' uses deprecated profile.worker_binding")
})

test('an agent is explained whole', async () => {
	verifies('01.C127')
	const agent = operator('coder', {
		runner_ref: 'ops',
		profile: { system_prompt: 'You are {{ who }}.\nDo {{ what | upper }}.', model: 'opus', tools: ['Ignored'] },
		meta: { projection_name: 'code', meta_ref: 'shared', ctx: { a: 'inline' }, context_policy: { exclude: ['c'] } },
	})
	const document = {
		agents: [agent],
		runners: [{ name: 'ops', runner }],
		metas: [{ name: 'shared', ctx: { a: 'meta', b: 'meta' } }],
		default_agent_ctx: { a: 'global', b: 'global', c: 'global' },
	}
	const { world, version } = await worldOf(document)
	await using _ = world
	const { status, body } = await world.call('GET', '/v1/blueprints/m/agents/coder/explain')
	expect([status, body]).toEqual([
		200,
		{
			blueprint: { id: 'm', version },
			agent: { name: 'coder', kind: 'operator' },
			worker_binding: { variant: 'coder', tools: ['Read', 'Bash'], requested_model: 'opus' },
			binding_note: null,
			runner: {
				...{ resolved: runner, error: null, warning: null, source: 'agent_ref' },
				binding_digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
			},
			declared_tools: { tools: ['Read', 'Bash'], informational: true, note: expect.any(String) },
			system_prompt: {
				...{ bytes: 41, lines: 2, template_variables: ['who', 'what'], template_syntax_error: null, note: expect.any(String) },
			},
			effective_ctx: {
				keys: {
					a: { value: 'inline', winning_tier: 'agent_inline' },
					b: { value: 'meta', winning_tier: 'meta_ref' },
					c: { value: 'global', winning_tier: 'bp_global' },
				},
				note: expect.stringContaining('hides c'),
			},
			output: { projection_name: 'code', naming_warnings: [], parts_note: expect.any(String) },
		},
	])
})

test('an agent without worker type, with a broken template or a lost runner is explained all the same', async () => {
	verifies('01.C127')
	const agents = [
		operator('bare'),
		operator('broken', { profile: { system_prompt: '{% if %}' } }),
		operator('lost', { runner_ref: 'nowhere' }),
		operator('legacy', { profile: { worker_binding: 'old', tools: ['Read'] } }),
	]
	const { world } = await worldOf({ agents })
	await using _ = world
	const explain = async (name: string) => (await world.call('GET', `/v1/blueprints/m/agents/${name}/explain`)).body
	expect(await explain('bare')).toMatchObject({ worker_binding: null, binding_note: expect.any(String), system_prompt: null })
	expect((await explain('broken')).system_prompt).toMatchObject({
		template_syntax_error: expect.stringContaining('syntax error'),
		template_variables: [],
	})
	expect((await explain('lost')).runner).toMatchObject({ resolved: null, error: expect.stringContaining("'nowhere'"), source: 'agent_ref' })
	expect(await explain('legacy')).toMatchObject({
		...{ worker_binding: { variant: 'old', tools: ['Read'] }, runner: { warning: expect.any(String), source: 'legacy_worker_binding' } },
	})
})

test('an unknown agent is 404 with those there are, an unknown Blueprint is 404', async () => {
	verifies('01.C127')
	const { world } = await worldOf({ agents: [operator('a'), operator('b')] })
	await using _ = world
	const { status, body } = await world.call('GET', '/v1/blueprints/m/agents/nobody/explain')
	expect([status, body]).toMatchObject([404, { error: expect.stringContaining('nobody'), agent: 'nobody', available: ['a', 'b'] }])
	for (const path of ['agents/a/explain', 'agents/explain', 'diagnostics'])
		expect((await world.call('GET', `/v1/blueprints/nobody/${path}`)).status).toBe(404)
})

test('all agents are explained in short; none are an empty list', async () => {
	verifies('01.C127')
	const agents = [operator('a', { runner, profile: { system_prompt: 'hé' }, meta: { ctx: { x: 1 } } }), { name: 'b', kind: 'rust_fn' }]
	const { world } = await worldOf({ agents })
	await using _ = world
	expect((await world.call('GET', '/v1/blueprints/m/agents/explain')).body.agents).toEqual([
		{
			...{ name: 'a', kind: 'operator', worker_binding: { variant: 'coder', tools: ['Read', 'Bash'] }, declared_tools_count: 2 },
			...{ system_prompt_bytes: 3, effective_ctx_key_count: 1, projection_name: 'a' },
		},
		{
			...{ name: 'b', kind: 'rust_fn', worker_binding: null, declared_tools_count: 0 },
			...{ system_prompt_bytes: 0, effective_ctx_key_count: 0, projection_name: 'b' },
		},
	])
	await world.call('POST', '/v1/blueprints/m', minimal())
	const empty = await world.call('GET', '/v1/blueprints/m/agents/explain')
	expect([empty.status, empty.body.agents]).toEqual([200, []])
})

test('the diagnostics of a head are those of registering it', async () => {
	const { world, version } = await worldOf({ agents: [operator('a', { runner_ref: 'nowhere' })] })
	await using _ = world
	const { body } = await world.call('GET', '/v1/blueprints/m/diagnostics')
	expect([body.id, body.version]).toEqual(['m', version])
	const kinds = (body.diagnostics as JsonObject[]).map(({ kind, level }) => [kind, level])
	expect(kinds).toContainEqual(['bound-agent-resolution', 'Error'])
})
