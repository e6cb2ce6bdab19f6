import { SqliteWebhookStore } from '../../../src/store/sqlite/webhook-store.ts'
import { webhookStoreContract } from '../../contract/webhook-store.ts'
import { testDatabase } from './support.ts'

webhookStoreContract('SQLite in memory', () => opened('memory'))
webhookStoreContract('SQLite in a file', () => opened('file'))

function opened(where: 'memory' | 'file') {
	const at = testDatabase(where)
	return {
		store: new SqliteWebhookStore(at.db),
		reopen() {
			at.reopen()
			return new SqliteWebhookStore(at.db)
		},
		[Symbol.dispose]: () => at[Symbol.dispose](),
	}
}
