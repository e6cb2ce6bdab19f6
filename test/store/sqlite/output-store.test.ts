import { newStepId } from '../../../src/kernel/id.ts'
import { SqliteOutputStore } from '../../../src/store/sqlite/output-store.ts'
import { SqliteRunStore } from '../../../src/store/sqlite/run/run-store.ts'
import { type OpenedOutputStore, outputStoreContract } from '../../contract/output-store.ts'
import { storedRun, testDatabase } from './support.ts'

outputStoreContract('SQLite in memory', () => opened('memory'))
outputStoreContract('SQLite in a file', () => opened('file'))

function opened(where: 'memory' | 'file'): OpenedOutputStore {
	const test = testDatabase(where)
	return {
		store: new SqliteOutputStore(test.db, test.values),
		async beginAttempt() {
			const run = await storedRun(test)
			const [stepId, at] = [newStepId(), test.db.clock.now()]
			const about = { stepId, ref: 'writer', at }
			const began = {
				...about,
				kind: 'attempt_began',
				n: 1,
				backend: 'b',
				system: null,
				context: {},
				tokenFp: null,
				handleHash: null,
			} as const
			const step = { ...about, kind: 'step_began', position: stepId, inputHash: '', prompt: null, attempt: 0 } as const
			await new SqliteRunStore(test.db, test.values).record(run, [step, began], 0)
			return { runId: run.id, stepId, attempt: 1 }
		},
		endAttempt: ({ stepId, attempt }) =>
			test.db.write(() => {
				test.db.query("UPDATE attempt SET status = 'finished' WHERE step_id = ? AND n = ?").run(stepId, attempt)
			}),
		reopen() {
			test.reopen()
			return new SqliteOutputStore(test.db, test.values)
		},
		[Symbol.dispose]: () => test[Symbol.dispose](),
	}
}
