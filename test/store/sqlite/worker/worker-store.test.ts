import { SqliteWorkerStore } from '../../../../src/store/sqlite/worker/worker-store.ts'
import { workerStoreContract } from '../../../contract/worker-store.ts'
import { testDatabase } from '../support.ts'

const KEPT = 10

for (const where of ['memory', 'file'] as const)
	workerStoreContract(`SQLite, ${where}`, KEPT, () => {
		const database = testDatabase(where)
		return {
			store: new SqliteWorkerStore(database.db, KEPT),
			reopen() {
				database.reopen()
				return new SqliteWorkerStore(database.db, KEPT)
			},
			[Symbol.dispose]: () => database[Symbol.dispose](),
		}
	})
