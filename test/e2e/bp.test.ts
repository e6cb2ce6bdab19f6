import { describe, expect, test } from 'bun:test'
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { codingClis } from '../../src/core/blueprint/coding-clis.ts'
import { starters } from '../../src/core/blueprint/starters.ts'
import { tempDir } from '../support/temp-dir.ts'
import { verifies } from '../support/verifies.ts'
import { bareEnvironment, binaryPath, CHECKOUT, type Ended } from './support/binary.ts'
import { joinOperator } from './support/operator.ts'
import { startTestServer } from './support/server.ts'

/** A folder to type in. */
function openFolder(env: Readonly<Record<string, string>> = {}) {
	const folder = tempDir()
	const at = (name: string) => join(folder.path, name)
	const type = async (...args: readonly string[]): Promise<Ended> => {
		const child = Bun.spawn([binaryPath(), ...args], {
			cwd: folder.path,
			env: bareEnvironment(folder.path, env),
			stdin: 'ignore',
			stdout: 'pipe',
			stderr: 'pipe',
		})
		const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
		return { code, stdout, stderr }
	}
	return { ...folder, at, type, write: (name: string, text: string) => writeFileSync(at(name), text) }
}

const TYPESCRIPT = `import { blueprint, path, seq, subprocess } from 'mse-server/blueprint'

export default blueprint({
	id: 'shouting',
	agents: { shout: subprocess({ program: 'tr', args: ['a-z', 'A-Z'] }) },
	default_init_ctx: { text: 'hello' },
	flow: ({ step }) => seq(step('shout', { in: path('$.text'), out: '$.loud' })),
})
`

describe('starters', () => {
	for (const { name } of starters.filter(({ name }) => name !== 'cli'))
		test(`bp new ${name} writes a script that has no finding and runs`, async () => {
			verifies('06.117')
			using folder = openFolder()
			expect((await folder.type('bp', 'new', name, 'mine')).stdout).toStartWith('wrote mine.lua; run it with: mse-server run mine.lua')
			expect(await folder.type('bp', 'lint', 'mine.lua', '--strict')).toEqual({
				code: 0,
				stdout: 'ok mine.lua: nothing to mend\n',
				stderr: '',
			})
			const operator = name === 'script' ? [] : ['--operator', 'cat > /dev/null; echo PASS']
			const { code, stdout } = await folder.type('run', 'mine.lua', ...operator)
			expect([code, typeof JSON.parse(stdout)]).toEqual([0, 'object'])
			expect((await folder.type('bp', 'new', name, 'mine')).code).toBe(1)
		})

	test('bp new cli runs the program of its template, found in the PATH', async () => {
		for (const { name, program } of codingClis) {
			using folder = openFolder()
			mkdirSync(folder.at('bin'))
			const standIn = join(CHECKOUT, 'test/fixture/program/coding-cli.ts')
			folder.write(`bin/${program}`, `#!/bin/sh\nexec "${process.execPath}" "${standIn}" ${program} "$@"\n`)
			chmodSync(folder.at(`bin/${program}`), 0o755)
			await folder.type('bp', 'new', 'cli', 'mine', '--cli', name)
			const child = Bun.spawn([binaryPath(), 'run', 'mine.lua', '--work-dir', '.'], {
				cwd: folder.path,
				env: { ...bareEnvironment(folder.path), PATH: `${folder.at('bin')}:/usr/bin:/bin` },
				stdout: 'pipe',
				stderr: 'ignore',
			})
			expect([name, JSON.parse(await child.stdout.text()).answer]).toEqual([name, 'All done.'])
		}
	})

	test('bp templates lists them, and prints what to put into a Blueprint', async () => {
		using folder = openFolder()
		const { stdout } = await folder.type('bp', 'templates')
		for (const { name } of [...starters, ...codingClis]) expect(stdout).toContain(`\n  ${name}`)
		expect(JSON.parse((await folder.type('bp', 'templates', 'codex', '--json')).stdout)).toMatchObject({
			name: 'codex',
			argv: expect.any(Array),
		})
		expect((await folder.type('bp', 'templates', 'claud')).stderr).toContain('claude')
	})
})

describe('files', () => {
	test('TypeScript needs nothing beside the binary', async () => {
		using folder = openFolder()
		folder.write('shouting.ts', TYPESCRIPT)
		const ran = await folder.type('run', 'shouting.ts')
		expect([ran.code, JSON.parse(ran.stdout).loud.raw]).toEqual([0, 'HELLO'])
		expect((await folder.type('bp', 'build', 'shouting.ts', '-o', 'shouting.json')).code).toBe(0)
		const fromJson = await folder.type('run', 'shouting.json')
		expect(fromJson.stdout).toBe(ran.stdout)
	})

	test('a script that fails says file and line, and run calls that an invalid Blueprint', async () => {
		using folder = openFolder()
		folder.write('bad.lua', "local F = require 'flow_dsl'\n\nlocal s = F.step { agent = 'a' }\nreturn s")
		expect(await folder.type('run', 'bad.lua')).toEqual({
			code: 2,
			stdout: '',
			stderr: 'mse-server: bad.lua:3: flow_dsl: F.step needs `input`\n',
		})
		expect((await folder.type('bp', 'build', 'bad.lua', '-o', 'bad.json')).code).toBe(1)
		expect(existsSync(folder.at('bad.json'))).toBe(false)
		folder.write('endless.lua', 'while true do end')
		folder.write('config.toml', '[lua]\ntimeout_ms = 300\n')
		expect((await folder.type('bp', 'lint', 'endless.lua', '--config', 'config.toml')).stderr).toContain(
			'endless.lua: it did not end within 300 ms',
		)
	})

	test('lint, graph and explain need no server, and colour nothing that is no terminal', async () => {
		using folder = openFolder({ MSE_URL: 'http://127.0.0.1:1' })
		await folder.type('bp', 'new', 'verdict', 'mine')
		const outputs = [
			...[await folder.type('bp', 'lint', 'mine.lua'), await folder.type('bp', 'graph', 'mine.lua')],
			...[await folder.type('bp', 'explain', 'mine.lua'), await folder.type('bp', 'build', 'mine.lua')],
		]
		for (const { code, stdout, stderr } of outputs) expect([code, `${stdout}${stderr}`.includes('\x1b')]).toEqual([0, false])
		expect(outputs[1]?.stdout).toStartWith('flowchart TD\n')
		expect((await folder.type('bp', 'ls')).code).toBe(3)
	})
})

describe('against a server', () => {
	test('a Blueprint is pushed, looked at, changed, compared and restored', async () => {
		await using server = await startTestServer()
		using folder = openFolder({ MSE_URL: server.url, USER: 'ada' })
		folder.write('shouting.ts', TYPESCRIPT)
		expect((await folder.type('bp', 'push', 'shouting.ts', '-m', 'first')).stdout).toMatch(/^shouting is now [0-9a-f]{12} \(new\)\n$/)
		folder.write('shouting.ts', TYPESCRIPT.replace("'hello'", "'bye'"))
		expect((await folder.type('bp', 'diff', 'shouting', 'shouting.ts', '--places')).stdout).toBe(
			'~ /default_init_ctx/text: "hello" → "bye"\n',
		)
		await folder.type('bp', 'push', 'shouting.ts', '-m', 'second')
		expect((await folder.type('bp', 'log', 'shouting')).stdout).toMatch(/^\w{12} second ada, .*\n\w{12} first ada, /)
		expect((await folder.type('bp', 'diff', 'shouting', '--lines')).stdout).toContain('-    "text": "hello"\n+    "text": "bye"')
		expect((await folder.type('bp', 'push', 'shouting.ts', '--expect', '~1')).code).toBe(0)
		folder.write('shouting.ts', TYPESCRIPT.replace("'hello'", "'late'"))
		expect(await folder.type('bp', 'push', 'shouting.ts', '--expect', '~1')).toMatchObject({
			code: 1,
			stderr: expect.stringContaining('the head of'),
		})
		expect((await folder.type('bp', 'restore', 'shouting', '~1')).stdout).toContain('again')
		expect(JSON.parse((await folder.type('bp', 'show', 'shouting')).stdout).default_init_ctx).toEqual({ text: 'hello' })
		expect((await folder.type('bp', 'ls')).stdout).toContain('shouting')
		expect((await folder.type('bp', 'lint', 'shouting')).stdout).toBe('ok shouting: nothing to mend\n')
		await server.restart()
		expect(JSON.parse((await folder.type('bp', 'log', 'shouting', '--json')).stdout)).toHaveLength(3)
	})

	test('doctor says whether it can run there, before anything is stored', async () => {
		await using server = await startTestServer()
		using folder = openFolder({ MSE_URL: server.url })
		folder.write('shouting.ts', TYPESCRIPT)
		expect(await folder.type('bp', 'doctor', 'shouting.ts')).toMatchObject({
			code: 0,
			stdout: expect.stringContaining('shouting can run here'),
		})
		await folder.type('bp', 'new', 'single', 'mine')
		const waiting = await folder.type('bp', 'doctor', 'mine.lua')
		expect([waiting.code, waiting.stdout]).toEqual([1, expect.stringContaining('nobody has joined for the seat main-ai')])
		await using _operator = await joinOperator({
			url: server.url,
			roles: ['main-ai'],
			work: async () => ({ type: 'spawn_ack', value: 'done', ok: true }),
		})
		expect((await folder.type('bp', 'doctor', 'mine.lua')).code).toBe(0)
		expect((await folder.type('bp', 'ls')).stdout).not.toContain('mine')
	})
})

test('bp --help explains every verb', async () => {
	using folder = openFolder()
	const { stdout } = await folder.type('bp', '--help')
	const verbs = [...stdout.matchAll(/^ {2}([a-z]+) /gm)].map(([, verb = '']) => verb)
	expect(verbs).toEqual([
		'new',
		'guide',
		'templates',
		'lint',
		'build',
		'graph',
		'explain',
		'doctor',
		'push',
		'ls',
		'log',
		'show',
		'diff',
		'restore',
	])
	for (const verb of verbs) expect((await folder.type('bp', verb, '--help')).stdout).toContain(`Usage: mse-server bp ${verb}`)
})
