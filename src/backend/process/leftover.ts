import { MseError } from '../../kernel/error.ts'
import type { Logger } from '../../kernel/log.ts'
import type { ChildList } from './child-list.ts'
import { ATTEMPT_KEY } from './environment.ts'
import { readVariable } from './process-table.ts'
import { type Ending, endTree } from './tree.ts'

export interface LeftoverOptions extends Ending {
	readonly log: Logger
	readonly childList?: ChildList
}

/**
 * Ends every process that an earlier life of this data directory started and left behind, and resolves to their number. Call it
 * at boot, before anything is dispatched. Throws `unavailable` when some will not go: an attempt must never run twice at once.
 */
export async function endLeftovers(dataDirId: string, { log, childList, ...ending }: LeftoverOptions): Promise<number> {
	const isOurs = (pid: number): boolean => readVariable(pid, ATTEMPT_KEY)?.startsWith(`${dataDirId}:`) ?? false
	const { ended, stuck } = await endTree((row) => isOurs(row.pid) || childList?.has(row) === true, ending)
	if (stuck.length > 0) throw stuckError(stuck)
	if (ended.length > 0) log.warn('ended processes that an earlier life of the server left behind', { pids: ended })
	return ended.length
}

function stuckError(pids: readonly number[]): MseError {
	return new MseError('unavailable', `Processes ${pids.join(', ')} of an earlier life of this server cannot be ended.`, {
		code: 'leftover_processes',
		hint: 'End them by hand, then start the server again.',
	})
}
