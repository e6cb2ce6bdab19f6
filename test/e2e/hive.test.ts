import { expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { hiveReportText, runHiveChaos } from '../../scripts/chaos-part/hive.ts'
import { readProcesses, readVariable } from '../../src/backend/process/process-table.ts'
import { connectTo, type LineClient } from '../edge/socket/line-client.ts'
import { tempDir } from '../support/temp-dir.ts'
import { verifies } from '../support/verifies.ts'
import { runBinary } from './support/binary.ts'
import { seededRandom } from './support/random.ts'
import { startTestServer } from './support/server.ts'

const DEATHS = 6
const MESSAGES_A_LIFE = 60

/** Everything in the manager's inbox, oldest first. */
async function receiveAll(client: LineClient): Promise<string[]> {
	const bodies: string[] = []
	for (;;) {
		const { kind, body } = await client.ask({ cmd: 'recv' })
		if (kind === 'empty') return bodies
		bodies.push(String(body))
	}
}

test('what was acknowledged on a socket outlives a killed server, in order, and what was received does not come again', async () => {
	verifies('08.37', '08.38')
	using folder = tempDir()
	const seed = Number(process.env.MSE_SEED ?? Math.floor(Math.random() * 1e9))
	const random = seededRandom(seed)
	await using server = await startTestServer({ args: ['--hive-run-dir', folder.path] })
	const path = join(folder.path, 'manager/mcp.sock')
	const acknowledged: string[] = []
	const received: string[] = []
	for (let life = 0; life < DEATHS; life++) {
		const client = await connectTo(path, 'agent')
		const dieAfter = Math.floor(random() * MESSAGES_A_LIFE)
		const sends = Array.from({ length: MESSAGES_A_LIFE }, (_, n) => `${life}.${n}`)
		await client.write(sends.map((body) => `${JSON.stringify({ cmd: 'send', to: 'manager', body })}\n`).join(''))
		for (const body of sends.slice(0, dieAfter)) {
			expect(await client.line()).toBe('{"kind":"ok"}')
			acknowledged.push(body)
		}
		await server.restart()
		const again = await connectTo(path, 'agent')
		const { body } = await again.ask({ cmd: 'recv' })
		if (body !== undefined) received.push(String(body))
		await server.restart()
	}
	const last = await connectTo(path, 'agent')
	received.push(...(await receiveAll(last)))
	const isAcknowledged = new Set(acknowledged)
	expect({ seed, received: received.filter((body) => isAcknowledged.has(body)) }).toEqual({ seed, received: acknowledged })
	expect({ seed, unique: new Set(received).size }).toEqual({ seed, unique: received.length })
}, 60_000)

test('a second server leaves the hive of the first alone: by itself it goes without one, and when it must have it, it refuses', async () => {
	verifies('08.56')
	using folder = tempDir()
	const env = { HIVE_RUN_DIR: folder.path }
	await using first = await startTestServer({ env })
	await using second = await startTestServer({ env })
	const hiveOf = async (url: string) => {
		const { stdout } = await runBinary(['doctor', '--json', '--url', url])
		return (JSON.parse(stdout) as { checks: { name: string }[] }).checks.find(({ name }) => name === 'hive')
	}
	const detail = `${join(folder.path, 'host.sock')} answers; agents: 0`
	expect(await hiveOf(first.url)).toMatchObject({ status: 'ok', detail })
	expect(await hiveOf(second.url)).toMatchObject({
		status: 'missing',
		detail: `another hive owns ${folder.path}: pid ${first.pid}, ${first.dataDir}`,
		hint: expect.stringContaining('hive.run_dir'),
	})
	const third = await runBinary(['serve', '--bind', '127.0.0.1:0', '--data-dir', 'data', '--hive-enabled', 'true'], { env })
	expect([third.code === 0, third.stderr]).toEqual([false, expect.stringContaining(`another hive owns ${folder.path}`)])
	await first.kill('SIGKILL')
	await second.restart()
	expect(await hiveOf(second.url)).toMatchObject({ status: 'ok', detail })
})

test('sockets of another daemon, which has no lock, are left alone', async () => {
	using folder = tempDir()
	const path = join(folder.path, 'host.sock')
	using _ = Bun.listen({ unix: path, socket: { data() {} } })
	await using server = await startTestServer({ env: { HIVE_RUN_DIR: folder.path } })
	expect(server.stderr).toContain(`another hive owns ${path}`)
	expect(existsSync(path)).toBe(true)
})

test('a server that keeps nothing has a hive only when it is told to, and a clean stop leaves neither socket nor agent', async () => {
	using folder = tempDir()
	await using without = await startTestServer({ args: ['--ephemeral'], env: { HIVE_RUN_DIR: '' } })
	const { stdout } = await runBinary(['doctor', '--json', '--url', without.url])
	expect(stdout).toContain('A server that keeps nothing has no hive unless it is told to.')
	await using server = await startTestServer({ args: ['--ephemeral'], env: { HIVE_RUN_DIR: folder.path } })
	const host = await connectTo(join(folder.path, 'host.sock'), 'host')
	expect(await host.ask({ cmd: 'list' })).toEqual({ ok: true, agents: [] })
	expect(await host.ask({ cmd: 'spawn', name: 'a' })).toEqual({ ok: true })
	const agents = () => readProcesses().filter(({ pid }) => readVariable(pid, 'HIVE_SOCKET')?.startsWith(folder.path))
	expect(agents().length).toBeGreaterThan(0)
	expect(await server.kill('SIGTERM')).toBe(0)
	expect([existsSync(join(folder.path, 'host.sock')), existsSync(join(folder.path, 'manager/mcp.sock'))]).toEqual([false, false])
	expect(agents()).toEqual([])
})

test('agents outlive a clean stop, and the next life takes them back', async () => {
	await using server = await startTestServer({ config: '[hive.defaults]\nargv = ["sleep", "60"]\n' })
	const home = join(server.dataDir, '..')
	const ask = async (request: object): Promise<Record<string, unknown>> => {
		using client = await connectTo(join(home, 'hive/host.sock'), 'host')
		return await client.ask(request)
	}
	const agents = () =>
		readProcesses()
			.map(({ pid }) => pid)
			.filter((pid) => readVariable(pid, 'HIVE_SOCKET')?.startsWith(home))
	expect(await ask({ cmd: 'spawn', name: 'alice' })).toEqual({ ok: true })
	const alice = agents()
	expect(alice).toHaveLength(1)
	expect(await server.kill('SIGTERM')).toBe(0)
	expect(agents()).toEqual(alice)
	await server.restart()
	expect(await ask({ cmd: 'list' })).toEqual({ ok: true, agents: ['alice'] })
	expect(agents()).toEqual(alice)
	expect(existsSync(join(home, 'hive/agents/alice/mcp.sock'))).toBe(true)
	expect(await ask({ cmd: 'kill', name: 'alice' })).toEqual({ ok: true })
	expect(agents()).toEqual([])
})

test('25 kills lose no acknowledged message, deliver none twice and leave agents and approvals as they were said to be', async () => {
	verifies('08.37', '08.38', '08.63')
	const seed = Number(process.env.MSE_SEED ?? Math.floor(Math.random() * 2 ** 32))
	const report = await runHiveChaos({ kills: 25, seed })
	expect(report.faults.flatMap(({ found }) => found).length === 0 ? '' : hiveReportText(report)).toBe('')
	expect(report.acknowledged).toBeGreaterThan(100)
	expect(hiveReportText(report)).toStartWith(`seed ${seed}\n25 kills in `)
}, 180_000)

test('two servers do not keep their agents in one folder', async () => {
	using folder = tempDir()
	const env = { HIVE_STATE_DIR: folder.path }
	await using first = await startTestServer({ env })
	await using second = await startTestServer({ env })
	const { stdout } = await runBinary(['doctor', '--json', '--url', second.url])
	const { checks } = JSON.parse(stdout) as { checks: { name: string }[] }
	expect(checks.find(({ name }) => name === 'hive')).toMatchObject({
		status: 'missing',
		detail: `another hive owns ${folder.path}: pid ${first.pid}, ${first.dataDir}`,
		hint: expect.stringContaining('another hive.state_dir'),
	})
})
