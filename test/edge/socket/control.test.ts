import { describe, expect, test } from 'bun:test'
import { askSocket } from '../../../src/edge/client/hive-socket.ts'
import { type HiveWorld, hiveWorld } from './hive-world.ts'

/** A client that knows more than hyperhive's types. */
const ourClient = ({ paths }: HiveWorld) => ({
	ask: async (request: object): Promise<Record<string, unknown>> => JSON.parse(await askSocket(paths.hostSocket, request)),
})

describe('verbs of our own on the operator socket', () => {
	test('start, stop, pause and read logs of one agent, and never of all', async () => {
		await using world = await hiveWorld()
		const host = ourClient(world)
		for (const request of [
			{ cmd: 'start', name: 'alice' },
			{ cmd: 'stop', name: 'alice' },
			{ cmd: 'restart', name: 'alice' },
			{ cmd: 'set_paused', name: 'alice', paused: true },
		])
			expect(await host.ask(request)).toEqual({ ok: true })
		expect(world.script.calls).toEqual(['start alice', 'kill alice', 'restart alice', 'pause alice'])
		expect(await host.ask({ cmd: 'logs', name: 'alice', tail: 2 })).toEqual({ ok: true, text: 'line 0\nline 1\n' })
		for (const cmd of ['start', 'stop', 'restart', 'logs'])
			expect(await host.ask({ cmd })).toEqual({ ok: false, error: 'invalid request: missing field `name`' })
	})

	test('tell how one agent is, or all of them', async () => {
		await using world = await hiveWorld()
		const host = ourClient(world)
		await host.ask({ cmd: 'operator_send', to: 'bob', body: 'hello' })
		const shown = (name: string, unread: number) => expect.objectContaining({ name, state: 'running', unread })
		expect(await host.ask({ cmd: 'agent_status' })).toEqual({ ok: true, statuses: [shown('alice', 0), shown('bob', 1)] })
		expect(await host.ask({ cmd: 'agent_status', name: 'bob' })).toEqual({ ok: true, statuses: [shown('bob', 1)] })
		expect(await host.ask({ cmd: 'agent_status', name: 'carol' })).toEqual({ ok: false, error: 'no such agent' })
	})

	test('write as the operator and read what agents wrote to it, once', async () => {
		await using world = await hiveWorld()
		const [host, alice] = [ourClient(world), await world.agent('alice')]
		expect(await host.ask({ cmd: 'operator_send', to: 'alice', body: 'hello' })).toEqual({ ok: true })
		expect(await alice.ask({ cmd: 'recv' })).toEqual({ kind: 'message', from: 'operator', body: 'hello' })
		const waiting = host.ask({ cmd: 'operator_recv', wait_seconds: 5 })
		await alice.ask({ cmd: 'send', to: 'operator', body: 'done' })
		expect(await waiting).toEqual({ ok: true, message: { from: 'alice', body: 'done' } })
		expect(await host.ask({ cmd: 'operator_recv' })).toEqual({ ok: true })
	})

	test('are not among the verbs that an unknown one is told of, and do not exist elsewhere', async () => {
		await using world = await hiveWorld()
		const host = ourClient(world)
		const told = await host.ask({ cmd: 'nothing' })
		expect(told.error).toBe(
			'invalid request: unknown variant `nothing`, expected one of `spawn`, `request_spawn`, `kill`, `destroy`, `rebuild`, `list`, `pending`, `approve`, `deny`',
		)
		for (const client of [await world.agent('alice'), await world.manager()])
			for (const cmd of ['start', 'stop', 'restart', 'set_paused', 'agent_status', 'logs', 'operator_send', 'operator_recv'])
				expect((await client.ask({ cmd, name: 'alice' })).message).toStartWith(`invalid request: unknown variant \`${cmd}\``)
	})
})
