import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { openHandOverRing } from '../../../../src/store/hand-over-ring.ts'
import { insertMessage, SqliteMessageStore } from '../../../../src/store/sqlite/hive/message-store.ts'
import { messageStoreContract, type OpenedMessageStore } from '../../../contract/message-store.ts'
import type { FakeClock } from '../../../support/fake-clock.ts'
import { tempDir } from '../../../support/temp-dir.ts'
import { testDatabase } from '../support.ts'

messageStoreContract('SQLite in memory', () => opened('memory'))
messageStoreContract('SQLite in a file', () => opened('file'))

test('a message of another change is there or not along with it', async () => {
	using database = testDatabase('memory')
	const store = new SqliteMessageStore(database.db)
	const draft = { from: 'system', to: 'manager', body: '{}', via: 'daemon' } as const
	const failing = database.db.write(() => {
		insertMessage(database.db, draft)
		throw new Error('the change around it fails')
	})
	expect(failing).rejects.toThrow('fails')
	await failing.catch(() => {})
	expect(await store.unread('manager')).toBe(0)
	await database.db.write(() => insertMessage(database.db, draft))
	expect(await store.unread('manager')).toBe(1)
})

test('what an earlier life had taken is put back unless it had left', async () => {
	using dir = tempDir()
	using database = testDatabase('memory')
	const life = async (work: (store: SqliteMessageStore) => Promise<void>): Promise<void> => {
		using ring = openHandOverRing(join(dir.path, 'ring'))
		const store = new SqliteMessageStore(database.db, ring)
		await store.recover()
		await work(store)
	}
	const received: string[] = []
	const receive = async (store: SqliteMessageStore, leaves: boolean): Promise<void> => {
		const message = await store.take('bob', [])
		if (message) store.leaves(message.id)
		if (message && leaves) received.push(message.body)
		if (message && !leaves) store.stays(message.id)
	}
	await life(async (store) => {
		for (const body of ['a', 'b', 'c', 'd']) await store.add({ from: 'alice', to: 'bob', body, via: 'agent-socket' })
		await receive(store, true)
		await receive(store, false)
		await store.take('bob', [])
	})
	await life(async (store) => {
		expect(await store.unread('bob')).toBe(3)
		for (let n = 0; n < 3; n++) await receive(store, true)
	})
	await life(async (store) => expect(await store.unread('bob')).toBe(0))
	expect(received).toEqual(['a', 'b', 'c', 'd'])
	const kinds = database.db.query<{ kind: string }>("SELECT kind FROM event WHERE kind = 'message.returned'").all()
	expect(kinds).toHaveLength(2)
})

function opened(where: 'memory' | 'file'): OpenedMessageStore {
	const test = testDatabase(where)
	return {
		store: new SqliteMessageStore(test.db),
		pass: (ms) => (test.db.clock as FakeClock).advance(ms),
		now: () => test.db.clock.now(),
		events: () =>
			test.db
				.query<{ kind: string }>('SELECT kind FROM event ORDER BY seq')
				.all()
				.map(({ kind }) => kind),
		reopen() {
			test.reopen()
			return new SqliteMessageStore(test.db)
		},
		[Symbol.dispose]: () => test[Symbol.dispose](),
	}
}
