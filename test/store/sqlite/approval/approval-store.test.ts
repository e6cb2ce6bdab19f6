import { SqliteApprovalStore } from '../../../../src/store/sqlite/approval/approval-store.ts'
import { SqliteEventStore } from '../../../../src/store/sqlite/event/event-store.ts'
import { approvalStoreContract } from '../../../contract/approval-store.ts'
import { testDatabase } from '../support.ts'

for (const where of ['memory', 'file'] as const)
	approvalStoreContract(`SQLite in a ${where}`, async () => {
		const database = testDatabase(where)
		return {
			get store() {
				return new SqliteApprovalStore(database.db, database.values)
			},
			get events() {
				return new SqliteEventStore(database.db)
			},
			reopen: () => database.reopen(),
			[Symbol.asyncDispose]: async () => database[Symbol.dispose](),
		}
	})
