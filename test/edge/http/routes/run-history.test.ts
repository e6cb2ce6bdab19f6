import { expect, test } from 'bun:test'
import { verifies } from '../../../support/verifies.ts'
import { httpWorld } from '../support.ts'
import { forMain, operatorServer } from '../whole-server.ts'

const agents = [
	{
		name: 'writer',
		kind: 'operator',
		spec: { operator_ref: 'main' },
		profile: { model: 'big' },
		runner: { backend: 'ws_operator', variant: 'coder', tools: ['Read'] },
	},
	{ name: 'fn', kind: 'rust_fn', spec: { fn_id: 'identity' } },
]
const manifest = (over: object = {}) => ({
	capability_manifest: {
		provider_id: 'client',
		capabilities: [{ launch_variant: 'coder', resolved_model: 'bigger', effective_tools: ['Read', 'Bash'], ...over }],
	},
})

/** The bindings of a run that an operator of this manifest was pinned to. */
async function bound(server: Awaited<ReturnType<typeof operatorServer>>, join: object, over: object = {}) {
	const { sid } = await server.join(join as never)
	const launched = await server.launch(forMain({ agents, ...over } as never), { operator_sid: sid, operator_desc: 'x' })
	if (launched.status !== 202) return { status: launched.status, code: launched.body.code }
	return (await server.call('GET', `/v1/runs/${launched.body.run_id}/bindings`)).body
}

test('a binding tells what was asked, what the operator attested, and where they differ', async () => {
	verifies('01.C104')
	await using server = await operatorServer()
	const { snapshot_origin, bindings } = await bound(server, manifest())
	expect(snapshot_origin).toBe('launch')
	expect(bindings[0]).toEqual({
		agent: 'writer',
		runner_source: 'agent_inline',
		status: 'attested',
		requested: { launch_variant: 'coder', model: 'big', tools: ['Read'] },
		effective: {
			...{ provider_id: 'client', provider_revision: null, resolved_model: 'bigger', effective_tools: ['Read', 'Bash'] },
			...{ launch_variant: 'coder', capability_snapshot_digest: null },
		},
		difference: { model_changed: true, missing_requested_tools: [], additional_effective_tools: ['Bash'], launch_variant_changed: false },
		binding_digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
	})
	expect(bindings[1]).toMatchObject({ agent: 'fn', runner_source: 'none', status: 'declaration_only', requested: null, effective: null })
})

test('a manifest that does not cover the agent proves nothing of it, and under strict binding the launch is refused', async () => {
	verifies('03.CompilerStrategy.strict_binding')
	await using server = await operatorServer()
	for (const join of [{}, manifest({ effective_tools: [] }), manifest({ launch_variant: 'other' }), manifest({ resolved_model: null })]) {
		expect((await bound(server, join)).bindings[0]).toMatchObject({ status: 'declaration_only', effective: null })
		expect(await bound(server, join, { strategy: { strict_binding: true } })).toEqual({ status: 400, code: 'binding_unattested' })
	}
	const twice = { capability_manifest: { provider_id: 'client', capabilities: [{ launch_variant: 'coder' }, { launch_variant: 'coder' }] } }
	expect(await bound(server, twice)).toEqual({ status: 400, code: 'ambiguous_capability' })
})

test('every step entry carries the digest of what its agent was bound to', async () => {
	await using world = httpWorld()
	const flow = { kind: 'step', ref: 'fn', in: { op: 'lit', value: 1 }, out: { op: 'path', at: '$.x' } }
	const { run_id } = (await world.launch({ id: 'x', flow, agents: [{ name: 'fn', kind: 'rust_fn', spec: { fn_id: 'identity' } }] })).body
	const { bindings } = (await world.call('GET', `/v1/runs/${run_id}/bindings`)).body
	const digest = bindings[0].binding_digest
	expect((await world.call('GET', `/v1/runs/${run_id}`)).body.step_entries).toMatchObject([{ step_ref: 'fn', binding_digest: digest }])
	expect((await world.call('GET', `/v1/runs/${run_id}/steps`)).body.steps).toMatchObject([{ binding_digest: digest }])
})

test('an agent that the manifest of its operator does not cover is among the degradations of the run', async () => {
	await using server = await operatorServer()
	const degradations = async (join: object) => {
		const { sid } = await server.join(join as never)
		const { body } = await server.launch(forMain({ agents } as never), { operator_sid: sid, operator_desc: 'x' })
		return (await server.call('GET', `/v1/runs/${body.run_id}`)).body.degradations
	}
	expect(await degradations(manifest())).toBeUndefined()
	expect(await degradations({})).toBeUndefined()
	expect(await degradations(manifest({ effective_tools: [] }))).toEqual([
		{
			tool: 'binding',
			error: "the capability manifest of the operator does not cover agent 'writer'",
			fallback: 'declaration_only',
			step_ref: 'writer',
			at: expect.any(Number),
		},
	])
})

test('bindings of an unknown run are 404, and of one whose Blueprint is gone 422', async () => {
	verifies('01.C104')
	await using world = httpWorld()
	const { run_id } = (await world.launch({ id: 'x', flow: { kind: 'seq', children: [] } })).body
	await world.db.write(() => world.db.query("UPDATE run SET blueprint_hash = 'gone'").run())
	const gone = await world.call('GET', `/v1/runs/${run_id}/bindings`)
	expect([gone.status, gone.body.code]).toEqual([422, 'no_snapshot'])
	expect((await world.call('GET', '/v1/runs/R-0/bindings')).status).toBe(404)
	expect((await world.call('GET', '/v1/runs/R-0/generations')).status).toBe(404)
})
