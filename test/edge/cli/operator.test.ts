import { describe, expect, test } from 'bun:test'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { operatorCommand } from '../../../src/edge/cli/command/operator.ts'
import { runCli } from '../../../src/edge/cli/run.ts'
import { eventually } from '../../support/eventually.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { openWire, received, spawn, type Wire } from '../client/operator-wire.ts'
import { fakeTerminal } from './terminal.ts'

const PATH = '/usr/bin:/bin'

/** The command on that wire, with its session open; `stop` sends SIGINT and waits for the exit code. */
async function operator(wire: Wire, exec: string, { args = [] as string[], env = {} } = {}) {
	const terminal = fakeTerminal({ env: { PATH, ...env } })
	const code = runCli(['operator', '--url', wire.url, '--exec', exec, ...args], [operatorCommand], terminal)
	await eventually(() => wire.greetings.length > 0, { what: 'the operator is there' })
	const stop = (): Promise<number> => {
		terminal.signal('SIGINT')
		return code
	}
	return {
		terminal,
		code,
		stop,
		async [Symbol.asyncDispose]() {
			for (const signal of ['SIGINT', 'SIGINT'] as const) terminal.signal(signal)
			await code
		},
	}
}

/** Sends a step and receipts its reply. */
async function perform(wire: Wire, name: string) {
	wire.send(spawn(name))
	const reply = await wire.replyTo(name)
	wire.send(received(name))
	return reply
}

describe('a step', () => {
	test('has its prompt on stdin and its facts in the environment; stdout is the result', async () => {
		await using wire = openWire()
		const names = ['BASE_URL', 'WORKER_HANDLE', 'TASK_ID', 'AGENT', 'ATTEMPT', 'RUN_ID', 'SYSTEM'].map((name) => `"$MSE_${name}"`)
		const exec = `printf '%s\\n' "$(cat)" ${names.join(' ')} "\${MSE_TOKEN-unset}" "$HOME" "$(cat "$MSE_SYSTEM_FILE")"`
		await using _operator = await operator(wire, exec, { env: { MSE_TOKEN: 'secret', HOME: '/home/me' } })
		expect(await perform(wire, 'a')).toEqual({ type: 'spawn_ack', req_id: 'a', value: {}, ok: true })
		const lines = ['do a', wire.url, 'a', 'ST-a', 'worker', '1', 'R-1', 'Be brief.', 'unset', '/home/me', 'Be brief.']
		expect(wire.submits).toEqual([{ handle: 'a', query: '', body: `${lines.join('\n')}\n` }])
	})

	test('is blocked with what the command printed when it exits otherwise than 0', async () => {
		await using wire = openWire()
		await using _operator = await operator(wire, 'echo no good; exit 3')
		expect(await perform(wire, 'a')).toMatchObject({ ok: true })
		expect(wire.submits).toEqual([{ handle: 'a', query: '?ok=false', body: 'no good\n' }])
	})

	test('fails with the end of stderr when nothing was printed, and stderr is shown as it comes', async () => {
		await using wire = openWire()
		await using command = await operator(wire, 'echo first >&2; echo the reason >&2; exit 3')
		expect(await perform(wire, 'a')).toMatchObject({ ok: false, error: 'The command exited with 3 and printed nothing: first\nthe reason' })
		expect(command.terminal.stderr).toContain('worker ST-a| the reason\n')
		expect(wire.submits).toEqual([])
	})

	test('that takes too long is ended with everything it started', async () => {
		await using wire = openWire()
		using folder = tempDir()
		const pids = join(folder.path, 'pids')
		await using _operator = await operator(wire, `trap '' TERM; sleep 600 & echo $$ $! > ${pids}; wait; sleep 600`, {
			args: ['--timeout', '0.2'],
		})
		expect(await perform(wire, 'a')).toMatchObject({ ok: false, error: expect.stringContaining('was ended after 0.2 seconds') })
		const left = readFileSync(pids, 'utf8').trim().split(' ').filter(isAlive)
		expect(left).toEqual([])
	}, 20_000)
})

describe('the operator', () => {
	test('joins with its roles, its description and the admin token, and leaves when it is stopped', async () => {
		await using wire = openWire()
		const command = await operator(wire, 'cat', { args: ['--role', 'a', '--role', 'b', '--desc', 'mine', '--token', 't'] })
		expect(wire.joins).toEqual([{ desc: 'mine', roles: ['a', 'b'] }])
		expect(await command.stop()).toBe(0)
		expect(wire.left).toEqual(['S-1'])
		expect(command.terminal.stderr).toStartWith('mse-server: joined as S-1\n')
		expect(command.terminal.stdout).toBe('')
	})

	test('keeps its session in a file of its own and comes back to it', async () => {
		await using wire = openWire()
		using folder = tempDir()
		const file = join(folder.path, 'kept/session.json')
		const first = await operator(wire, 'cat', { args: ['--session-file', file] })
		expect(await first.stop()).toBe(0)
		expect([statSync(file).mode & 0o777, wire.left]).toEqual([0o600, []])
		wire.pending = [{ req_id: 'old', state: 'delivered' }]
		wire.greetings.length = 0
		const second = await operator(wire, 'cat', { args: ['--session-file', file] })
		await eventually(() => wire.redelivered.includes('old'), { what: 'it asks for what it had not answered' })
		await second.stop()
		expect(wire.joins).toHaveLength(1)
		wire.gone.add('S-1')
		wire.greetings.length = 0
		const third = await operator(wire, 'cat', { args: ['--session-file', file] })
		await third.stop()
		expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ url: wire.url, sid: 'S-2', token: 'token of S-2' })
	})

	test('lets running commands finish at the first signal and ends them at the second', async () => {
		await using wire = openWire()
		using folder = tempDir()
		const [begun, go] = ['begun', 'go'].map((name) => join(folder.path, name))
		const wait = `touch ${begun}; while [ ! -e ${go} ]; do sleep 0.01; done; echo done`
		const patient = await operator(wire, wait)
		wire.send(spawn('a'))
		await eventually(() => existsSync(String(begun)), { what: 'the command runs' })
		patient.terminal.signal('SIGINT')
		await eventually(() => patient.terminal.stderr.includes('waiting for 1 running command;'), { what: 'it says that it waits' })
		await Bun.write(String(go), '')
		await wire.replyTo('a')
		wire.send(received('a'))
		expect(await patient.code).toBe(0)
		expect(wire.submits).toEqual([{ handle: 'a', query: '', body: 'done\n' }])

		wire.greetings.length = 0
		const hasty = await operator(wire, 'exec sleep 600', { args: ['--session-file', join(folder.path, 'session')] })
		wire.send(spawn('b'))
		await eventually(() => hasty.terminal.stderr.includes('ST-b started'), { what: 'the command runs' })
		hasty.terminal.signal('SIGINT')
		hasty.terminal.signal('SIGINT')
		expect(await hasty.code).toBe(0)
		expect(wire.redelivered).toEqual(['b'])
	}, 20_000)

	test.each([
		['cat', 0],
		['exit 1', 1],
	])('with --once ends after one step: %s is exit code %d', async (exec, expected) => {
		await using wire = openWire()
		const command = await operator(wire, exec, { args: ['--once'] })
		await perform(wire, 'a')
		expect(await command.code).toBe(expected)
	})

	test('says so and ends with 1 when another client took its session over', async () => {
		await using wire = openWire()
		const command = await operator(wire, 'cat')
		wire.drop(4001, 'replaced')
		expect(await command.code).toBe(1)
		expect(command.terminal.stderr).toContain('another client took the session over')
	})

	test('with --json prints each event as a line, without the token', async () => {
		await using wire = openWire()
		const command = await operator(wire, 'cat', { args: ['--json'] })
		await perform(wire, 'a')
		await command.stop()
		const events = command.terminal.stdout
			.trim()
			.split('\n')
			.map((line) => JSON.parse(line) as { kind: string })
		expect(events.map(({ kind }) => kind)).toEqual(['joined', 'connected', 'started', 'ended', 'receipted'])
		expect(command.terminal.stdout).not.toContain('token of')
	})

	test('waits for a server that is not there yet, until it is stopped', async () => {
		const terminal = fakeTerminal({ env: {} })
		const code = runCli(['operator', '--url', 'http://127.0.0.1:1', '--exec', 'cat'], [operatorCommand], terminal)
		await eventually(() => terminal.stderr.includes('No server answers at http://127.0.0.1:1'), { what: 'it says what is missing' })
		terminal.signal('SIGINT')
		expect(await code).toBe(0)
	})

	test.each([
		[[], '--exec is missing'],
		[['--exec', 'cat', '--timeout', 'soon'], '--timeout has to be a number above 0, not "soon".'],
		[['--exec', 'cat', '--concurrency', '0'], '--concurrency has to be a number above 0, not "0".'],
	])('refuses a wrong command line: %p', async (args, sentence) => {
		const terminal = fakeTerminal()
		expect(await runCli(['operator', ...args], [operatorCommand], terminal)).toBe(2)
		expect(terminal.stderr).toContain(sentence)
	})
})

function isAlive(pid: string): boolean {
	return existsSync(`/proc/${pid}`) && !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
}
