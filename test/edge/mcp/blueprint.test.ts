import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { localFiles } from '../../../src/edge/cli/blueprint/local-files.ts'
import { readSource } from '../../../src/edge/cli/blueprint/source.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { verifies } from '../../support/verifies.ts'
import { identity, mcpWorld, oneStep, seated, withMain } from './mcp-world.ts'

const filesIn = (folder: string) =>
	localFiles(folder, (file) =>
		readSource(file, { evaluateLua: () => Promise.reject(new Error('no Lua here')), expand: async (document) => document }),
	)

test('a document is committed, listed, shown, compared and restored', async () => {
	await using it = await mcpWorld()
	const first = await it.use('mse_blueprint_commit', { id: 'one-step', blueprint: oneStep(identity), message: 'first' })
	expect(first.seeded).toBe(true)
	const changed = oneStep({ ...identity, policy: { timeout_ms: 5000 } })
	await it.use('mse_blueprint_commit', { id: 'one-step', blueprint: changed, expected_head: first.version })
	expect(
		await it.say('mse_blueprint_commit', { id: 'one-step', blueprint: oneStep(identity), expected_head: first.version }),
	).toMatchObject({
		isError: true,
		value: { code: 'head_moved' },
	})
	expect((await it.use('mse_blueprint', { id: 'one-step' })).blueprint.agents[0].policy).toEqual({ timeout_ms: 5000 })
	expect((await it.use('mse_blueprint', { id: 'one-step', version: first.version })).blueprint).toEqual(oneStep(identity))
	const { entries } = await it.use('mse_blueprint_log', { id: 'one-step' })
	expect(entries).toMatchObject([{ author: 'mcp' }, { rationale: 'first', author: 'mcp' }])
	expect((await it.use('mse_blueprint_diff', { id: 'one-step' })).patch).toMatchObject([{ op: 'add', path: '/agents/0/policy' }])
	expect(await it.use('mse_blueprint_restore', { id: 'one-step', version: first.version })).toMatchObject({ restored: true })
	const page = await it.use('mse_blueprints', { limit: 1 })
	expect(page).toMatchObject({ blueprints: [{ id: 'main' }], next_after: 'main' })
	expect((await it.use('mse_blueprints', { after: 'main' })).blueprints).toMatchObject([{ id: 'one-step', version: first.version }])
	expect(await it.say('mse_blueprint_log', { id: 'nobody' })).toMatchObject({
		isError: true,
		value: { error: expect.stringContaining('nobody') },
	})
})

test('a document with mistakes is refused with all of them', async () => {
	await using it = await mcpWorld()
	const broken = { ...oneStep(identity), agents: [] }
	const refused = await it.say('mse_blueprint_commit', { id: 'one-step', blueprint: broken })
	expect(refused).toMatchObject({ isError: true, value: { error: expect.any(String), details: expect.anything() } })
	expect(await it.use('bp_build', { blueprint: broken })).toMatchObject({
		status: 'failed',
		stage: 'lint',
		lint: { errors: 1 },
		blueprint: broken,
	})
})

test('a file is built, stored and launched, and a module is read anew each time', async () => {
	verifies('05.T2')
	using folder = tempDir()
	await using it = await mcpWorld({ files: filesIn(folder.path) })
	await Bun.write(join(folder.path, 'one.ts'), `export default ${JSON.stringify(oneStep(identity))}`)
	expect(await it.use('bp_build', { script_path: 'one.ts' })).toMatchObject({
		status: 'registered',
		bp_id: 'one-step',
		lint: { errors: 0 },
	})
	await Bun.write(join(folder.path, 'one.ts'), `export default ${JSON.stringify(oneStep(identity, { id: 'other' }))}`)
	expect(await it.use('bp_build', { script_path: 'one.ts', register: false, out: 'other.json' })).toMatchObject({
		status: 'built',
		bp_id: 'other',
		out: 'other.json',
	})
	expect(await Bun.file(join(folder.path, 'other.json')).json()).toMatchObject({ id: 'other' })
	expect(await it.use('swarm_run', { blueprint: { kind: 'file', path: 'other.json' } })).toMatchObject({ status: 'done', head: 'other' })
	for (const path of ['../other.json', '/etc/passwd'])
		await expect(it.use('swarm_run', { blueprint: { kind: 'file', path } })).rejects.toThrow('not below the working folder')
	await expect(it.use('bp_build', { script_path: 'one.ts', out: 'other.json' })).rejects.toThrow('other.json is there already')
	expect(await it.use('bp_build', { script_path: 'none.lua' })).toMatchObject({
		status: 'failed',
		stage: 'build',
		error: expect.stringContaining('none.lua'),
	})
})

test('a starter is a script in the answer, or a new file', async () => {
	using folder = tempDir()
	await using it = await mcpWorld({ files: filesIn(folder.path) })
	const { script, bytes } = await it.use('bp_new', { template: 'single', name: 'solo', agent: 'coder' })
	expect(script).toContain("agent = 'coder'")
	expect(bytes).toBe(script.length)
	expect(await it.use('bp_new', { template: 'pipeline', name: 'two', stages: ['a', 'b'], out: 'bp/two.lua' })).toMatchObject({
		status: 'scaffolded',
		out: 'bp/two.lua',
	})
	expect(await Bun.file(join(folder.path, 'bp/two.lua')).text()).toContain("id = 'two'")
})

test('Blueprints are examined, explained, archived and brought back', async () => {
	await using it = await mcpWorld()
	await it.use('bp_build', { blueprint: oneStep(seated, withMain) })
	expect(await it.use('bp_doctor', { id: 'one-step' })).toMatchObject({
		verdict: expect.stringMatching(/^(OK|WARN|BLOCK)$/),
		checks: [{ name: 'worker' }],
	})
	expect(await it.use('bp_explain_agents', { bp_id: 'one-step' })).toMatchObject({ agents: [{ name: 'worker', kind: 'operator' }] })
	expect(await it.use('bp_explain_agent', { bp_id: 'one-step', agent: 'worker' })).toMatchObject({ agent: { name: 'worker' } })
	expect(await it.use('bp_archive', { id: 'one-step' })).toMatchObject({ status: 'dry_run' })
	expect(await it.use('bp_archive', { id: 'one-step', confirm: true })).toMatchObject({ status: 'archived' })
	expect(await it.use('bp_unarchive', { id: 'one-step' })).toMatchObject({ status: 'unarchived' })
	expect(await it.use('bp_archive', { id: 'nobody', confirm: true })).toMatchObject({
		status: 'error',
		error: expect.stringContaining('nobody'),
	})
	expect(await it.use('bp_schema')).toMatchObject({ type: 'object', properties: { flow: expect.anything() } })
})

test('an agent whose file here has other tools than it declares is told to drift', async () => {
	using folder = tempDir()
	await using it = await mcpWorld({ files: filesIn(folder.path) })
	const binding = { ...seated, profile: { worker_binding: 'coder', tools: ['Read', 'Bash'] } }
	await it.use('bp_build', { blueprint: oneStep(binding, withMain) })
	const drift = async () => (await it.use('bp_explain_agent', { bp_id: 'one-step', agent: 'worker' })).tool_drift
	expect(await drift()).toMatchObject({ wrapper: '.claude/agents/coder.md', found: false })
	await Bun.write(join(folder.path, '.claude/agents/coder.md'), '---\nname: coder\ntools: Read, Write\n---\nCode.\n')
	expect(await drift()).toMatchObject({ drifted: true, missing: ['Bash'], additional: ['Write'] })
	await Bun.write(join(folder.path, '.claude/agents/coder.md'), '---\nname: coder\ntools: Read, Bash\n---\nCode.\n')
	expect(await drift()).toMatchObject({ drifted: false })
})
