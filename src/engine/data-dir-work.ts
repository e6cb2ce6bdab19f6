import type { DataDirWork } from '../edge/cli/command/backup.ts'
import { systemClock } from '../kernel/clock.ts'
import { backUp, restore, schemaStatus } from '../store/backup.ts'
import { openDataDir } from '../store/data-dir.ts'

/** What the command line does with data directories without a server. */
export const dataDirWork: DataDirWork = {
	backUp,
	restore,
	schemaStatus,
	migrate: (dir) => openDataDir({ dir, clock: systemClock, pid: process.pid, address: 'migrating' })[Symbol.dispose](),
}
