import { expect, test } from 'bun:test'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js'
import { serveHiveBridge } from '../../../src/edge/mcp/hive-bridge.ts'
import { systemClock } from '../../../src/kernel/clock.ts'
import { hiveWorld } from '../socket/hive-world.ts'
import { scriptedBridge } from '../socket/scripted-bridge.ts'

async function bridgeWorld(role: 'agent' | 'manager') {
	const script = scriptedBridge()
	const world = await hiveWorld({ bridge: script.bridge })
	const path = role === 'manager' ? world.paths.managerSocket : world.paths.agentSocket('alice')
	const [ours, theirs] = InMemoryTransport.createLinkedPair()
	const served = await serveHiveBridge({ path, role, clock: systemClock, pausesMs: [], transport: ours })
	const client = new Client({ name: 'test', version: '0' })
	await client.connect(theirs)
	return {
		...{ ...script, world, client, served },
		async use(name: string, input: Record<string, unknown> = {}) {
			const { content, isError } = await client.callTool({ name, arguments: input })
			return [...(content as { text: string }[]).map(({ text }) => text), ...(isError ? ['isError'] : [])]
		},
		async [Symbol.asyncDispose]() {
			await served.close()
			await world[Symbol.asyncDispose]()
		},
	}
}

test('every result has the line of the socket and how many messages wait', async () => {
	await using it = await bridgeWorld('agent')
	await it.world.broker.send({ from: 'bob', to: 'alice', body: 'hi', via: 'agent-socket' })
	expect(await it.use('status')).toEqual(['{"kind":"status","unread":1}', 'inbox: 1 unread'])
	expect(await it.use('recv')).toEqual(['{"kind":"message","from":"bob","body":"hi"}', 'inbox: 0 unread'])
	expect(await it.use('recv')).toEqual(['{"kind":"empty"}', 'inbox: 0 unread'])
	expect(await it.use('data_get', { worker_handle: 'wh-1', key: 'k' })).toEqual(['{"kind":"result","value":{"id":"k"}}', 'inbox: 0 unread'])
})

test('a refusal is an error with the words of the hive', async () => {
	await using it = await bridgeWorld('agent')
	expect(await it.use('send', { to: 'system', body: '' })).toEqual(['unknown recipient "system"', 'inbox: 0 unread', 'isError'])
	expect(await it.use('worker_prompt', { worker_handle: 'wh-unknown' })).toEqual(['no such handle', 'inbox: 0 unread', 'isError'])
	const [text] = await it.use('kill', { name: 'bob' })
	expect(text).toStartWith('There is no tool kill; there are send, recv, status,')
	expect(it.world.script.calls).toEqual([])
})

test('a tool cannot be made another verb by its arguments', async () => {
	await using it = await bridgeWorld('agent')
	expect(await it.use('status', { cmd: 'operator_msg', body: 'x' })).toEqual(['{"kind":"status","unread":0}', 'inbox: 0 unread'])
})

test('the manager has what changes the hive besides, and every tool says what it takes', async () => {
	await using it = await bridgeWorld('manager')
	const { tools } = await it.client.listTools()
	expect(tools.map(({ name }) => name).slice(-3)).toEqual(['request_spawn', 'kill', 'request_apply_commit'])
	for (const { inputSchema, description } of tools) expect([inputSchema.type, (description?.length ?? 0) > 10]).toEqual(['object', true])
	expect(await it.use('request_spawn', { name: 'carol' })).toEqual(['{"kind":"ok"}', 'inbox: 0 unread'])
	expect(it.world.script.calls).toEqual(['request_spawn carol by manager'])
})

test('when the hive is away the tool says so, and the bridge stays', async () => {
	await using it = await bridgeWorld('agent')
	await it.world.sockets.stop()
	const [text, error] = await it.use('status')
	expect([text?.includes('the hive did not answer at'), error]).toEqual([true, 'isError'])
	await it.world.sockets.open('alice')
	expect(await it.use('status')).toEqual(['{"kind":"status","unread":0}', 'inbox: 0 unread'])
})

test('it ends with its client', async () => {
	await using it = await bridgeWorld('agent')
	await it.client.close()
	await it.served.closed
})
