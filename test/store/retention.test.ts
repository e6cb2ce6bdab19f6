import { describe, expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseBlueprint } from '../../src/core/blueprint/parse.ts'
import { openCursor } from '../../src/core/event/follow.ts'
import { prune } from '../../src/core/retention/retention.ts'
import type { MseError } from '../../src/kernel/error.ts'
import type { Json } from '../../src/kernel/json.ts'
import { silentLogger } from '../../src/kernel/log.ts'
import { openBlobs } from '../../src/store/sqlite/blob.ts'
import { SqliteBlueprintStore } from '../../src/store/sqlite/blueprint-store.ts'
import { SqliteIdempotencyStore } from '../../src/store/sqlite/idempotency-store.ts'
import { SqliteRetentionStore } from '../../src/store/sqlite/retention-store.ts'
import { blueprintOf, lit, step } from '../support/blueprints.ts'
import { eventually } from '../support/eventually.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { runWorld } from '../support/run-world.ts'
import { tempDir } from '../support/temp-dir.ts'
import { gated, hang, pure } from '../support/workers.ts'

const DAY = 24 * 3600 * 1000
const oneStep = (ref: string, input: Json = 1) => blueprintOf(step(ref, lit(input), '$.out'), [ref])

function retentionWorld(dir?: string) {
	const clock = fakeClock()
	const echo = pure((prompt) => prompt)
	const slow = gated()
	const world = runWorld({ workers: { echo, hang, slow }, clock, ...(dir !== undefined && { dir }) })
	const store = new SqliteRetentionStore(world.db, openBlobs(dir && join(dir, 'blob')))
	const limits = (over: object = {}) => ({ retainDays: 30, retainRows: 10_000_000, ...over })
	const rows = (table: string) => world.db.query<{ n: number }>(`SELECT count(*) AS n FROM ${table}`).get()?.n
	return {
		...{ world, clock, store, slow, rows },
		prune: (over: object = {}) => prune({ store, clock, log: silentLogger, limits: limits(over) }),
	}
}

describe('history', () => {
	test('of runs that ended long ago goes with all that belongs to them, and their task with its last run', async () => {
		const { world, clock, prune, rows } = retentionWorld()
		await using _ = world
		const old = await (await world.launch(oneStep('echo'))).ended
		await world.outputs.append({
			...{ plane: 'data', runId: old.id, stepId: (await world.runs.steps(old.id))[0]?.stepId as never, attempt: 1 },
			...{ producer: 'notes', event: { type: 'artifact', name: 'notes', content: { kind: 'inline', value: 1 } }, parentRefs: [] },
		})
		await clock.advance(31 * DAY)
		const young = await (await world.launch(oneStep('echo'))).ended
		expect(await prune()).toBeGreaterThan(4)
		expect([await world.runs.run(old.id), await world.runs.task(old.taskId)]).toEqual([null, null])
		expect((await world.runs.run(young.id))?.status).toBe('done')
		expect(['run', 'task', 'step', 'output'].map(rows)).toEqual([1, 1, 1, 0])
		expect((await world.events.read(0, {}, 100)).every(({ run_id }) => run_id === young.id)).toBe(true)
		expect(await prune()).toBe(0)
	})

	test('of runs that have not ended stays, however old, and so does an interrupted one', async () => {
		const { world, clock, prune } = retentionWorld()
		await using _ = world
		const { run } = await world.launch(oneStep('hang'), { detach: true })
		await eventually(async () => (await world.runs.steps(run.id)).length > 0, { what: 'the step' })
		const other = await world.launch(oneStep('hang'), { detach: true })
		await world.runs.changeStatus(other.run.id, { from: ['running'], to: 'interrupted', events: [] })
		const before = await world.events.read(0, { run: run.id }, 100)
		await clock.advance(400 * DAY)
		expect(await prune({ retainRows: 1 })).toBe(0)
		expect((await world.runs.run(run.id))?.status).toBe('running')
		expect((await world.runs.run(other.run.id))?.status).toBe('interrupted')
		expect(await world.events.read(0, { run: run.id }, 100)).toEqual([...before])
	})

	test('is kept to so many rows, the oldest ended runs go first', async () => {
		const { world, prune } = retentionWorld()
		await using _ = world
		const runs = []
		for (let n = 0; n < 6; n++) runs.push(await (await world.launch(oneStep('echo', n))).ended)
		await prune({ retainRows: 4 })
		const kept = await Promise.all(runs.map(async ({ id }) => (await world.runs.run(id)) !== null))
		expect(kept).toEqual([false, false, true, true, true, true])
	})

	test('goes in steps of so many rows, and a run half deleted is finished', async () => {
		const { world, clock, store } = retentionWorld()
		await using _ = world
		await (await world.launch(oneStep('echo'))).ended
		await clock.advance(31 * DAY)
		const bounds = { before: clock.now() - 30 * DAY, rows: 10_000 }
		const taken: number[] = []
		for (let n = await store.pruneRuns(bounds, 2); n > 0; n = await store.pruneRuns(bounds, 2)) taken.push(n)
		expect(taken.length).toBeGreaterThan(2)
		expect(Math.max(...taken)).toBeLessThanOrEqual(4)
		expect((await world.runs.runs({ limit: 10, offset: 0 })).length).toBe(0)
	})
})

test('documents of inline Blueprints go with their last run, and those of commits and of waiting runs stay', async () => {
	const { world, clock, prune, rows } = retentionWorld()
	await using _ = world
	const stored = new SqliteBlueprintStore(world.db, openBlobs(undefined))
	const kept = oneStep('echo', 'kept')
	const { blueprint } = parseBlueprint(kept)
	if (!blueprint) throw new Error('the Blueprint is wrong')
	await stored.commit({ id: 'kept', document: kept, blueprint, author: 'a', message: 'm' })
	await (await world.launch(oneStep('echo', 'old'))).ended
	await world.launch(oneStep('hang', 'open'), { detach: true })
	expect(rows('blueprint_document')).toBe(3)
	await clock.advance(31 * DAY)
	const young = await (await world.launch(oneStep('echo', 'young'))).ended
	await prune()
	expect(rows('blueprint_document')).toBe(3)
	const again = await world.launch({}, { reference: { kind: 'hash', hash: young.blueprintHash } })
	expect((await again.ended).status).toBe('done')
})

test('a launch by the hash of a document that was dropped is refused, though its plan is still known', async () => {
	const { world, clock, prune } = retentionWorld()
	await using _ = world
	const old = await (await world.launch(oneStep('echo', 'old'))).ended
	await clock.advance(31 * DAY)
	await prune()
	const refused = await world.launch({}, { reference: { kind: 'hash', hash: old.blueprintHash } }).catch((error: MseError) => error.code)
	expect(refused).toBe('version_not_found')
})

test('decided issues go with their log, and keys after their day; a pending issue stays', async () => {
	const { world, clock, prune, rows } = retentionWorld()
	await using _ = world
	const add = (id: string, status: string): void =>
		void world.db.sqlite.run(
			`INSERT INTO issue (id, blueprint_id, intent, status, created_at, updated_at) VALUES ('${id}', 'b', 'i', '${status}', 1, ${clock.now()})`,
		)
	for (const status of ['pending', 'applied', 'rejected']) add(status, status)
	world.db.sqlite.run("INSERT INTO enhance_log (issue_id, blueprint_id, entry) VALUES ('applied', 'b', '{}')")
	const keys = new SqliteIdempotencyStore(world.db)
	await keys.keeping({ scope: 's', key: 'k', bodyHash: 'h' }, async () => (await world.launch(oneStep('echo'))).ended)
	expect([rows('issue'), rows('enhance_log'), rows('idempotency_key')]).toEqual([3, 1, 1])
	await clock.advance(31 * DAY)
	await prune()
	expect([rows('issue'), rows('enhance_log'), rows('idempotency_key')]).toEqual([1, 0, 0])
})

describe('cursors', () => {
	test('before what was dropped are expired and say so; a start from the beginning gets what is kept', async () => {
		const { world, prune, slow, clock } = retentionWorld()
		await using _ = world
		const running = await world.launch(oneStep('slow'), { detach: true })
		await eventually(() => slow.prompts.length > 0, { what: 'the step' })
		for (let n = 0; n < 5; n++) await (await world.launch(oneStep('echo', n))).ended
		const all = await world.events.read(0, {}, 1000)
		const middle = all[Math.floor(all.length / 2)]?.seq ?? 0
		await prune({ retainRows: 3 })
		const { droppedTo, newest } = await world.events.bounds()
		expect(droppedTo).toBe(newest - 3)
		const expired = await openCursor(world.events, String(middle)).then(String, (error: MseError) => [error.kind, error.code])
		expect(expired).toEqual(['gone', 'cursor_expired'])
		expect(await openCursor(world.events, String(droppedTo))).toBe(droppedTo)
		const left = await world.events.read(await openCursor(world.events, '0'), {}, 1000)
		expect(left.filter(({ run_id }) => run_id === running.run.id).length).toBeGreaterThan(1)
		slow.release()
		await clock.advance(0)
	})

	test('numbers of dropped events are never given out again', async () => {
		using dir = tempDir()
		const first = retentionWorld(dir.path)
		await (await first.world.launch(oneStep('echo'))).ended
		const { newest } = await first.world.events.bounds()
		await first.clock.advance(31 * DAY)
		await first.prune()
		await first.world[Symbol.asyncDispose]()
		const second = retentionWorld(dir.path)
		await using _ = second.world
		expect((await second.world.events.bounds()).newest).toBe(newest)
	})
})

describe('files of large values', () => {
	const large = (letter: string) => letter.repeat(300 * 1024)
	const files = (dir: string) => readdirSync(join(dir, 'blob'), { recursive: true }).filter((name) => String(name).length > 60)

	test('go when no row names them any more, and only then', async () => {
		using dir = tempDir()
		const { world, clock, prune } = retentionWorld(dir.path)
		await using _ = world
		await (await world.launch(oneStep('echo'), { initCtx: { old: large('a') } })).ended
		await (await world.launch(oneStep('echo'), { initCtx: { both: large('b') } })).ended
		await clock.advance(31 * DAY)
		const young = await (await world.launch(oneStep('echo'), { initCtx: { both: large('b') } })).ended
		const before = files(dir.path).length
		await prune()
		expect(files(dir.path).length).toBeLessThan(before)
		const kept = await world.runs.run(young.id)
		expect(kept?.initCtx).toEqual({ both: large('b') })
		expect(kept?.result).toMatchObject({ both: large('b') })
	})

	test('that are written while others are removed stay', () => {
		using dir = tempDir()
		const blobs = openBlobs(join(dir.path, 'blob'))
		const text = blobs.pack(large('a'))
		blobs.pack(large('b'))
		const sweep = blobs.beginSweep()
		expect(blobs.pack(large('a'))).toBe(text)
		expect([sweep?.removeRest(), blobs.beginSweep()]).toEqual([1, null])
		sweep?.end()
		expect(blobs.unpack(text)).toBe(large('a'))
	})
})
