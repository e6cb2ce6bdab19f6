import { describe, expect, test } from 'bun:test'
import { approvalResolved } from '../../../src/core/hive/helper-event.ts'
import { type AgentRequest, type HostRequest, hostRequests, type ManagerRequest } from '../../../src/protocol/hive.ts'
import { verifies } from '../../support/verifies.ts'
import { golden } from './golden.ts'
import { hiveWorld } from './hive-world.ts'

describe('the operator socket', () => {
	test('knows nine verbs, each as the wire writes it', async () => {
		verifies('08.1', '08.2')
		await using world = await hiveWorld({ agents: [] })
		const requests: HostRequest[] = [
			{ cmd: 'spawn', name: 'alice' },
			{ cmd: 'request_spawn', name: 'alice' },
			{ cmd: 'kill', name: 'alice' },
			{ cmd: 'destroy', name: 'alice' },
			{ cmd: 'rebuild', name: 'alice' },
			{ cmd: 'list' },
			{ cmd: 'pending' },
			{ cmd: 'approve', id: 7 },
			{ cmd: 'deny', id: 7 },
		]
		expect(requests.map((request) => JSON.stringify(request))).toEqual([...golden.hostRequests])
		expect(hostRequests.map((verb) => verb.properties.cmd.const)).toEqual(requests.map(({ cmd }) => cmd))
		const host = await world.host()
		await host.write(golden.hostRequests.slice(0, 4).join('\n'))
		await host.write('\n')
		for (let n = 0; n < 4; n++) expect(await host.line()).toBe('{"ok":true}')
		await host.write(`${golden.hostRequests.slice(4).join('\n')}\n`)
		expect(await host.line()).toBe('{"ok":false,"error":"no such agent"}')
		expect(await host.line()).toBe('{"ok":true,"agents":[]}')
		expect(await host.line()).toStartWith('{"ok":true,"approvals":[{"id":1,')
		for (let n = 0; n < 2; n++) expect(await host.line()).toBe('{"ok":false,"error":"no such approval 7"}')
		const said = ['spawn alice', 'request_spawn alice by operator', 'kill alice', 'destroy alice', 'rebuild alice', 'approve 7', 'deny 7']
		expect(world.script.calls).toEqual(said)
	})

	test('says no with the sentence of the refusal and nothing else', async () => {
		verifies('08.3')
		await using world = await hiveWorld()
		const host = await world.host()
		expect(await host.ask({ cmd: 'spawn', name: 'alice' })).toEqual({ ok: false, error: 'agent "alice" already exists' })
		await host.write('{"cmd":"kill","name":"nobody"}\n')
		expect(await host.line()).toBe('{"ok":false,"error":"no such agent"}')
	})

	test('an empty hive has empty lists', async () => {
		verifies('08.4', '08.5')
		await using world = await hiveWorld({ agents: [] })
		const host = await world.host()
		await host.write('{"cmd":"list"}\n{"cmd":"pending"}\n')
		expect(await host.line()).toBe('{"ok":true,"agents":[]}')
		expect(await host.line()).toBe('{"ok":true,"approvals":[]}')
	})

	test('a pending spawn has its keys in order, whole seconds, and neither an end nor a note', async () => {
		verifies('08.6', '08.12')
		await using world = await hiveWorld({ agents: [] })
		const host = await world.host()
		await host.ask({ cmd: 'request_spawn', name: 'carol' })
		await host.write('{"cmd":"pending"}\n')
		const line = (await host.line()) ?? ''
		const at = Number(/"requested_at":(\d+),/.exec(line)?.[1])
		expect(line).toBe(
			`{"ok":true,"approvals":[{"id":1,"agent":"carol","kind":"spawn","commit_ref":"","requested_at":${at},"status":"pending"}]}`,
		)
		expect(Math.abs(at - world.clock.now() / 1000)).toBeLessThan(2)
	})

	test('approvals are written as the wire writes them', async () => {
		await using world = await hiveWorld()
		const [pending, failed] = (JSON.parse(golden.approvals) as { approvals: typeof world.script.approvals }).approvals
		world.script.host.pending = async () => [pending, failed].flatMap((row) => row ?? [])
		const host = await world.host()
		await host.write('{"cmd":"pending"}\n')
		expect(await host.line()).toBe(golden.approvals)
	})

	test('purge and a note are optional, and may be null', async () => {
		await using world = await hiveWorld()
		const host = await world.host()
		for (const name of ['one', 'two']) await host.ask({ cmd: 'request_spawn', name })
		await host.ask({ cmd: 'destroy', name: 'alice', purge: true })
		await host.ask({ cmd: 'destroy', name: 'bob', purge: null })
		await host.ask({ cmd: 'deny', id: 1, note: 'not now' })
		await host.ask({ cmd: 'deny', id: 2, note: null })
		expect(world.script.calls.slice(2)).toEqual(['destroy alice and its state', 'destroy bob', 'deny 1: not now', 'deny 2'])
	})

	test('tells its version when that is turned on', async () => {
		await using world = await hiveWorld({ wireVersion: true, agents: [] })
		const host = await world.host()
		await host.write('{"cmd":"list"}\n{"cmd":"kill","name":"x"}\n')
		expect(await host.line()).toBe('{"ok":true,"agents":[],"version":1}')
		expect(await host.line()).toBe('{"ok":false,"error":"no such agent"}')
	})
})

describe('the sockets of agents', () => {
	test('have four verbs and five responses', async () => {
		verifies('08.7')
		await using world = await hiveWorld()
		const requests: AgentRequest[] = [
			{ cmd: 'send', to: 'bob', body: 'hi' },
			{ cmd: 'recv' },
			{ cmd: 'status' },
			{ cmd: 'operator_msg', body: 'hi' },
		]
		expect(requests.map((request) => JSON.stringify(request))).toEqual([...golden.agentRequests])
		const [alice, bob] = [await world.agent('alice'), await world.agent('bob')]
		await alice.write(`${golden.agentRequests[0]}\n{"cmd":"send","to":"m","body":""}\n`)
		expect(await alice.line()).toBe('{"kind":"ok"}')
		expect(await alice.line()).toBe('{"kind":"err","message":"unknown recipient \\"m\\""}')
		await bob.write('{"cmd":"status"}\n{"cmd":"recv"}\n{"cmd":"recv"}\n')
		expect(await bob.line()).toBe('{"kind":"status","unread":1}')
		expect(await bob.line()).toBe('{"kind":"message","from":"alice","body":"hi"}')
		expect(await bob.line()).toBe('{"kind":"empty"}')
	})

	test('a body comes out as it went in, written as others write it', async () => {
		await using world = await hiveWorld()
		const [alice, bob] = [await world.agent('alice'), await world.agent('bob')]
		await alice.ask({ cmd: 'send', to: 'bob', body: golden.oddBody })
		await bob.write('{"cmd":"recv"}\n')
		expect(await bob.line()).toBe('{"kind":"message","from":"alice","body":"hi\\nthere \\"q\\" 🐝  /\u007f\u2028\\u0001"}')
	})
})

describe('the manager socket', () => {
	test('has the verbs of agents and three more, and answers like an agent socket', async () => {
		verifies('08.8')
		await using world = await hiveWorld()
		const more: ManagerRequest[] = [
			{ cmd: 'request_spawn', name: 'alice' },
			{ cmd: 'kill', name: 'alice' },
			{ cmd: 'request_apply_commit', agent: 'alice', commit_ref: '3f2a91c' },
		]
		expect(more.map((request) => JSON.stringify(request))).toEqual(golden.managerRequests.slice(4))
		const manager = await world.manager()
		await manager.write(`${golden.managerRequests.join('\n')}\n`)
		const lines = []
		for (const _ of golden.managerRequests) lines.push(await manager.line())
		const ok = '{"kind":"ok"}'
		expect(lines).toEqual([ok, '{"kind":"empty"}', '{"kind":"status","unread":0}', ok, ok, ok, ok])
		expect(world.script.calls).toEqual(['request_spawn alice by manager', 'kill alice', 'request_apply_commit alice 3f2a91c by manager'])
	})

	test('cannot kill the manager', async () => {
		await using world = await hiveWorld()
		const manager = await world.manager()
		expect(await manager.ask({ cmd: 'kill', name: 'manager' })).toEqual({ kind: 'err', message: 'refusing to kill the manager' })
		expect(world.script.calls).toEqual([])
	})

	test('the message about a resolved approval has its documented bytes', async () => {
		verifies('08.9')
		const resolved = { id: 7, agent: 'alice', commit_ref: '3f2a91c', status: 'approved' } as const
		expect(approvalResolved(resolved)).toEqual({ from: 'system', to: 'manager', body: golden.resolved, via: 'daemon' })
		const failed = approvalResolved({ note: 'agent exists', status: 'failed', commit_ref: '', agent: 'bob', id: 8 })
		expect(failed.body).toBe(golden.resolvedWithNote)
		await using world = await hiveWorld()
		await world.messages.add(approvalResolved(resolved))
		const manager = await world.manager()
		await manager.write('{"cmd":"recv"}\n')
		expect(await manager.line()).toBe(golden.resolvedMessage)
	})
})

describe('requests', () => {
	test('may have the verb last, and keys nobody knows', async () => {
		verifies('08.10', '08.11')
		await using world = await hiveWorld()
		const extra = '"zz":[1.5,{"a":null}],"from":"x"'
		const withExtra = (line: string): string => line.replace('{"cmd"', `{${extra},"cmd"`)
		const sockets = [
			{ client: await world.host(), lines: ['{"name":"carol","cmd":"spawn"}', ...golden.hostRequests.slice(1).map(withExtra)] },
			{ client: await world.agent('alice'), lines: ['{"to":"bob","body":"hi","cmd":"send"}', ...golden.agentRequests.map(withExtra)] },
			{ client: await world.manager(), lines: golden.managerRequests.map(withExtra) },
		]
		for (const { client, lines } of sockets)
			for (const line of lines) {
				await client.write(`${line}\n`)
				expect(await client.line()).not.toContain('invalid request')
			}
		expect(world.script.calls[0]).toBe('spawn carol')
	})
})
