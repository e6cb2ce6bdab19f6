import { Database } from 'bun:sqlite'
import { describe, expect, test } from 'bun:test'
import { chmodSync, cpSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Event } from '../../src/protocol/event.ts'
import type { RunRecord } from '../../src/protocol/run.ts'
import type { LaunchReply } from '../../src/protocol/task.ts'
import { eventually } from '../support/eventually.ts'
import { tempDir } from '../support/temp-dir.ts'
import { call, untilEnded } from './support/api.ts'
import { readLog } from './support/event-reader.ts'
import { faultsOfRuns } from './support/history.ts'
import { joinHeldOperator } from './support/operator.ts'
import { seededRandom } from './support/random.ts'
import { startTestServer, type TestServer } from './support/server.ts'
import { canMount, smallDisk } from './support/small-disk.ts'

const path = (at: string) => ({ op: 'path', at })
const step = (ref: string, input: object, out: string) => ({ kind: 'step', ref, in: input, out: path(out) })
const lit = (value: unknown) => ({ op: 'lit', value })
const echo = { name: 'echo', kind: 'rust_fn', spec: { fn_id: 'echo' } }
const nap = { name: 'nap', kind: 'rust_fn', spec: { fn_id: 'sleep' } }

const echoes = { id: 'echoes', flow: step('echo', path('$.text'), '$.said'), agents: [echo] }
/** In the middle of something for as long as `ms`. */
const naps = (ms: number) => ({
	id: 'naps',
	flow: { kind: 'seq', children: [step('nap', lit(ms), '$.slept'), step('echo', lit('awake'), '$.said')] },
	agents: [echo, nap],
})
const asks = {
	id: 'asks',
	flow: step('scout', lit('look around'), '$.found'),
	agents: [{ name: 'scout', kind: 'operator', spec: { operator_ref: 'main-ai' } }],
	operators: [{ name: 'main-ai' }],
}
/** Waits, then asks the operator. */
const asksLater = {
	...asks,
	id: 'asks-later',
	flow: { kind: 'seq', children: [step('nap', lit(300), '$.slept'), asks.flow] },
	agents: [...asks.agents, nap],
}

const launch = ({ url }: TestServer, value: object, initCtx: object = {}) =>
	call<LaunchReply & { code?: string }>('POST', `${url}/v1/tasks`, {
		json: { blueprint: { kind: 'inline', value }, init_ctx: initCtx, detach: true },
	})
const ready = async ({ url }: TestServer): Promise<number> => (await call('GET', `${url}/v1/readyz`)).status
const storedRuns = async ({ url }: TestServer): Promise<number> =>
	(await call<{ runs: [] }>('GET', `${url}/v1/runs?limit=1000`)).body.runs.length

/** Launches until one is refused: the ids of those that were not, and the refusal. */
async function launchUntilRefused(server: TestServer) {
	const accepted: string[] = []
	for (;;) {
		const { status, body } = await launch(server, echoes, { text: 'x'.repeat(20_000) })
		if (status !== 202) return { accepted, status, body }
		accepted.push(body.run_id)
	}
}

describe.skipIf(!canMount())('a full disk', () => {
	test('refuses with 503 what it cannot keep, keeps the rest, and everything goes on once there is room', async () => {
		using disk = smallDisk(16)
		await using server = await startTestServer({ dataDir: join(disk.path, 'data') })
		await using operator = await joinHeldOperator(server.url)
		const standing = await launch(server, asks)
		const frame = await operator.frameFor('scout')
		const napping = await launch(server, naps(400))
		const asking = await launch(server, asksLater)
		disk.fill()
		const { accepted, status, body } = await launchUntilRefused(server)
		expect([status, body]).toEqual([503, expect.objectContaining({ code: 'storage_unavailable', hint: expect.stringContaining('disk') })])
		expect(await ready(server)).toBe(503)
		expect((await call('GET', `${server.url}/v1/healthz`)).status).toBe(200)
		const large = await launch(server, echoes, { text: 'y'.repeat(400_000) })
		expect([large.status, large.body.code]).toEqual([503, 'storage_unavailable'])
		const bearer = frame.worker_handle ?? ''
		expect((await call('POST', `${server.url}/v1/worker/submit`, { bearer, text: 'never kept' })).status).toBe(503)
		operator.reply('scout', { type: 'spawn_ack', value: 'two doors', ok: true })
		await eventually(() => operator.frames.includes('error'), { what: 'the operator is told that its reply was not kept' })
		expect(operator.frames).not.toContain('received')
		await Bun.sleep(600)
		for (const { body } of [standing, napping, asking])
			expect((await call<RunRecord>('GET', `${server.url}/v1/runs/${body.run_id}`)).body.status).toBe('running')

		disk.free()
		await eventually(async () => (await ready(server)) === 200, { what: 'it is ready again' })
		operator.drop()
		expect((await untilEnded(server.url, standing.body.run_id)).result_ref).toEqual({ found: 'two doors' })
		expect((await untilEnded(server.url, napping.body.run_id)).result_ref).toEqual({ slept: { slept_ms: 400 }, said: 'awake' })
		expect(await untilEnded(server.url, asking.body.run_id)).toMatchObject({ status: 'done', result_ref: { found: 'two doors' } })
		for (const id of accepted) expect((await untilEnded(server.url, id)).status).toBe('done')
		expect(await storedRuns(server)).toBe(accepted.length + 3)
		expect(faultsOfRuns(await readLog(server.url))).toEqual([])
		expect(await server.kill('SIGTERM')).toBe(0)
	}, 30_000)

	test('keeps a server from starting, in one sentence, and leaves its runs to the next start', async () => {
		using disk = smallDisk(16)
		await using server = await startTestServer({ dataDir: join(disk.path, 'data') })
		const { body } = await launch(server, naps(300))
		await server.kill('SIGKILL')
		disk.fill()
		await expect(server.restart()).rejects.toThrow(/could not be written|cannot be written/)
		disk.free()
		await server.restart()
		expect(await untilEnded(server.url, body.run_id)).toMatchObject({ status: 'done', result_ref: { said: 'awake' } })
	}, 30_000)
})

describe('a data directory that may only be read', () => {
	test.skipIf(!canMount())('is refused as what it is, and not as one in use', async () => {
		using disk = smallDisk(16)
		await using server = await startTestServer({ dataDir: join(disk.path, 'data') })
		await server.kill('SIGTERM')
		disk.mountReadOnly()
		await expect(server.restart()).rejects.toThrow(/data directory \S+ cannot be written/)
	})

	test.skipIf(process.getuid?.() === 0)('by its rights is refused too', async () => {
		await using server = await startTestServer()
		await server.kill('SIGTERM')
		for (const name of readdirSync(server.dataDir)) chmodSync(join(server.dataDir, name), 0o400)
		chmodSync(server.dataDir, 0o500)
		await expect(server.restart()).rejects.toThrow(/data directory \S+ cannot be written/)
		chmodSync(server.dataDir, 0o700)
	})
})

describe('a database that another program has locked', () => {
	test('is 503 until it is let go, and runs that were under way go on', async () => {
		await using server = await startTestServer()
		const { body } = await launch(server, naps(200))
		using other = new Database(join(server.dataDir, 'mse.db'))
		other.run('BEGIN IMMEDIATE')
		const refused = await launch(server, echoes, { text: 'no' })
		expect([refused.status, refused.body.code]).toEqual([503, 'storage_unavailable'])
		expect(await ready(server)).toBe(503)
		other.run('ROLLBACK')
		expect(await untilEnded(server.url, body.run_id)).toMatchObject({ status: 'done', result_ref: { said: 'awake' } })
		expect(await ready(server)).toBe(200)
		expect(await storedRuns(server)).toBe(1)
	}, 30_000)
})

describe('a copy of the data directory with a torn write-ahead log', () => {
	test('holds a beginning of what happened, wherever it was torn, and its runs go on from there', async () => {
		using folder = tempDir()
		await using server = await startTestServer()
		for (let n = 0; n < 12; n++) await launch(server, n % 3 === 0 ? naps(50) : echoes, { text: `${n}` })
		const full = await readLog(server.url)
		await server.kill('SIGKILL')
		const random = seededRandom(7)
		for (let copy = 0; copy < 6; copy++) {
			const dataDir = join(folder.path, String(copy))
			cpSync(server.dataDir, dataDir, { recursive: true })
			rmSync(join(dataDir, 'mse.db-shm'), { force: true })
			const wal = join(dataDir, 'mse.db-wal')
			truncateSync(wal, Math.floor(random() * statSync(wal).size))
			expectPrefix(storedLog(dataDir), full)
			await using torn = await startTestServer({ dataDir })
			const isIdle = async () => (await call<{ running_runs: number }>('GET', `${torn.url}/v1/status`)).body.running_runs === 0
			await eventually(isIdle, { what: 'its runs end' })
			const log = await readLog(torn.url)
			expect(faultsOfRuns(log)).toEqual([])
			expect(log.filter(({ kind }) => /^run\.(interrupted|failed)$/.test(kind))).toEqual([])
			await torn.kill('SIGTERM')
		}
	}, 30_000)
})

/** The log as it lies there, without any server. */
function storedLog(dataDir: string): { seq: number; kind: string }[] {
	using db = new Database(join(dataDir, 'mse.db'))
	const hasLog = db.query("SELECT 1 FROM sqlite_schema WHERE name = 'event'").get() !== null
	return hasLog ? db.query<{ seq: number; kind: string }, []>('SELECT seq, kind FROM event ORDER BY seq').all() : []
}

function expectPrefix(part: readonly { seq: number; kind: string }[], full: readonly Event[]): void {
	const known = full.slice(0, part.length).map(({ seq, kind }) => ({ seq, kind }))
	expect(part.slice(0, known.length).map(({ seq, kind }) => ({ seq, kind }))).toEqual(known)
}

test('a database of a newer release is refused, and left as it is', async () => {
	await using server = await startTestServer()
	await server.kill('SIGTERM')
	const file = join(server.dataDir, 'mse.db')
	{
		using db = new Database(file)
		db.run('PRAGMA user_version = 999')
	}
	const before = readFileSync(file)
	await expect(server.restart()).rejects.toThrow('newer than the')
	expect(readFileSync(file)).toEqual(before)
})

describe('a large value whose file', () => {
	const damages = {
		'is gone': (file: string) => rmSync(file),
		'holds something else': (file: string) => writeFileSync(file, JSON.stringify('something else')),
	}
	for (const [how, damage] of Object.entries(damages))
		test(`${how} is told as damage; its run is left interrupted, and all others go on`, async () => {
			await using server = await startTestServer()
			await using operator = await joinHeldOperator(server.url)
			const ended = await launch(server, echoes, { text: 'z'.repeat(300_000) })
			await untilEnded(server.url, ended.body.run_id)
			const damaged = await launch(server, asks, { text: 'q'.repeat(300_000) })
			const healthy = await launch(server, asks, { text: 'small' })
			await eventually(() => operator.asked.size === 2, { what: 'both runs wait' })
			await server.kill('SIGKILL')
			for (const file of valueFiles(server.dataDir)) damage(file)
			await server.restart()
			operator.reply('scout', { type: 'spawn_ack', value: 'a door', ok: true })
			expect((await untilEnded(server.url, healthy.body.run_id)).result_ref).toEqual({ text: 'small', found: 'a door' })
			for (const { body } of [ended, damaged]) {
				const { status, body: answer } = await call<{ error: { code: string } }>('GET', `${server.url}/v1/runs/${body.run_id}`)
				expect([status, answer.error.code]).toEqual([200, 'storage_damaged'])
			}
			const interrupted = (await readLog(server.url, `run=${damaged.body.run_id}`)).filter(({ kind }) => kind === 'run.interrupted')
			expect(interrupted.map(({ data }) => data.code)).toEqual(['storage_damaged'])
			expect(server.stderr).toContain('a run was left interrupted')
		})
})

function valueFiles(dataDir: string): string[] {
	const root = join(dataDir, 'blob')
	const names = readdirSync(root, { recursive: true, encoding: 'utf8' })
	return names.map((name) => join(root, name)).filter((file) => statSync(file).isFile())
}
