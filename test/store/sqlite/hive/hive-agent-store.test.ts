import { SqliteHiveAgentStore } from '../../../../src/store/sqlite/hive/hive-agent-store.ts'
import { agentStoreContract, type OpenedAgentStore } from '../../../contract/hive-agent-store.ts'
import { testDatabase } from '../support.ts'

agentStoreContract('SQLite in memory', () => opened('memory'))
agentStoreContract('SQLite in a file', () => opened('file'))

function opened(where: 'memory' | 'file'): OpenedAgentStore {
	const test = testDatabase(where)
	return {
		store: new SqliteHiveAgentStore(test.db),
		events: () =>
			test.db
				.query<{ kind: string; data: string }>('SELECT kind, data FROM event ORDER BY seq')
				.all()
				.map(({ kind, data }) => ({ kind, data: JSON.parse(data) })),
		reopen() {
			test.reopen()
			return new SqliteHiveAgentStore(test.db)
		},
		[Symbol.dispose]: () => test[Symbol.dispose](),
	}
}
