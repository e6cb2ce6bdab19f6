import { describe, expect, test } from 'bun:test'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { JsonObject } from '../../src/kernel/json.ts'
import { blueprintOf, lit, path, seq, step } from '../support/blueprints.ts'
import { eventually } from '../support/eventually.ts'
import { tempDir } from '../support/temp-dir.ts'
import { bareEnvironment, binaryPath, type Ended, runBinary } from './support/binary.ts'

const shell = (script: string): JsonObject => ({
	id: 'shell',
	flow: seq(step('work', path('$.say'), '$.out')),
	agents: [{ name: 'work', kind: 'subprocess', spec: { program: '/bin/sh', args: ['-c', script] } }],
	default_init_ctx: { say: 'hi' },
})

const run = (blueprint: JsonObject, ...args: readonly string[]): Promise<Ended> =>
	runBinary(['run', 'b.json', ...args], { files: { 'b.json': JSON.stringify(blueprint) } })

describe('mse-server run', () => {
	test('gives the final context on stdout, and nothing else, with exit code 0', async () => {
		const { code, stdout, stderr } = await run(shell('printf \'{"said": "%s"}\' "$(cat)"'), '--ctx', '{"say": "hello"}')
		expect([code, JSON.parse(stdout)]).toEqual([0, { say: 'hello', out: { said: 'hello' } }])
		expect(stderr).toMatch(/^run .*\nstarted +work\npassed +work .*\ndone /)
		expect(stderr).not.toContain('\x1b')
	})

	test('runs YAML with a context from a file', async () => {
		const yaml = ['id: y', 'flow: {kind: step, ref: identity, in: {op: path, at: $.x}, out: {op: path, at: $.y}}']
		yaml.push('agents: [{name: identity, kind: rust_fn, spec: {fn_id: identity}}]')
		const files = { 'b.yaml': yaml.join('\n'), 'ctx.yml': 'x: from a file\n' }
		const { code, stdout } = await runBinary(['run', 'b.yaml', '--ctx', '@ctx.yml'], { files })
		expect([code, JSON.parse(stdout).y.echoed]).toEqual([0, 'from a file'])
	})

	test('puts the files a document names in their place, seen from the folder of the document', async () => {
		const blueprint = blueprintOf(step('identity', { op: 'lit', value: { $file: 'said.txt' } }, '$.y'), ['identity'])
		const files = { 'b.json': JSON.stringify(blueprint), 'said.txt': 'from a file' }
		const { code, stdout } = await runBinary(['run', 'b.json'], { files })
		expect([code, JSON.parse(stdout).y.echoed]).toEqual([0, 'from a file'])
		const missing = await runBinary(['run', 'b.json'], { files: { 'b.json': files['b.json'] } })
		expect([missing.code, missing.stderr]).toEqual([expect.anything(), expect.stringContaining('said.txt')])
	})

	test('runs a sample by its name, and keeps nothing', async () => {
		using place = tempDir()
		const { code, stdout } = await runBinary(['run', 'gate'], { env: { TMPDIR: place.path } })
		expect([code, JSON.parse(stdout).verdict]).toEqual([0, 'PASS'])
		expect(readdirSync(place.path)).toEqual([])
	})

	test('keeps the run in a data directory of one’s own, which a server then shows', async () => {
		using place = tempDir()
		const first = await runBinary(['run', 'main', '--data-dir', place.path, '--json'])
		expect(first.code).toBe(0)
		expect(existsSync(join(place.path, 'mse.db'))).toBe(true)
	})

	test('has operators of its own', async () => {
		const command = 'if [ "$MSE_AGENT" = reviewer ]; then echo PASS; else tr a-z A-Z; fi'
		const { code, stdout } = await runBinary(['run', 'review-loop', '--operator', command, '--ctx', '{"goal": "go"}'])
		expect([code, JSON.parse(stdout)]).toEqual([0, { goal: 'go', plan: 'GO', change: 'GO', verdict: 'PASS', rounds: 0, accepted: true }])
	})

	test('a run that fails is 1, with nothing on stdout and the reason on stderr', async () => {
		const { code, stdout, stderr } = await run(shell('echo broken >&2; exit 9'))
		expect([code, stdout]).toEqual([1, ''])
		expect(stderr).toMatch(/^mse-server: R-\w+ failed at work: .*broken/m)
	})

	test('an invalid Blueprint is 2, with every finding: code, path, message and how to mend it', async () => {
		const flow = seq({ kind: 'stp' }, step('a', { op: 'nope' }, '$.x'))
		const { code, stdout, stderr } = await run({ id: 'bad', flow, agents: [], metdata: {} })
		expect([code, stdout]).toEqual([2, ''])
		const errors = stderr.split('\n').filter((line) => line.startsWith('error '))
		expect(errors.map((line) => /^error (\S+): .+ \[([a-z-]+)\]$/.exec(line)?.[1])).toEqual(
			expect.arrayContaining(['$.flow.children[0].kind', '$.metdata']),
		)
		expect(errors.length).toBeGreaterThan(2)
	})

	test('one that does not compile is 2 as well', async () => {
		const { code, stderr } = await run(blueprintOf(step('ghost', lit(1), '$.x'), ['other']))
		expect([code, stderr]).toEqual([2, expect.stringContaining('[unresolved-agent-ref]')])
	})

	test('wrong usage is 2', async () => {
		for (const args of [['run'], ['run', 'none.json'], ['run', 'hello', '--ctx', '{'], ['run', 'hello', '--timeout', 'x']])
			expect(await runBinary(args)).toMatchObject({ code: 2, stdout: '' })
	})

	test('out of time is 4', async () => {
		const { code, stdout } = await run(shell('sleep 60'), '--timeout', '1')
		expect([code, stdout]).toEqual([4, ''])
	})
})

describe('Ctrl-C', () => {
	/** Starts a run whose step waits for ever, and waits until it does. */
	async function started(script: string) {
		const place = tempDir()
		await Bun.write(join(place.path, 'b.json'), JSON.stringify(shell(`echo $$ > pid; ${script}`)))
		const env = { ...bareEnvironment(place.path), TMPDIR: place.path }
		const child = Bun.spawn([binaryPath(), 'run', 'b.json', '--work-dir', '.'], { cwd: place.path, env, stdout: 'pipe', stderr: 'pipe' })
		const pidFile = join(place.path, 'pid')
		await eventually(() => existsSync(pidFile) && Bun.file(pidFile).size > 1, { what: 'the step works' })
		return { child, place, pid: Number(await Bun.file(pidFile).text()), [Symbol.dispose]: () => place[Symbol.dispose]() }
	}

	test('cancels: exit code 3, an empty stdout, no process and no folder left', async () => {
		using world = await started('sleep 60')
		world.child.kill('SIGINT')
		const [code, stdout, stderr] = await Promise.all([world.child.exited, world.child.stdout.text(), world.child.stderr.text()])
		expect([code, stdout]).toEqual([3, ''])
		expect(stderr).toContain('cancelled')
		expect(existsSync(`/proc/${world.pid}`)).toBe(false)
		expect(readdirSync(world.place.path).filter((name) => name.startsWith('mse-run-'))).toEqual([])
	})

	test('twice does not wait for a step that ignores it', async () => {
		using world = await started('trap "" TERM; while :; do sleep 1; done')
		world.child.kill('SIGINT')
		const said = { text: '' }
		for await (const chunk of world.child.stderr) {
			said.text += new TextDecoder().decode(chunk)
			if (said.text.includes('once more to end at once')) break
		}
		world.child.kill('SIGINT')
		expect(await world.child.exited).toBe(130)
		process.kill(world.pid, 'SIGKILL')
	})
})
