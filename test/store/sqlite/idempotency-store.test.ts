import { expect, test } from 'bun:test'
import { SqliteIdempotencyStore } from '../../../src/store/sqlite/idempotency-store.ts'
import { writeEffect } from '../../../src/store/sqlite/rider.ts'
import { idempotencyStoreContract } from '../../contract/idempotency-store.ts'
import type { FakeClock } from '../../support/fake-clock.ts'
import { type TestDatabase, testDatabase } from './support.ts'

idempotencyStoreContract('SQLite in memory', () => opened('memory'))
idempotencyStoreContract('SQLite in a file', () => opened('file'))

test('a commit that fails takes the key with it', async () => {
	using opened = newWorld('memory')
	const { db } = opened.at
	const request = { scope: 's', key: 'k', bodyHash: 'b' }
	const work = () =>
		writeEffect(
			db,
			() => db.query('INSERT INTO meta (key, value) VALUES (?, ?)').run('did', 'a'),
			() => 'a',
		)
	// A deferred foreign key lets the change pass and the COMMIT fail.
	db.sqlite.run('CREATE TABLE parent (id INTEGER PRIMARY KEY)')
	db.sqlite.run('CREATE TABLE child (id INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)')
	const spoiler = db.write(() => db.query('INSERT INTO child VALUES (1)').run())
	const results = await Promise.allSettled([opened.store.keeping(request, work), spoiler])
	expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
	expect(await opened.store.find(request)).toBeNull()
	await opened.store.keeping(request, work)
	expect(await opened.store.find(request)).toEqual({ bodyHash: 'b', effect: 'a' })
})

function newWorld(where: 'memory' | 'file') {
	const at: TestDatabase = testDatabase(where)
	return {
		at,
		get store() {
			return new SqliteIdempotencyStore(at.db)
		},
		[Symbol.dispose]: () => at[Symbol.dispose](),
	}
}

function opened(where: 'memory' | 'file') {
	const world = newWorld(where)
	const { at } = world
	const count = (sql: string): number => at.db.query<{ n: number }>(sql).get()?.n ?? 0
	const insert = (what: string, fails: boolean) => () => {
		at.db.query('INSERT INTO meta (key, value) VALUES (?, ?)').run(`done ${count('SELECT count(*) AS n FROM meta')}`, what)
		if (fails) throw new Error('refused')
	}
	return {
		get store() {
			return world.store
		},
		act: (what: string, fails = false) => writeEffect(at.db, insert(what, fails), () => ({ did: what })),
		done: () =>
			at.db
				.query<{ value: string }>("SELECT value FROM meta WHERE key LIKE 'done %' ORDER BY key")
				.all()
				.map(({ value }) => value),
		advance: (ms: number) => (at.db.clock as FakeClock).advance(ms),
		reopen: () => {
			at.reopen()
			return world.store
		},
		count: () => count('SELECT count(*) AS n FROM idempotency_key'),
		[Symbol.dispose]: () => world[Symbol.dispose](),
	}
}
