import { expect, test } from 'bun:test'
import { insertMessage, SqliteMessageStore } from '../../../src/store/sqlite/message-store.ts'
import { messageStoreContract, type OpenedMessageStore } from '../../contract/message-store.ts'
import type { FakeClock } from '../../support/fake-clock.ts'
import { testDatabase } from './support.ts'

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
