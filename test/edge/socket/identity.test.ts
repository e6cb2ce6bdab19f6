import { expect, test } from 'bun:test'
import { verifies } from '../../support/verifies.ts'
import { hiveWorld } from './hive-world.ts'

test('a sender is the socket, whatever the request says', async () => {
	verifies('08.29')
	await using world = await hiveWorld()
	const [alice, bob] = [await world.agent('alice'), await world.agent('bob')]
	await alice.ask({ cmd: 'send', from: 'manager', to: 'bob', body: 'hi', sender: 'x', owner: 'bob' })
	expect(await bob.ask({ cmd: 'recv', owner: 'alice' })).toEqual({ kind: 'message', from: 'alice', body: 'hi' })
})

test('the manager sends as manager, and messages of the operator go to the owner of the socket', async () => {
	verifies('08.30')
	await using world = await hiveWorld()
	const [alice, bob, manager] = [await world.agent('alice'), await world.agent('bob'), await world.manager()]
	await manager.ask({ cmd: 'send', to: 'bob', body: 'from the manager' })
	await bob.ask({ cmd: 'operator_msg', body: 'for bob', to: 'alice' })
	await manager.ask({ cmd: 'operator_msg', body: 'for the manager' })
	const resolved = { id: 1, agent: 'alice', commit_ref: '', kind: 'spawn', requested_at: 1, status: 'approved' } as const
	await world.messages.add(world.script.resolved(resolved))
	expect(await bob.ask({ cmd: 'recv' })).toEqual({ kind: 'message', from: 'manager', body: 'from the manager' })
	expect(await bob.ask({ cmd: 'recv' })).toEqual({ kind: 'message', from: 'operator', body: 'for bob' })
	expect(await manager.ask({ cmd: 'recv' })).toEqual({ kind: 'message', from: 'operator', body: 'for the manager' })
	expect(await manager.ask({ cmd: 'recv' })).toMatchObject({ kind: 'message', from: 'system' })
	expect(await alice.ask({ cmd: 'recv' })).toEqual({ kind: 'empty' })
	const vias = world.db.query<{ sender: string; via: string }>('SELECT sender, via FROM message ORDER BY id').all()
	expect(vias.map(({ sender, via }) => `${sender} ${via}`)).toEqual([
		'manager agent-socket',
		'operator agent-socket',
		'operator agent-socket',
		'system daemon',
	])
})

test('messages of the operator can be turned off for agents and the manager', async () => {
	verifies('08.31')
	await using world = await hiveWorld({ operatorMsg: 'deny' })
	for (const client of [await world.agent('alice'), await world.manager()])
		expect(await client.ask({ cmd: 'operator_msg', body: 'x' })).toEqual({
			kind: 'err',
			message: 'operator_msg is turned off on this server (hive.operator_msg)',
		})
	expect(world.rows()).toBe(0)
})

test('every request on the socket of an agent is heard, whether or not it means something', async () => {
	await using world = await hiveWorld()
	const [alice, manager, host] = [await world.agent('alice'), await world.manager(), await world.host()]
	expect(world.heard).toEqual([])
	await host.ask({ cmd: 'list' })
	await alice.ask({ cmd: 'recv' })
	await manager.ask({ cmd: 'nonsense' })
	expect(world.heard).toEqual(['alice', 'manager'])
})
