import { describe, expect, test } from 'bun:test'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startServer } from '../../../../src/app.ts'
import type { Config } from '../../../../src/config.ts'
import { readSource } from '../../../../src/edge/cli/blueprint/source.ts'
import { runCommand } from '../../../../src/edge/cli/command/run.ts'
import type { StartServer } from '../../../../src/edge/cli/command/serve.ts'
import { runCli } from '../../../../src/edge/cli/run.ts'
import type { JsonObject } from '../../../../src/kernel/json.ts'
import { blueprintOf, lit, path, seq, step } from '../../../support/blueprints.ts'
import { eventually } from '../../../support/eventually.ts'
import { tempDir } from '../../../support/temp-dir.ts'
import { fakeTerminal } from '../terminal.ts'

/** A world around the command: a folder, what the engine was started with, and what was printed. */
function running(args: readonly string[], options: { blueprint?: JsonObject; start?: StartServer; env?: Record<string, string> } = {}) {
	const folder = tempDir()
	const file = join(folder.path, 'blueprint.json')
	if (options.blueprint) writeFileSync(file, JSON.stringify(options.blueprint))
	const terminal = fakeTerminal({ env: { HOME: folder.path, PATH: process.env.PATH, ...options.env } })
	const seen: { config: Config | null } = { config: null }
	const start: StartServer = (config, log) => {
		seen.config = config
		return (options.start ?? ((...given) => startServer(...given, terminal.env)))(config, log)
	}
	const code = runCli(
		['run', ...(options.blueprint ? [file] : []), ...args],
		[
			runCommand({
				server: start,
				readBlueprint: (file) =>
					readSource(file, { evaluateLua: () => Promise.reject(new Error('no Lua')), expand: async (document) => document }),
			}),
		],
		terminal,
	)
	return { code, terminal, seen, folder, [Symbol.dispose]: () => folder[Symbol.dispose]() }
}

const shell = (name: string, script: string): JsonObject => ({
	name,
	kind: 'subprocess',
	spec: { program: '/bin/sh', args: ['-c', script] },
})
const oneShell = (script: string): JsonObject => ({ id: 'one', flow: step('work', lit('x'), '$.out'), agents: [shell('work', script)] })

describe('a run that is done', () => {
	test('has its context on stdout and nothing else there, progress on stderr, and exit code 0', async () => {
		using world = running(['--ctx', '{"given": 1}'], { blueprint: blueprintOf(step('identity', lit('x'), '$.out'), ['identity']) })
		expect(await world.code).toBe(0)
		expect(JSON.parse(world.terminal.stdout)).toMatchObject({ given: 1, out: { echoed: 'x' } })
		expect(world.terminal.stderr.split('\n').map((line) => line.split(' ')[0])).toEqual(['run', 'passed', 'done', ''])
	})

	test('leaves no folder behind; one that was named is kept', async () => {
		using first = running(['hello'])
		await first.code
		expect(existsSync(first.seen.config?.dataDir ?? '')).toBe(false)
		using kept = tempDir()
		using second = running(['main', '--data-dir', kept.path])
		expect(await second.code).toBe(0)
		expect(existsSync(join(kept.path, 'mse.db'))).toBe(true)
	})

	test('is told in lines of JSON with --json, stdout as ever', async () => {
		using world = running(['hello', '--json'])
		expect(await world.code).toBe(0)
		const lines = world.terminal.stderr
			.trim()
			.split('\n')
			.map((line) => JSON.parse(line))
		expect(lines.map(({ kind }) => kind)).toEqual(['run.started', 'step.completed', 'run.done', 'cli.ended'])
		expect(lines.at(-1)).toMatchObject({ status: 'done', exit_code: 0 })
		expect(JSON.parse(world.terminal.stdout)).toMatchObject({ greeting: 'hello' })
	})
})

describe('an exit code of its own has', () => {
	test('a failure: 1, with step and reason in one line', async () => {
		using world = running([], { blueprint: oneShell('exit 7') })
		expect(await world.code).toBe(1)
		expect(world.terminal.stdout).toBe('')
		expect(world.terminal.stderr).toMatch(/^mse-server: R-[0-9a-f]+ failed at work: /m)
	})

	test('a Blueprint that cannot be read: 2, with everything that is wrong with it', async () => {
		const blueprint = { id: 'bad', flow: seq({ kind: 'stp' }, step('a', { op: 'nope' }, '$.x')), agents: [], metdata: {} }
		using world = running([], { blueprint })
		expect(await world.code).toBe(2)
		const found = world.terminal.stderr.split('\n').filter((line) => line.startsWith('error '))
		expect(found).toHaveLength(3)
		expect(found.join('\n')).toContain('$.flow.children[0]')
		for (const line of found) expect(line).toMatch(/^error \$\S*: .+ \[[a-z-]+\]$/)
	})

	test('a Blueprint that does not compile: 2, with errors and advice', async () => {
		using world = running([], { blueprint: blueprintOf(seq(step('a', lit(1), '$.x'), step('b', lit(1), '$.y')), ['a']) })
		expect(await world.code).toBe(2)
		expect(world.terminal.stderr.match(/^error /gm)?.length).toBeGreaterThan(0)
		expect(world.terminal.stderr).toContain('[unresolved-agent-ref]')
	})

	test('an id nobody has: 2', async () => {
		using world = running(['nosuch'])
		expect(await world.code).toBe(2)
		expect(world.terminal.stderr).toContain('blueprint id not found: nosuch')
	})

	test('a run that took too long: 4', async () => {
		using world = running(['--timeout', '1'], { blueprint: oneShell('sleep 60') })
		expect(await world.code).toBe(4)
		expect(world.terminal.stderr).toContain('The time of 1 s is over; cancelling.')
	})

	test('a run that used up its time to live: 4', async () => {
		using world = running(['--ttl', '1'], { blueprint: oneShell('sleep 60') })
		expect(await world.code).toBe(4)
		expect(world.terminal.stderr).toContain('time to live')
	})
})

describe('a signal', () => {
	test('cancels: exit code 3, and what the run had started is gone', async () => {
		using place = tempDir()
		const pidFile = join(place.path, 'pid')
		using world = running(['--work-dir', place.path], { blueprint: oneShell('sleep 60 & echo $! > pid; wait') })
		await eventually(() => existsSync(pidFile) && world.terminal.stderr.includes('started'), { what: 'the step works' })
		world.terminal.signal('SIGINT')
		expect(await world.code).toBe(3)
		expect(world.terminal.stdout).toBe('')
		const pid = Number(await Bun.file(pidFile).text())
		await eventually(() => !isAlive(pid), { what: 'the child of the step is gone' })
	})

	test('for the second time ends at once, and the folder goes too', async () => {
		const start: StartServer = async () => new Promise(() => {})
		using world = running(['hello'], { start })
		await eventually(() => world.seen.config, { what: 'the engine is asked to start' })
		world.terminal.signal('SIGINT')
		world.terminal.signal('SIGINT')
		expect(await world.code).toBe(130)
		expect(existsSync(world.seen.config?.dataDir ?? '')).toBe(false)
	})
})

describe('operators', () => {
	const agent = (name: string, seat: string) => ({ name, kind: 'operator', spec: { operator_ref: seat } })
	const two: JsonObject = {
		id: 'two',
		flow: seq(step('writer', lit('text'), '$.a'), step('checker', path('$.a'), '$.b')),
		agents: [agent('writer', 'left'), agent('checker', 'right')],
	}

	test('do the steps of their seats with a shell command each', async () => {
		using world = running(['--operator', 'echo "$MSE_AGENT says" >&2; tr a-z A-Z', '--operator', 'left=cat; echo !'], { blueprint: two })
		expect(await world.code).toBe(0)
		expect(JSON.parse(world.terminal.stdout)).toEqual({ a: 'text!', b: 'TEXT!' })
		expect(world.terminal.stderr).toContain('checker| checker says\n')
	})

	test('end with a run that is cancelled', async () => {
		using place = tempDir()
		const pidFile = join(place.path, 'pid')
		using world = running(['--operator', `echo $$ > ${pidFile}; exec sleep 60`], { blueprint: two })
		await eventually(() => existsSync(pidFile) && Bun.file(pidFile).size > 1, { what: 'the command runs' })
		world.terminal.signal('SIGINT')
		expect(await world.code).toBe(3)
		expect(isAlive(Number(await Bun.file(pidFile).text()))).toBe(false)
	})

	test('that are missing are asked for: 2', async () => {
		using world = running([], { blueprint: two })
		expect(await world.code).toBe(2)
		expect(world.terminal.stderr).toContain("Pass --operator 'CMD'")
	})
})

test('the engine listens on a free port of this machine, whatever the environment says', async () => {
	using world = running(['hello'], { env: { MSE_BIND: '0.0.0.0:7777', MSE_EPHEMERAL: 'true', MSE_DATA_DIR: '/nonexistent' } })
	expect(await world.code).toBe(0)
	expect(world.seen.config).toMatchObject({ bind: { host: '127.0.0.1', port: 0 }, ephemeral: false, logLevel: 'warn', seedSamples: true })
})

/** One that only waits to be reaped is not. */
function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0)
	} catch {
		return false
	}
	return !Bun.spawnSync(['ps', '-o', 'stat=', '-p', String(pid)])
		.stdout.toString()
		.trim()
		.startsWith('Z')
}
