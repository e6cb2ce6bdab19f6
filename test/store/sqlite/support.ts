import { join } from 'node:path'
import type { Run } from '../../../src/core/run/record.ts'
import { newRunId, newTaskId } from '../../../src/kernel/id.ts'
import { openBlobs } from '../../../src/store/sqlite/blob.ts'
import { SqliteDatabase } from '../../../src/store/sqlite/database.ts'
import { SqliteRunStore } from '../../../src/store/sqlite/run/run-store.ts'
import type { Values } from '../../../src/store/sqlite/value.ts'
import { fakeClock } from '../../support/fake-clock.ts'
import { tempDir } from '../../support/temp-dir.ts'

/** A database in memory or in a folder of its own; `reopen` closes it and opens the file again (in memory it stays). */
export interface TestDatabase extends Disposable {
	readonly db: SqliteDatabase
	readonly values: Values
	readonly clock: ReturnType<typeof fakeClock>
	reopen(): void
}

export function testDatabase(where: 'memory' | 'file'): TestDatabase {
	const dir = where === 'file' ? tempDir() : undefined
	const clock = fakeClock()
	const open = () => new SqliteDatabase({ path: dir ? join(dir.path, 'mse.db') : ':memory:', clock })
	let db = open()
	return {
		get db() {
			return db
		},
		clock,
		values: openBlobs(dir && join(dir.path, 'blob')),
		reopen() {
			if (!dir) return
			db[Symbol.dispose]()
			db = open()
		},
		[Symbol.dispose]() {
			db[Symbol.dispose]()
			dir?.[Symbol.dispose]()
		},
	}
}

/** A running run on disk, of a task of its own. */
export async function storedRun({ db, values }: Pick<TestDatabase, 'db' | 'values'>): Promise<Run> {
	const runs = new SqliteRunStore(db, values)
	const at = db.clock.now()
	const task = { id: newTaskId(), goal: '', blueprintRef: {}, initCtx: {}, taskInput: undefined, createdAt: at, updatedAt: at }
	const run: Run = {
		id: newRunId(),
		taskId: task.id,
		generation: 1,
		status: 'running',
		phase: 'running',
		blueprintId: null,
		blueprintHash: 'h',
		boundVersion: null,
		initCtx: {},
		options: { detached: true },
		result: null,
		operatorSid: null,
		seatGeneration: 0,
		seats: [],
		ttlUsedMs: 0,
		positionScheme: 1,
		createdAt: at,
		updatedAt: at,
	}
	await runs.createTask(task)
	await runs.createRun(run, [])
	return run
}
