import { Database } from 'bun:sqlite'
import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { systemClock } from '../../../src/kernel/clock.ts'
import type { Event } from '../../../src/protocol/event.ts'
import { SqliteDatabase } from '../../../src/store/sqlite/database.ts'
import { appendEvent } from '../../../src/store/sqlite/event/event-store.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { testDatabase } from './support.ts'

const put = (db: SqliteDatabase, key: string) => db.query('INSERT INTO meta (key, value) VALUES (?, ?)').run(key, 'x')
const keys = (db: SqliteDatabase) =>
	db
		.query<{ key: string }>("SELECT key FROM meta WHERE key LIKE 'key%' ORDER BY key")
		.all()
		.map(({ key }) => key)

describe('a batch of changes', () => {
	test('takes along what one of them sets off before its commit, but tells nobody before', async () => {
		using opened = testDatabase('memory')
		const { db } = opened
		const commits: number[] = []
		db.onBatch((changes) => void commits.push(changes))
		const order: string[] = []
		const applied = Promise.withResolvers<string>()
		const after = applied.promise.then(async (key) => {
			await Promise.resolve()
			order.push('went ahead')
			await db.write(() => put(db, `${key}, then this`))
			order.push('its write is done')
		})
		const first = db.writeAhead(() => {
			put(db, 'key1')
			return 'key1'
		}, applied.resolve)
		first.then(() => order.push('the change is done'))
		await after
		expect([commits, keys(db)]).toEqual([[2], ['key1', 'key1, then this']])
		expect(order).toEqual(['went ahead', 'the change is done', 'its write is done'])
	})

	test('fails together with what was set off before its commit, and one that throws sets nothing off', async () => {
		using opened = testDatabase('memory')
		const { db } = opened
		const then = Promise.withResolvers<unknown>()
		const spoil = (): void => then.resolve(db.write(() => db.sqlite.run('ROLLBACK')))
		const settled = await Promise.allSettled([db.writeAhead(() => put(db, 'key1'), spoil), then.promise])
		expect(settled.map((it) => it.status === 'rejected' && it.reason.code)).toEqual(['storage_unavailable', 'storage_unavailable'])
		expect(keys(db)).toEqual([])
		let wasTold = false
		const throwing = db.writeAhead(
			() => {
				throw new Error('no')
			},
			() => {
				wasTold = true
			},
		)
		expect(throwing).rejects.toThrow('no')
		await throwing.catch(() => {})
		expect(wasTold).toBe(false)
	})

	test('is one commit, told once, in order', async () => {
		using opened = testDatabase('memory')
		const told: (readonly Event[])[] = []
		opened.db.onCommit((facts) => told.push(facts))
		const say = (id: string) => opened.db.write(() => appendEvent(opened.db, { kind: 'server.started', data: { id } }))
		await Promise.all([say('a'), say('b'), say('c')])
		expect(told.map((facts) => facts.map(({ data }) => data.id))).toEqual([['a', 'b', 'c']])
	})

	test('keeps what went well when one of it throws, before and after that one', async () => {
		using opened = testDatabase('memory')
		const { db } = opened
		const told: string[] = []
		db.onCommit((facts) => told.push(...facts.map(({ data }) => String(data.id))))
		const change = (key: string, fails = false) =>
			db.write(() => {
				put(db, key)
				appendEvent(db, { kind: 'server.started', data: { id: key } })
				if (fails) throw new Error(`no ${key}`)
				return key
			})
		const settled = await Promise.allSettled([change('key1'), change('key2', true), change('key3'), change('key4', true), change('key5')])
		expect(settled.map((it) => (it.status === 'fulfilled' ? it.value : String(it.reason)))).toEqual([
			...['key1', 'Error: no key2', 'key3', 'Error: no key4', 'key5'],
		])
		expect(keys(db)).toEqual(['key1', 'key3', 'key5'])
		expect(told).toEqual(['key1', 'key3', 'key5'])
	})

	test('is undone as a whole when it cannot be committed, and the next one succeeds', async () => {
		using opened = testDatabase('memory')
		const { db } = opened
		const good = db.write(() => put(db, 'key1'))
		const spoiling = db.write(() => db.sqlite.run('ROLLBACK'))
		const settled = await Promise.allSettled([good, spoiling])
		expect(settled.map((it) => it.status === 'rejected' && it.reason.code)).toEqual(['storage_unavailable', 'storage_unavailable'])
		expect([db.healthy, keys(db)]).toEqual([false, []])
		await db.write(() => put(db, 'key2'))
		expect([db.healthy, keys(db)]).toEqual([true, ['key2']])
	})
})

describe('a database that takes no writes', () => {
	const refusal = (work: Promise<unknown>) => work.then(() => 'kept').catch(({ code }) => code)

	test('refuses them all, says so, and finds out by itself when it takes them again', async () => {
		using opened = testDatabase('file')
		const { db } = opened
		db.sqlite.run('PRAGMA query_only=ON')
		const both = ['key1', 'key2'].map((key) => refusal(db.write(() => put(db, key))))
		expect(await Promise.all(both)).toEqual(['storage_unavailable', 'storage_unavailable'])
		await db.tryWrite()
		expect(db.healthy).toBe(false)
		db.sqlite.run('PRAGMA query_only=OFF')
		await db.tryWrite()
		expect([db.healthy, keys(db)]).toEqual([true, []])
	})

	test('since somebody else holds it waits a second at most', async () => {
		using opened = testDatabase('file')
		const { db } = opened
		using other = new Database(db.path)
		other.run('BEGIN IMMEDIATE')
		const started = performance.now()
		expect(await refusal(db.write(() => put(db, 'key1')))).toBe('storage_unavailable')
		expect(performance.now() - started).toBeLessThan(15_000)
		other.run('ROLLBACK')
		await db.write(() => put(db, 'key2'))
		expect([db.healthy, keys(db)]).toEqual([true, ['key2']])
	})
})

test('what was asked to be written before the end is written, however many batches that takes', async () => {
	using dir = tempDir()
	const path = join(dir.path, 'mse.db')
	const db = new SqliteDatabase({ path, clock: systemClock })
	db.sqlite.run('CREATE TABLE t (n INTEGER)')
	const written = Array.from({ length: 3 }, (_, n) =>
		db.write(
			() => void db.query('INSERT INTO t VALUES (?)').run(n),
			() => 1000,
		),
	)
	db[Symbol.dispose]()
	await Promise.all(written)
	using again = new SqliteDatabase({ path, clock: systemClock })
	expect(again.query<{ n: number }>('SELECT n FROM t').all()).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }])
})
