import { readProcesses, readVariable } from '../../src/backend/process/process-table.ts'

/** Pids of the live processes whose attempt key begins so. */
export function markedProcesses(key: string): number[] {
	return readProcesses()
		.map((row) => row.pid)
		.filter((pid) => readVariable(pid, 'MSE_ATTEMPT_KEY')?.startsWith(key))
}
