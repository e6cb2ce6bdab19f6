import { expect, test } from 'bun:test'
import { prune } from '../../src/core/retention/retention.ts'
import { silentLogger } from '../../src/kernel/log.ts'
import { openBlobs } from '../../src/store/sqlite/blob.ts'
import { SqliteRetentionStore } from '../../src/store/sqlite/retention-store.ts'
import { observe, runtimeWorld } from '../edge/http/runtime-world.ts'

const DAY = 24 * 3600 * 1000

async function retentionWorld() {
	const world = await runtimeWorld()
	const store = new SqliteRetentionStore(world.db, openBlobs(undefined))
	const talk = async (over: { turns?: number; end?: boolean } = {}): Promise<string> => {
		const id = await world.create()
		for (let n = 0; n < (over.turns ?? 2); n++) await world.say(id, 'text_done', { text: `line ${n}` })
		if (over.end !== false) await world.call('POST', `/v1/workers/${id}/stop`)
		return id
	}
	const rows = (table: string) => world.db.query<{ n: number }>(`SELECT count(*) AS n FROM ${table}`).get()?.n ?? -1
	const ids = async () => (await world.store.list({})).map(({ id }) => id)
	return {
		...{ world, store, talk, rows, ids },
		prune: (over: object = {}) =>
			prune({ store, clock: world.clock, log: silentLogger, limits: { retainDays: 30, retainRows: 10_000_000, ...over } }),
	}
}

test('a worker that ended long ago goes with its lines and observations, one that runs stays', async () => {
	const { world, talk, rows, ids, prune } = await retentionWorld()
	await using _ = world
	const [old, running] = [await talk(), await talk({ end: false })]
	await world.clock.advance(31 * DAY)
	const young = await talk()
	await prune()
	expect(await ids()).toEqual([running, young])
	expect(rows('worker_line')).toBe(4)
	expect((await world.call('GET', `/v1/workers/${old}`)).status).toBe(404)
	expect((await world.call('GET', `/v1/workers/${running}/transcript`)).body.transcript.total_items).toBe(2)
	expect(await prune()).toBe(0)
})

test('ended workers and their lines are kept to so many, the oldest go first', async () => {
	const { world, talk, ids, prune } = await retentionWorld()
	await using _ = world
	const workers = []
	for (let n = 0; n < 5; n++) {
		workers.push(await talk({ turns: 2 }))
		await world.clock.advance(1000)
	}
	await prune({ retainRows: 5 })
	expect(await ids()).toEqual(workers.slice(3))
})

test('a long transcript goes in small steps, and a worker half deleted is finished', async () => {
	const { world, store, talk, rows, ids } = await retentionWorld()
	await using _ = world
	await talk({ turns: 20 })
	await world.clock.advance(31 * DAY)
	const bounds = { before: world.clock.now() - 30 * DAY, rows: 1000 }
	const taken: number[] = []
	for (let n = await store.pruneWorkers(bounds, 3); n > 0; n = await store.pruneWorkers(bounds, 3)) taken.push(n)
	expect(taken.length).toBeGreaterThan(10)
	expect([await ids(), rows('worker_line'), rows('worker_observation')]).toEqual([[], 0, 0])
})

test('a cursor before events that were dropped by age is expired, and cursor zero says what is missing', async () => {
	const { world, talk, prune } = await retentionWorld()
	await using _ = world
	const id = await talk({ turns: 3, end: false })
	await world.clock.advance(91 * DAY)
	await world.say(id, 'text_done', { text: 'new' })
	await prune()
	const url = world.listen()
	const cursorOf = (n: number) => `?cursor=wo_${n.toString(16).padStart(16, '0')}`
	using expired = await observe(url, id, cursorOf(1))
	await expired.next()
	expect((await expired.next()).diagnostic.message).toBe(
		`invalid request: worker observation cursor ${cursorOf(1).slice(8)} is expired for worker ${id}`,
	)
	using zero = await observe(url, id, cursorOf(0))
	await zero.next()
	expect((await zero.next()).diagnostic.code).toBe('runtime.gap')
	expect((await zero.next()).envelope.payload.data).toEqual({ text: 'new' })
	using fresh = await observe(url, id, cursorOf(3))
	await fresh.next()
	expect((await fresh.next()).envelope.payload.data).toEqual({ text: 'new' })
})

test('events and diagnostics of the runtime are kept to so many', async () => {
	const { world, talk, prune } = await retentionWorld()
	await using _ = world
	for (let n = 0; n < 4; n++) await talk({ end: false })
	const before = await world.store.events(0, 100)
	await prune({ retainRows: 2 })
	expect(await world.store.events(0, 100)).toEqual(before.slice(-2))
	expect(await world.store.diagnostics(0, 100)).toHaveLength(2)
})
