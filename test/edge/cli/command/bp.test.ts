import { describe, expect, test } from 'bun:test'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readSource } from '../../../../src/edge/cli/blueprint/source.ts'
import { blueprintCommand } from '../../../../src/edge/cli/command/bp.ts'
import { runCli } from '../../../../src/edge/cli/run.ts'
import { runBlueprintScript } from '../../../../src/engine/blueprint-script.ts'
import { expandFileDocument } from '../../../../src/engine/expansion.ts'
import type { JsonObject } from '../../../../src/kernel/json.ts'
import { blueprintOf, lit, path, step } from '../../../support/blueprints.ts'
import { tempDir } from '../../../support/temp-dir.ts'
import { verifies } from '../../../support/verifies.ts'
import { httpWorld } from '../../http/support.ts'
import { fakeTerminal } from '../terminal.ts'

const command = blueprintCommand((file, config) =>
	readSource(file, {
		evaluateLua: (script) => runBlueprintScript(script, config),
		expand: (document, from) => expandFileDocument(document, from, config, {}),
	}),
)

/** A folder with these files, and a server. Arguments that end in `.json` and the like are files of the folder. */
function openWorld(files: { readonly [name: string]: string | JsonObject } = {}) {
	const folder = tempDir()
	const at = (name: string) => join(folder.path, name)
	for (const [name, text] of Object.entries(files)) writeFileSync(at(name), typeof text === 'string' ? text : JSON.stringify(text, null, 2))
	const world = httpWorld()
	const url = world.listen()
	const type = async (...args: readonly string[]) => {
		const terminal = fakeTerminal({ env: { MSE_URL: url, HOME: folder.path, USER: 'ada' } })
		const paths = args.map((arg) => (/^[^/~]+\.(json|ya?ml|lua|ts|js|md)$/.test(arg) ? at(arg) : arg))
		const code = await runCli(['bp', ...paths], [command], terminal)
		const plain = (text: string) => text.replaceAll(`${folder.path}/`, '')
		return { code, stdout: plain(terminal.stdout), stderr: plain(terminal.stderr) }
	}
	const close = async () => {
		await world[Symbol.asyncDispose]()
		folder[Symbol.dispose]()
	}
	return { ...world, at, type, [Symbol.asyncDispose]: close }
}

const simple = (value: string, over: JsonObject = {}) =>
	blueprintOf(step('identity', lit(value), '$.out'), ['identity'], { id: 'simple', ...over })

describe('lint', () => {
	test('is quiet about what is right, and needs no server for it', async () => {
		await using world = openWorld({ 'a.json': simple('x') })
		expect(await world.type('lint', 'a.json', '--url', 'http://127.0.0.1:1')).toEqual({
			code: 0,
			stdout: 'ok a.json: nothing to mend\n',
			stderr: '',
		})
	})

	test('tells every finding with the line of the file, whatever the file is', async () => {
		verifies('06.118')
		const lua = `local F = require 'flow_dsl'\nreturn { id = 'x', flow =\n\tF.step { agent = 'nobody', input = 1, out = '$.x' } }`
		const yaml = 'id: x\nflow:\n  kind: step\n  ref: nobody\n  in: {op: lit, value: 1}\n  out: {op: path, at: $.x}\n'
		await using world = openWorld({ 'a.json': simple('x', { agnets: [] }), 'b.lua': lua, 'c.yaml': yaml })
		const { code, stdout } = await world.type('lint', 'a.json', 'b.lua', 'c.yaml')
		expect(code).toBe(1)
		expect(stdout).toMatch(/^a\.json:24: error \$\.agnets: unknown field `agnets`.*\n {2}Did you mean `agents`\?\nbad a\.json: 1 error$/m)
		expect(stdout).toContain("b.lua:3: error $.flow.ref: flow references agent 'nobody'")
		expect(stdout).toContain("c.yaml:4: error $.flow.ref: flow references agent 'nobody'")
	})

	test('asks the server about an id, prints JSON, and counts warnings where it is strict', async () => {
		await using world = openWorld({ 'a.json': simple('x', { spawner_hints: { layers: ['main_a'] } }) })
		await world.type('push', 'a.json')
		for (const name of ['a.json', 'simple']) {
			const { code, stdout } = await world.type('lint', name, '--json')
			const [{ ok, findings }] = JSON.parse(stdout)
			expect([code, ok, findings]).toMatchObject([0, true, [{ level: 'warn', code: 'unknown-spawner-hint' }]])
			expect((await world.type('lint', name, '--strict')).code).toBe(1)
		}
		expect((await world.type('lint', 'nobody')).code).toBe(1)
		expect((await world.type('lint', 'simple', '--url', 'http://127.0.0.1:1')).code).toBe(3)
		expect((await world.type('lint')).code).toBe(2)
		expect((await world.type('lint', 'missing.json')).code).toBe(2)
	})
})

describe('build', () => {
	test('makes one document of a script and the files it names', async () => {
		verifies('06.118')
		const lua = `local F, B = require 'flow_dsl', require 'bp_dsl'
return B.bp { id = 'x', flow = F.step { agent = 'coder', input = F.p '$.goal', out = '$.x' },
	agents = { B.agent { md = 'coder.md', kind = 'operator', spec = { operator_ref = 'main' } } }, operators = { { name = 'main' } } }`
		await using world = openWorld({ 'x.lua': lua, 'coder.md': '---\nname: coder\n---\nBe brief.' })
		const { code, stdout } = await world.type('build', 'x.lua')
		expect([code, JSON.parse(stdout).agents[0].profile.system_prompt]).toEqual([0, 'Be brief.'])
		expect((await world.type('build', 'x.lua', '-o', 'x.json')).stdout).toBe('')
		expect(readFileSync(world.at('x.json'), 'utf8')).toBe(stdout)
	})

	test('takes a module that exports a Blueprint, or a function that gives one', async () => {
		const source = (exported: string) =>
			`import { blueprint, fn, path } from 'mse-server/blueprint'\nconst it = blueprint({ id: 'x', agents: { same: fn('identity') }, flow: ({ step }) => step('same', { in: path('$.a'), out: '$.b' }) })\nexport default ${exported}`
		await using world = openWorld({
			'a.ts': source('it'),
			'b.ts': source('() => it'),
			'c.ts': 'export default 1',
			'd.ts': 'export default (',
		})
		const built = await world.type('build', 'a.ts')
		expect(JSON.parse(built.stdout)).toMatchObject({ id: 'x', flow: { ref: 'same' } })
		expect((await world.type('build', 'b.ts')).stdout).toBe(built.stdout)
		expect(await world.type('build', 'c.ts')).toMatchObject({
			code: 1,
			stderr: expect.stringContaining('c.ts: it has to export a Blueprint'),
		})
		expect(await world.type('build', 'd.ts')).toMatchObject({ code: 1, stderr: expect.stringMatching(/d\.ts:1: /) })
	})

	test('says the line of a module that throws', async () => {
		const source = "import { path } from 'mse-server/blueprint'\n\nconst at: string = 'goal'\nexport default path(at)\n"
		await using world = openWorld({ 'a.ts': source })
		expect((await world.type('build', 'a.ts')).stderr).toContain('a.ts:4: "goal" is no path')
	})

	test('writes nothing when there is an error', async () => {
		await using world = openWorld({ 'a.json': blueprintOf(step('nobody', lit(1), '$.x'), []), 'b.lua': 'return {' })
		const { code, stdout, stderr } = await world.type('build', 'a.json', '-o', 'out.json')
		expect([code, stdout, existsSync(world.at('out.json'))]).toEqual([1, '', false])
		expect(stderr).toContain("flow references agent 'nobody'")
		expect(await world.type('build', 'b.lua')).toMatchObject({ code: 1, stderr: expect.stringContaining('b.lua:1: unexpected symbol') })
	})
})

describe('push, log, show, diff and restore', () => {
	test('make, list and print versions', async () => {
		await using world = openWorld({ 'a.json': simple('one'), 'b.json': simple('two', { metadata: { version_label: '1.1.0' } }) })
		expect((await world.type('push', 'a.json')).stdout).toMatch(/^simple is now [0-9a-f]{12} \(new\)\n$/)
		expect((await world.type('push', 'a.json')).stdout).toMatch(/^simple is [0-9a-f]{12} already\n$/)
		expect((await world.type('push', 'b.json', '-m', 'two now', '--author', 'grace')).stdout).toMatch(/\(was [0-9a-f]{12}\)\n$/)
		const lines = (await world.type('log', 'simple')).stdout.split('\n')
		expect(lines[0]).toMatch(/^[0-9a-f]{12} 1\.1\.0 two now grace, \d{4}-\d\d-\d\d \d\d:\d\d$/)
		expect(lines[1]).toMatch(/^[0-9a-f]{12} push .*a\.json ada, /)
		expect(JSON.parse((await world.type('log', 'simple', '--json', '--limit', '1')).stdout)).toMatchObject([{ author: 'grace' }])
		expect(JSON.parse((await world.type('show', 'simple')).stdout)).toMatchObject({ flow: { in: lit('two') } })
		const [hash = ''] = lines[1]?.split(' ') ?? []
		for (const version of [hash, hash.slice(0, 6), '~1'])
			expect(JSON.parse((await world.type('show', 'simple', version)).stdout)).toMatchObject({ flow: { in: lit('one') } })
		expect((await world.type('ls')).stdout).toMatch(/^BLUEPRINT +VERSION +LABEL +COMMITTED\nsimple +[0-9a-f]{12} +1\.1\.0 /)
		expect((await world.type('log', 'nobody')).code).toBe(1)
		expect((await world.type('show', 'simple', '~7')).stderr).toContain('has no version ~7')
		expect((await world.type('show', 'simple', 'xyz')).code).toBe(2)
	})

	test('keep keys of ours where they stand', async () => {
		const agents = [{ name: 'identity', kind: 'rust_fn', spec: { fn_id: 'identity' }, policy: { timeout_ms: 5 } }]
		await using world = openWorld({ 'a.json': simple('x', { agents, metadata: { run_policy: { timeout_ms: 9 } } }) })
		await world.type('push', 'a.json')
		const { agents: shown, metadata } = JSON.parse((await world.type('show', 'simple')).stdout)
		expect([shown[0].policy, metadata.run_policy]).toEqual([{ timeout_ms: 5 }, { timeout_ms: 9 }])
		expect(await world.type('diff', 'simple', 'a.json')).toMatchObject({ code: 0, stdout: '', stderr: 'no difference\n' })
	})

	test('push refuses where the head is another than was expected, or none', async () => {
		await using world = openWorld({ 'a.json': simple('one'), 'b.json': simple('two') })
		await world.type('push', 'a.json')
		const moved = await world.type('push', 'b.json', '--expect', 'none')
		expect([moved.code, moved.stderr]).toEqual([1, expect.stringContaining('the head of blueprint simple is not absent')])
		expect(moved.stderr).toContain('mse-server bp diff simple')
		expect((await world.type('push', 'b.json', '--expect', '~0')).code).toBe(0)
		expect((await world.type('push', 'a.json', '--expect', 'any')).code).toBe(0)
	})

	test('push tells what is wrong and stores it, unless it is strict', async () => {
		await using world = openWorld({ 'a.json': blueprintOf(step('nobody', lit(1), '$.x'), [], { id: 'bad' }) })
		expect((await world.type('push', 'a.json', '--strict')).code).toBe(1)
		const { code, stdout, stderr } = await world.type('push', 'a.json')
		expect([code, stdout, stderr]).toEqual([0, expect.stringContaining('bad is now'), expect.stringContaining("agent 'nobody'")])
	})

	test('diff shows changed places and lines: of versions, of files, of one of each', async () => {
		await using world = openWorld({ 'a.json': simple('one'), 'b.json': simple('two', { audits: [{ agent: 'identity' }] }) })
		await world.type('push', 'a.json')
		await world.type('push', 'b.json')
		const places = '+ /audits: [{"agent":"identity"}]\n~ /flow/in/value: "one" → "two"\n'
		for (const args of [['simple'], ['simple', '~1'], ['a.json', 'b.json'], ['simple@~1', 'b.json'], ['simple', '~1', '~0']])
			expect((await world.type('diff', ...args, '--places')).stdout.split('\n').sort()).toEqual(places.split('\n').sort())
		const lines = (await world.type('diff', 'a.json', 'b.json', '--lines')).stdout
		expect(lines).toStartWith('--- a.json\n+++ b.json\n@@ ')
		expect(lines).toContain('-      "value": "one"\n+      "value": "two"')
		expect((await world.type('diff', 'simple')).stdout).toMatch(/^[+~] [\s\S]*\n\n--- simple@~1\n\+\+\+ simple@[0-9a-f]{12}\n/)
		expect(JSON.parse((await world.type('diff', 'simple', '--json')).stdout)).toContainEqual({
			op: 'replace',
			path: '/flow/in/value',
			value: 'two',
		})
	})

	test('restore makes an earlier version the head, with a commit of its own', async () => {
		await using world = openWorld({ 'a.json': simple('one'), 'b.json': simple('two') })
		await world.type('push', 'a.json')
		await world.type('push', 'b.json')
		expect((await world.type('restore', 'simple', '~1')).stdout).toMatch(/^simple is now [0-9a-f]{12} again\n$/)
		expect(JSON.parse((await world.type('show', 'simple')).stdout)).toMatchObject({ flow: { in: lit('one') } })
		expect(JSON.parse((await world.type('log', 'simple', '--json')).stdout)).toHaveLength(3)
		expect((await world.type('restore', 'simple', '~0')).stdout).toContain('already')
		expect((await world.type('restore', 'simple', '~1', '--expect', 'none')).code).toBe(1)
	})
})

describe('explain, graph and doctor', () => {
	const agents = [
		{
			...{ name: 'coder', kind: 'operator', spec: { operator_ref: 'main' } },
			...{ profile: { system_prompt: 'Do {{ what }}.', tools: ['Read'] }, runner_ref: 'mine', policy: { timeout_ms: 1000 } },
			...{ meta: { ctx: { style: 'tabs' }, context_policy: { exclude: ['secret'] } }, verdict: { channel: 'body', values: ['PASS'] } },
		},
		{ name: 'tests', kind: 'subprocess', spec: { program: 'make', args: ['test'] } },
	]
	const document = {
		...{ id: 'x', flow: step('coder', path('$.goal'), '$.change'), agents, operators: [{ name: 'main' }] },
		...{ runners: [{ name: 'mine', runner: { backend: 'ws_operator', variant: 'mse-worker' } }], default_agent_ctx: { secret: 1 } },
	}

	test('explain says what each agent runs with, and why', async () => {
		verifies('06.120')
		await using world = openWorld({ 'a.json': document })
		const { code, stdout } = await world.type('explain', 'a.json')
		expect(code).toBe(0)
		for (const said of [
			...[
				'whoever holds the seat main, as mse-worker (the runner it names)',
				'fills in what',
				'secret = 1 (Blueprint), style = "tabs" (agent)',
			],
			...['The context policy hides secret.', 'body: PASS', 'timeout_ms 1000', '$.goal → $.change', 'a child process: make test'],
		])
			expect(stdout).toContain(said)
		expect(JSON.parse((await world.type('explain', 'a.json', 'tests', '--json')).stdout)).toMatchObject([{ agent: { name: 'tests' } }])
		expect((await world.type('explain', 'a.json', 'nobody')).stderr).toContain('It has coder, tests.')
	})

	test('graph draws a file or what the server has', async () => {
		await using world = openWorld({ 'a.json': document, 'b.json': { id: 'x' } })
		await world.type('push', 'a.json')
		const { stdout } = await world.type('graph', 'x')
		expect(stdout).toBe('flowchart TD\n  n0(["start"])\n  n1["coder (operator) → $.change"]\n  n0 --> n1\n  n2(["end"])\n  n1 --> n2\n')
		expect((await world.type('graph', 'a.json')).stdout).toBe(stdout)
		expect(await world.type('graph', 'b.json')).toMatchObject({ code: 1, stderr: expect.stringContaining('missing field `flow`') })
	})

	test('doctor asks the server agent by agent, about a file too', async () => {
		await using world = openWorld({ 'a.json': document, 'b.json': blueprintOf(step('nobody', lit(1), '$.x'), []) })
		await world.type('push', 'a.json')
		for (const name of ['x', 'a.json']) {
			const { code, stdout } = await world.type('doctor', name)
			expect([code, stdout]).toEqual([0, expect.stringMatching(/ok +coder +it runs\nok +tests +it runs\nx can run here\n$/)])
		}
		expect(await world.type('doctor', 'b.json')).toMatchObject({ code: 1, stdout: expect.stringContaining('cannot run here yet') })
	})
})

describe('help', () => {
	test('is there for the group and for each verb; a wrong verb names the nearest', async () => {
		await using world = openWorld()
		expect((await world.type('--help')).stdout).toMatch(/\n {2}restore ID VERSION/)
		expect(await world.type()).toMatchObject({ code: 2, stderr: expect.stringContaining('Usage: mse-server bp VERB') })
		expect((await world.type('diff', '--help')).stdout).toContain('Usage: mse-server bp diff A [B]')
		expect(await world.type('lnit', 'x')).toMatchObject({ code: 2, stderr: expect.stringContaining('lint') })
	})
})
