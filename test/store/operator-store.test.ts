import { join } from 'node:path'
import type { Run } from '../../src/core/run/record.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { newRunId, newTaskId } from '../../src/kernel/id.ts'
import { openBlobs } from '../../src/store/sqlite/blob.ts'
import { SqliteDatabase } from '../../src/store/sqlite/database.ts'
import { SqliteOperatorStore } from '../../src/store/sqlite/operator/operator-store.ts'
import { SqliteRunStore } from '../../src/store/sqlite/run/run-store.ts'
import { type OpenedOperatorStore, operatorStoreContract } from '../contract/operator-store.ts'
import { tempDir } from '../support/temp-dir.ts'

operatorStoreContract('SQLite in memory', async () => opened(undefined))
operatorStoreContract('SQLite on a file', async () => opened(tempDir()))

function opened(dir: ReturnType<typeof tempDir> | undefined): OpenedOperatorStore {
	const path = dir === undefined ? ':memory:' : join(dir.path, 'mse.db')
	const values = openBlobs(dir && join(dir.path, 'blob'))
	let db = new SqliteDatabase({ path, clock: systemClock })
	const store = () => new SqliteOperatorStore(db, values)
	const runs = () => new SqliteRunStore(db, values)
	return {
		store: store(),
		async newRun(status, op) {
			const run: Run = {
				...{ id: newRunId(), taskId: newTaskId(), generation: 1, status, phase: 'running', blueprintId: null, blueprintHash: 'h' },
				...{ boundVersion: null, initCtx: null, options: { detached: true }, result: null, operatorSid: null, seatGeneration: 1 },
				...{ seats: [{ slot: 'main', op, desc: '', generation: 1 }], ttlUsedMs: 0, positionScheme: 1, createdAt: 1, updatedAt: 1 },
			}
			const task = { id: run.taskId, goal: '', blueprintRef: {}, initCtx: null, taskInput: undefined, createdAt: 1, updatedAt: 1 }
			await runs().createTask(task)
			await runs().createRun(run, [])
			return run
		},
		async seatsOf({ id }) {
			const run = await runs().run(id)
			return { ops: run?.seats.map(({ op }) => op) ?? [], generation: run?.seatGeneration ?? 0 }
		},
		events: () =>
			db
				.query<{ kind: string }>('SELECT kind FROM event ORDER BY seq')
				.all()
				.map(({ kind }) => kind),
		async reopen() {
			if (dir === undefined) return store()
			db[Symbol.dispose]()
			db = new SqliteDatabase({ path, clock: systemClock })
			return store()
		},
		async [Symbol.asyncDispose]() {
			db[Symbol.dispose]()
			dir?.[Symbol.dispose]()
		},
	}
}
