import { describe, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readProcesses } from '../../../src/backend/process/process-table.ts'
import { cageContract } from '../../contract/cage.ts'
import { eventually } from '../../support/eventually.ts'
import { verifies } from '../../support/verifies.ts'
import { PATH, processWorld, tools } from './cage-world.ts'

cageContract('process', () => processWorld())
cageContract('process in bwrap', () => processWorld({ sandbox: 'bwrap' }), tools.find('bwrap') === null ? 'there is no bwrap' : undefined)

/** Null while nothing is in it. */
const read = (path: string): string | null => (existsSync(path) && readFileSync(path, 'utf8')) || null
const isRoot = process.getuid?.() === 0

describe('the process cage', () => {
	test('ends a whole tree that ignores TERM within a second after the grace', async () => {
		verifies('08.48')
		const took: number[] = []
		// A machine that is busy may take longer once.
		while (took.length < 3 && !took.some((ms) => ms < 1300)) took.push(await endOfStubbornTree(300))
		expect(Math.min(...took)).toBeLessThan(1300)
	})

	test('starts a program as the leader of a session of its own, without stdin', async () => {
		await using world = await processWorld()
		const agent = await world.agent('alice', 'cat; echo $$ > "$HIVE_STATE_DIR/pid"; sleep 60')
		const handle = await world.cage.start(agent)
		const pid = Number(await eventually(() => read(join(agent.home.state, 'pid')), { what: 'its pid' }))
		expect(readProcesses().find((row) => row.pid === pid)).toMatchObject({ pid: Number(handle.pid), group: pid, session: pid })
		expect(readProcesses().find((row) => row.pid === process.pid)?.session).not.toBe(pid)
	})

	test('hands over little of the environment of the server, and no mark of an attempt', async () => {
		await using world = await processWorld()
		const agent = await world.agent(
			'alice',
			'env > "$HIVE_STATE_DIR/env.new"; mv "$HIVE_STATE_DIR/env.new" "$HIVE_STATE_DIR/env"; sleep 60',
		)
		await world.cage.start(agent)
		const env = await eventually(() => read(join(agent.home.state, 'env')), { what: 'its environment' })
		const names = env.split('\n').map((line) => line.split('=')[0])
		expect(env).toContain(`PATH=${PATH}\n`)
		expect(names).toContain('HIVE_SOCKET')
		expect(names.filter((name) => /^MSE_|SECRET/.test(name ?? ''))).toEqual([])
	})

	test('does not take a process of another start time, or of another start of the machine, for its own', async () => {
		verifies('08.55')
		await using world = await processWorld()
		const handle = await world.cage.start(await world.agent('alice', 'sleep 60'))
		for (const other of [{ startedAt: '1' }, { boot: 'another' }]) {
			const later = world.again()
			expect(await later.adopt('alice', { ...handle, ...other })).toMatchObject({ running: false })
		}
		expect(await world.cage.inspect('alice')).toMatchObject({ running: true })
		const stranger = Bun.spawn(['sleep', '60'], { detached: true })
		const later = world.again()
		await later.adopt('bob', { ...handle, pid: stranger.pid, startedAt: '1' })
		await later.stop('bob', 0)
		expect(readProcesses().some(({ pid }) => pid === stranger.pid)).toBe(true)
		stranger.kill('SIGKILL')
		await stranger.exited
	})

	test('says why a program does not start', async () => {
		await using world = await processWorld()
		const agent = await world.agent('alice', '')
		const start = (argv: readonly string[]) => world.cage.start({ ...agent, argv })
		await expect(start(['no-such-program'])).rejects.toMatchObject({ message: "program 'no-such-program' not found", code: 'spawn_failed' })
		await expect(world.cage.start({ ...agent, cwd: '/nowhere' })).rejects.toThrow(
			"the folder '/nowhere' in which 'sh' is to run does not exist",
		)
	})

	test('refuses what it cannot keep', async () => {
		await using world = await processWorld()
		const agent = await world.agent('alice', 'true')
		const why = (over: object): Promise<string> =>
			world.cage.check({ ...agent, ...over }).then(
				() => 'fine',
				(error: Error) => error.message,
			)
		expect(await why({})).toBe('fine')
		expect(await why({ argv: [] })).toStartWith('argv is empty')
		expect(await why({ image: 'debian' })).toStartWith('image means nothing to the process backend')
		expect(await why({ mounts: [{ host: '/a', guest: '/b' }] })).toStartWith('mounts need sandbox = "bwrap"')
		expect(await why({ limits: { cpu: 1 } })).toStartWith('limits.cpu needs a container backend')
		expect(await why({ limits: { pids: 5 } })).toStartWith('limits.pids needs hive.agent_uid_base')
		await using boxed = await processWorld({ sandbox: 'bwrap', tools: { find: () => null } })
		await expect(boxed.cage.check(agent)).rejects.toMatchObject({ code: 'no_sandbox' })
		expect(await boxed.cage.probe()).toMatchObject({ available: false })
	})

	test.skipIf(tools.find('prlimit') === null)('keeps a program within its memory', async () => {
		await using world = await processWorld()
		const hungry = `head -c 100000000 /dev/zero | tail | wc -c > "$HIVE_STATE_DIR/ate" || echo killed`
		const agent = await world.agent('alice', `${hungry}; echo over; sleep 60`, { limits: { memory: 20_000_000 } })
		await world.cage.start(agent)
		await eventually(async () => (await world.cage.logs(agent, 9)).includes('over'), { what: 'it tried' })
		expect(read(join(agent.home.state, 'ate'))?.trim()).not.toBe('100000000')
	})

	test.skipIf(!isRoot)('runs an agent as a user of its own, who cannot open the socket of another', async () => {
		verifies('08.32')
		await using world = await processWorld()
		Bun.spawnSync(['chmod', '-R', 'o+x', join((await world.agent('carol', '')).home.state, '../../../..')])
		const bob = await world.agent('bob', 'sleep 60', { uid: 60_002 })
		const listener = Bun.listen({ unix: join(bob.home.socket, 'mcp.sock'), socket: { data() {} } })
		const script = `id -u > "$HIVE_STATE_DIR/who"; ls ${bob.home.socket} ${bob.home.state} 2>&1; echo looked; sleep 60`
		const alice = await world.agent('alice', script, { uid: 60_001 })
		await world.cage.start(alice)
		await eventually(async () => (await world.cage.logs(alice, 9)).includes('looked'), { what: 'it looked' })
		expect(read(join(alice.home.state, 'who'))?.trim()).toBe('60001')
		expect((await world.cage.logs(alice, 9)).match(/Permission denied/g)).toHaveLength(2)
		listener.stop(true)
	})
})

/** How long it takes to end an agent whose processes, some in sessions of their own, ignore TERM. */
async function endOfStubbornTree(graceMs: number): Promise<number> {
	await using world = await processWorld()
	const loop = `trap '' TERM; while :; do sleep 0.05; done`
	const agent = await world.agent('alice', `(${loop}) & (setsid sh -c "${loop}" &) ; (env -i sh -c "${loop}" &) ; ${loop}`)
	await world.cage.start(agent)
	await eventually(() => world.marked('alice').length >= 3, { what: 'the tree stands' })
	const began = performance.now()
	await world.cage.stop('alice', graceMs)
	const took = performance.now() - began
	expect(world.marked()).toEqual([])
	return took
}
