import { expect, test } from 'bun:test'
import { hiveHarnessCommand } from '../../../../src/edge/cli/hive/harness.ts'
import { runCli } from '../../../../src/edge/cli/run.ts'
import { eventually } from '../../../support/eventually.ts'
import { hiveWorld } from '../../socket/hive-world.ts'
import { scriptedBridge } from '../../socket/scripted-bridge.ts'
import { fakeTerminal } from '../terminal.ts'

const hive = { ...hiveHarnessCommand, name: 'hive', verbs: [hiveHarnessCommand] }

/** The harness of alice around a command, with messages there before it begins. */
async function harness(args: readonly string[], messages: readonly { readonly from: string; readonly body: string }[] = []) {
	const script = scriptedBridge()
	const world = await hiveWorld({ bridge: script.bridge })
	const send = (from: string, body: string) => world.broker.send({ from, to: 'alice', body, via: 'daemon' })
	for (const { from, body } of messages) await send(from, body)
	const terminal = fakeTerminal({ env: { PATH: process.env.PATH, HIVE_SOCKET: world.paths.agentSocket('alice') } })
	const code = runCli(['hive', 'harness', ...args], [hive], terminal)
	const events = (): Record<string, unknown>[] =>
		terminal.stdout
			.trim()
			.split('\n')
			.filter(Boolean)
			.map((line) => JSON.parse(line))
	return {
		...{ ...script, world, terminal, events, send },
		until: (kind: string, times = 1) =>
			eventually(() => events().filter(({ event }) => event === kind).length === times, { what: `${times} times ${kind}` }),
		async [Symbol.asyncDispose]() {
			terminal.signal('SIGTERM')
			expect(await code).toBe(0)
			await world[Symbol.asyncDispose]()
		},
	}
}

test('each message runs the command once, one after the other, with who wrote what and how much more there is', async () => {
	await using it = await harness(
		['--', '/bin/sh', '-c', 'cat; echo from $HIVE_FROM; echo aside >&2; exit 3'],
		[
			{ from: 'bob', body: 'first\nline' },
			{ from: 'manager', body: 'second' },
		],
	)
	await it.until('turn_ended', 2)
	expect(it.events()).toEqual([
		{ event: 'turn_started', from: 'bob', unread: 1 },
		{ event: 'output', text: 'You have a message from "bob".\n\nfirst\nline\n\n1 more message waits in your inbox.\nfrom bob\n' },
		{ event: 'turn_ended', code: 3 },
		{ event: 'turn_started', from: 'manager', unread: 0 },
		{ event: 'output', text: 'You have a message from "manager".\n\nsecond\n\n0 more messages wait in your inbox.\nfrom manager\n' },
		{ event: 'turn_ended', code: 3 },
	])
	expect(it.terminal.stderr).toBe('aside\naside\n')
})

test('with --answer a step is done by what the command prints for its prompt', async () => {
	const spawn = { type: 'spawn', req_id: 'r1', worker_handle: 'wh-1' }
	const command = 'test "$MSE_SYSTEM" = "You do." && tr a-z A-Z'
	await using it = await harness(['--answer', '--', '/bin/sh', '-c', command], [{ from: 'system', body: JSON.stringify(spawn) }])
	await it.until('turn_ended')
	expect(it.calls).toEqual([{ worker_handle: 'wh-1', body: 'DO IT', ok: true }, ['alice', { req_id: 'r1', kind: 'spawn_ack', ok: true }]])
})

test('a step whose command fails is blocked by what it printed, or fails with what it said', async () => {
	const spawn = (id: string) => ({ from: 'system', body: JSON.stringify({ type: 'spawn', req_id: id, worker_handle: 'wh-1' }) })
	await using blocked = await harness(['--answer', '--', '/bin/sh', '-c', 'echo no; exit 1'], [spawn('r1')])
	await blocked.until('turn_ended')
	expect(blocked.calls).toEqual([
		{ worker_handle: 'wh-1', body: 'no\n', ok: false },
		['alice', { req_id: 'r1', kind: 'spawn_ack', ok: false }],
	])
	await using failed = await harness(['--answer', '--', '/bin/sh', '-c', 'echo broken >&2; exit 1'], [spawn('r2')])
	await failed.until('turn_ended')
	expect(failed.calls).toEqual([['alice', { req_id: 'r2', kind: 'spawn_ack', ok: false, error: 'the command ended with code 1: broken' }]])
})

test('with --answer questions and hooks are answered, and so are the operator and runtime workers; agents are not', async () => {
	const messages = [
		{ from: 'system', body: JSON.stringify({ type: 'ask', req_id: 'a', question: 'why' }) },
		{ from: 'system', body: JSON.stringify({ type: 'hook_before', req_id: 'h', agent: 'coder' }) },
		{ from: 'bob', body: 'hello' },
		{ from: 'operator', body: 'hello' },
	]
	await using it = await harness(['--answer', '--', '/bin/sh', '-c', 'cat >/dev/null; echo \'{"n":1}\''], messages)
	await it.until('turn_ended', 4)
	expect(it.calls).toEqual([
		['alice', { req_id: 'a', kind: 'answer', value: { n: 1 } }],
		['alice', { req_id: 'h', kind: 'hook_ack', ok: true }],
	])
	expect([await it.world.broker.unread('operator'), await it.world.broker.unread('bob')]).toEqual([1, 0])
})

test('what the hive refuses in one turn is told, and the next one comes', async () => {
	const spawn = { type: 'spawn', req_id: 'r1', worker_handle: 'wh-unknown' }
	await using it = await harness(['--answer', '--', 'cat'], [{ from: 'system', body: JSON.stringify(spawn) }])
	await it.until('turn_failed')
	expect(it.events().at(-1)).toEqual({ event: 'turn_failed', reason: 'no such handle' })
	await it.send('bob', 'x')
	await it.until('turn_ended')
})

test('a paused agent takes no message', async () => {
	await using it = await harness(['--', 'cat'])
	await eventually(() => it.world.heard.length === 2, { what: 'it waits for a message' })
	it.state.paused = true
	await it.send('bob', 'taken before it knew')
	await it.send('bob', 'not taken')
	await eventually(async () => (await it.world.broker.unread('alice')) === 1, { what: 'the message it waited for already' })
	expect(it.events()).toEqual([])
})

test('without a command or a socket it says what is missing', async () => {
	const terminal = fakeTerminal({ env: { HIVE_SOCKET: '/tmp/x' } })
	expect(await runCli(['hive', 'harness'], [hive], terminal)).toBe(2)
	const without = fakeTerminal()
	expect(await runCli(['hive', 'harness', '--', 'cat'], [hive], without)).toBe(2)
	expect([terminal.stderr, without.stderr]).toEqual([expect.stringContaining('CMD is missing'), expect.stringContaining('HIVE_SOCKET')])
})
