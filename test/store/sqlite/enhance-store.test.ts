import { openBlobs } from '../../../src/store/sqlite/blob.ts'
import { SqliteBlueprintStore } from '../../../src/store/sqlite/blueprint-store.ts'
import { SqliteEnhanceStore } from '../../../src/store/sqlite/enhance-store.ts'
import { enhanceStoreContract, type OpenedEnhanceStore } from '../../contract/enhance-store.ts'
import { testDatabase } from './support.ts'

enhanceStoreContract('SQLite in memory', () => opened('memory'))
enhanceStoreContract('SQLite in a file', () => opened('file'))

function opened(where: 'memory' | 'file'): OpenedEnhanceStore {
	const test = testDatabase(where)
	const blueprints = () => new SqliteBlueprintStore(test.db, openBlobs(undefined))
	return {
		store: new SqliteEnhanceStore(test.db, blueprints()),
		blueprints: blueprints(),
		events: () =>
			test.db
				.query<{ kind: string }>('SELECT kind FROM event ORDER BY seq')
				.all()
				.map(({ kind }) => kind),
		reopen() {
			test.reopen()
			return new SqliteEnhanceStore(test.db, blueprints())
		},
		[Symbol.dispose]: () => test[Symbol.dispose](),
	}
}
