import { expect, test } from 'bun:test'
import { askPatiently } from '../../../src/edge/client/patient-socket.ts'
import { systemClock } from '../../../src/kernel/clock.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { mcpWorld } from './mcp-world.ts'

test('agents of the hive are made, written to, and their messages read', async () => {
	using folder = tempDir()
	const flags = { 'hive-enabled': 'true', 'hive-run-dir': `${folder.path}/run`, 'hive-state-dir': `${folder.path}/state` }
	await using it = await mcpWorld({ flags })
	expect(await it.use('mse_hive_spawn', { name: 'alice' })).toMatchObject({ name: 'alice', state: 'running' })
	expect((await it.use('mse_hive_agents')).agents).toMatchObject([{ name: 'alice' }])
	expect(await it.use('mse_hive_send', { to: 'alice', body: 'hello' })).toMatchObject({ from: 'operator', to: 'alice' })
	expect(await it.use('mse_hive_agent', { name: 'alice' })).toMatchObject({ unread: 1, log: expect.any(String) })
	expect(await it.use('mse_hive_recv')).toMatchObject({ messages: [], more: false })
	const waiting = it.use('mse_hive_recv', { wait_secs: 10 })
	const alice = { path: `${folder.path}/run/agents/alice/mcp.sock`, clock: systemClock }
	await askPatiently(alice, { cmd: 'send', to: 'operator', body: 'done' }, { mayRepeat: false })
	const { messages } = await waiting
	expect(messages).toMatchObject([{ from: 'alice', body: 'done' }])
	expect(await it.use('mse_hive_recv', { read: [messages[0].id] })).toMatchObject({ messages: [] })
	expect((await it.use('mse_hive_move', { name: 'alice', to: 'pause' })).paused).toBe(true)
	expect((await it.use('mse_hive_move', { name: 'alice', to: 'stop' })).state).toBe('stopped')
	expect(await it.use('mse_hive_destroy', { name: 'alice', purge: true })).toEqual({ name: 'alice', purged: true })
	expect(await it.say('mse_hive_send', { to: 'nobody', body: 'x' })).toMatchObject({ isError: true })
}, 20_000)

test('without a hive its tools say so', async () => {
	await using it = await mcpWorld()
	expect(await it.say('mse_hive_agents')).toMatchObject({ isError: true, value: { code: 'no_agents' } })
})
