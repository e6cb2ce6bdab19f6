import type { RunId } from '../../../kernel/id.ts'
import { withdrawApprovals } from '../approval/approval-withdrawal.ts'
import type { SqliteDatabase } from '../database.ts'
import { IS_AUDIT } from './audit-step.ts'

/**
 * Ends whatever of an ended run still counts as open: its attempts take no submits, its requests no replies, its approvals no grants any more.
 * Only the audits of a failed run go on. To be called inside a change.
 */
export function endOpenWork(db: SqliteDatabase, runId: RunId, to: 'failed' | 'cancelled', now: number): void {
	const spared = to === 'failed' ? ` AND step_id NOT IN (SELECT step_id FROM step WHERE run_id = ?2 AND ${IS_AUDIT})` : ''
	const open = `WHERE run_id = ?2 AND ended_at IS NULL${spared}`
	db.query(`UPDATE attempt SET status = 'cancelled', ended_at = ?1 ${open}`).run(now, runId)
	db.query(`UPDATE step SET status = 'cancelled', ended_at = ?1 ${open}`).run(now, runId)
	withdrawApprovals(db, { runId, spareAudits: to === 'failed' }, `the run was ${to === 'failed' ? 'ended' : to}`)
	db.query(`UPDATE request SET state = 'withdrawn', ended_at = ?1 ${open}`).run(now, runId)
}
