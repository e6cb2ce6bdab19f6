import { describe, expect, test } from 'bun:test'
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { newAgentFace } from '../../../src/core/hive/agent-face.ts'
import { MANAGER } from '../../../src/core/hive/agent-name.ts'
import { hivePaths } from '../../../src/core/hive/hive-path.ts'
import { newHiveSockets } from '../../../src/edge/socket/hive-sockets.ts'
import { systemClock } from '../../../src/kernel/clock.ts'
import { silentLogger } from '../../../src/kernel/log.ts'
import { eventually } from '../../support/eventually.ts'
import { fakeClock } from '../../support/fake-clock.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { hiveWorld } from './hive-world.ts'

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)

/** Sockets whose requests nobody can answer; only the files matter. */
function bareSockets(runDir: string, over: { adminGid?: number } = {}) {
	const broker = { send: async () => 1, receive: async () => false, unread: async () => 0 }
	const manager = { requestSpawn: async () => {}, kill: async () => {}, requestApplyCommit: async () => {} }
	const face = newAgentFace({ broker, manager, operatorMsg: 'allow', recvWaitSeconds: 0 })
	return newHiveSockets({ runDir, face, clock: systemClock, log: silentLogger, maxLineBytes: 1024, wireVersion: false, ...over })
}

describe('the files of the sockets', () => {
	test('lie where clients look for them, for this user alone', async () => {
		await using world = await hiveWorld({ agents: ['alice'] })
		const { paths } = world
		const runDir = dirname(paths.hostSocket)
		expect([paths.hostSocket, paths.agentSocket('alice'), paths.managerSocket]).toEqual([
			join(runDir, 'host.sock'),
			join(runDir, 'agents/alice/mcp.sock'),
			join(runDir, 'manager/mcp.sock'),
		])
		expect([paths.hostSocket, paths.agentSocket('alice'), paths.managerSocket].map(modeOf)).toEqual(['600', '600', '600'])
		expect([runDir, paths.agents, paths.agentDir('alice'), paths.manager].map(modeOf)).toEqual(['751', '751', '700', '700'])
		expect(readdirSync(runDir).sort()).toEqual(['agents', 'host.sock', 'manager'])
	})

	test('of the operator can be shared with a group', async () => {
		const gid = process.getgid?.() ?? 0
		await using world = await hiveWorld({ adminGid: gid })
		expect([modeOf(world.paths.hostSocket), statSync(world.paths.hostSocket).gid]).toEqual(['660', gid])
		expect(modeOf(world.paths.managerSocket)).toBe('600')
	})

	test('leave the mask of the process as it was', async () => {
		const before = process.umask()
		await using _ = await hiveWorld()
		expect(process.umask()).toBe(before)
	})

	test('come with an agent and go with it, and may be asked for twice', async () => {
		await using world = await hiveWorld({ agents: ['alice'] })
		world.script.agents.add('carol')
		await Promise.all([world.sockets.open('carol'), world.sockets.open('carol')])
		const carol = await world.agent('carol')
		expect(await carol.ask({ cmd: 'status' })).toEqual({ kind: 'status', unread: 0 })
		await Promise.all([world.sockets.close('carol'), world.sockets.close('carol')])
		expect(await carol.line()).toBeNull()
		expect([existsSync(world.paths.agentSocket('carol')), existsSync(world.paths.agentSocket('alice'))]).toEqual([false, true])
		await world.sockets.open('carol')
		expect(await (await world.agent('carol')).ask({ cmd: 'status' })).toEqual({ kind: 'status', unread: 0 })
	})

	test('are gone after a stop', async () => {
		using dir = tempDir()
		const sockets = bareSockets(dir.path)
		const paths = hivePaths(dir.path)
		await sockets.openManager()
		await sockets.open('alice')
		expect([existsSync(paths.managerSocket), existsSync(paths.agentSocket('alice'))]).toEqual([true, true])
		await sockets.stop()
		await sockets.stop()
		expect([existsSync(paths.managerSocket), existsSync(paths.agentSocket('alice'))]).toEqual([false, false])
	})
})

describe('what is in the way', () => {
	test('is removed when a dead server left it', async () => {
		using dir = tempDir()
		const path = hivePaths(dir.path).managerSocket
		mkdirSync(dirname(path))
		const dead = Bun.spawnSync([process.execPath, '-e', DIES_LISTENING, path])
		expect([dead.signalCode, existsSync(path)]).toEqual(['SIGKILL', true])
		const sockets = bareSockets(dir.path)
		await sockets.openManager()
		expect(existsSync(path)).toBe(true)
		await sockets.stop()
	})

	test('is left alone when somebody answers there', async () => {
		using dir = tempDir()
		const [first, second] = [bareSockets(dir.path), bareSockets(dir.path)]
		await first.open('alice')
		const path = hivePaths(dir.path).agentSocket('alice')
		expect(second.open('alice')).rejects.toThrow(`another hive owns ${path}`)
		await second.stop()
		expect(existsSync(path)).toBe(true)
		await first.stop()
	})

	test('is left alone when it is no socket', async () => {
		using dir = tempDir()
		const path = hivePaths(dir.path).managerSocket
		mkdirSync(dirname(path))
		writeFileSync(path, 'mine')
		const sockets = bareSockets(dir.path)
		expect(sockets.openManager()).rejects.toThrow('is in the way: it is no socket')
		rmSync(path)
		symlinkSync('/etc/hostname', path)
		expect(sockets.openManager()).rejects.toThrow('is in the way: it is no socket')
	})

	test('a folder that is too open is closed', async () => {
		using dir = tempDir()
		const manager = hivePaths(dir.path).manager
		mkdirSync(manager)
		chmodSync(manager, 0o777)
		const sockets = bareSockets(dir.path)
		await sockets.openManager()
		expect(modeOf(manager)).toBe('700')
		await sockets.stop()
	})
})

test('a path that no client could connect to is refused by name', async () => {
	using dir = tempDir()
	const runDir = join(dir.path, 'x'.repeat(100))
	const sockets = bareSockets(runDir)
	const path = hivePaths(runDir).managerSocket
	expect(sockets.openManager()).rejects.toThrow(`The socket path ${path} has ${path.length} bytes; 107 is the most`)
	expect(existsSync(path)).toBe(false)
})

describe('a stop', () => {
	test('answers who waits for a message with empty, and what was sent is on disk', async () => {
		await using world = await hiveWorld()
		const [alice, bob] = [await world.agent('alice'), await world.agent('bob')]
		await bob.ask({ cmd: 'status' })
		await bob.write('{"cmd":"recv","wait_seconds":60}\n')
		await alice.ask({ cmd: 'send', to: 'manager', body: 'kept' })
		await world.sockets.stop()
		expect([await bob.line(), await bob.line(), await alice.line()]).toEqual(['{"kind":"empty"}', null, null])
		expect(await world.messages.unread(MANAGER)).toBe(1)
	})

	test('does not wait for ever', async () => {
		const clock = fakeClock()
		await using world = await hiveWorld({ clock })
		const host = await world.host()
		const asked = Promise.withResolvers<void>()
		world.script.host.list = () => {
			asked.resolve()
			return new Promise(() => {})
		}
		await host.write('{"cmd":"list"}\n')
		await asked.promise
		const stopped = world.sockets.stop()
		await clock.advance(1000)
		await stopped
		expect(await host.line()).toBeNull()
	})
})

describe('a client that goes away', () => {
	test('while it waits leaves the next message to the next one', async () => {
		await using world = await hiveWorld()
		const [alice, bob] = [await world.agent('alice'), await world.agent('bob')]
		await bob.write('{"cmd":"recv","wait_seconds":60}\n')
		bob.vanish()
		await alice.ask({ cmd: 'send', to: 'bob', body: 'hi' })
		await eventually(async () => (await world.messages.unread('bob')) === 1, { what: 'the message is unread' })
		expect(await (await world.agent('bob')).ask({ cmd: 'recv' })).toEqual({ kind: 'message', from: 'alice', body: 'hi' })
	})

	test('with many requests still to be read loses no message either', async () => {
		await using world = await hiveWorld()
		const [alice, bob] = [await world.agent('alice'), await world.agent('bob')]
		await bob.write(`{"cmd":"recv","wait_seconds":60}\n${'{"cmd":"status"}\n'.repeat(5000)}`)
		bob.vanish()
		await alice.ask({ cmd: 'send', to: 'bob', body: 'hi' })
		const next = await world.agent('bob')
		await eventually(async () => (await next.ask({ cmd: 'recv' })).kind === 'message', { what: 'the message is there' })
	})

	test('before it read a long message leaves it to the next one', async () => {
		await using world = await hiveWorld()
		const [alice, bob] = [await world.agent('alice'), await world.agent('bob')]
		const body = '"'.repeat(262_144)
		for (let n = 0; n < 4; n++) await alice.ask({ cmd: 'send', to: 'bob', body })
		bob.pause()
		await bob.write('{"cmd":"recv"}\n{"cmd":"recv"}\n')
		await eventually(() => world.returned() === 1, { what: 'a message is on its way to a slow reader' })
		expect(await world.messages.unread('bob')).toBe(4)
		bob.vanish()
		const next = await world.agent('bob')
		for (let n = 0; n < 4; n++)
			await eventually(async () => (await next.ask({ cmd: 'recv' })).kind === 'message', { what: 'every message is there' })
		expect(await next.ask({ cmd: 'recv' })).toEqual({ kind: 'empty' })
	})
})

const DIES_LISTENING = `Bun.listen({ unix: process.argv[1], socket: { data() {} } }); process.kill(process.pid, 'SIGKILL')`
