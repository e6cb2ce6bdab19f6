import { closed, type Move } from '../../../core/approval/move.ts'
import type { SqliteDatabase } from '../database.ts'
import { appendEvent } from '../event/event-store.ts'
import type { Values } from '../value.ts'
import { type ApprovalRow, toApproval } from './approval-row.ts'

/** Which questions nobody asks any more. */
type Of = { readonly stepId: string } | { readonly runId: string; readonly spareAudits: boolean }

/** Fails what an ended step still waited for, or what anything of an ended run asked. To be called inside the change that ends it. */
export function withdrawApprovals(db: SqliteDatabase, of: Of, note: string): void {
	for (const row of openOf(db, of)) {
		const move = closed(toApproval(row, unread), { status: 'failed', by: null, note }, db.clock.now())
		if (move) write(db, move)
	}
}

function openOf(db: SqliteDatabase, of: Of): ApprovalRow[] {
	if ('stepId' in of) return db.query<ApprovalRow>("SELECT * FROM approval WHERE step_id = ? AND status = 'pending'").all(of.stepId)
	const spared = of.spareAudits ? " AND (position IS NULL OR instr(position, '/audit:') = 0)" : ''
	// Left to itself SQLite goes through all that are pending.
	const ofRun = "SELECT * FROM approval INDEXED BY approval_pending_run WHERE run_id = ? AND status = 'pending'"
	return db.query<ApprovalRow>(`${ofRun} AND (step_id IS NOT NULL OR started_at IS NULL)${spared}`).all(of.runId)
}

function write(db: SqliteDatabase, { approval, events }: Move): void {
	db.query('UPDATE approval SET status = ?, note = ?, by = NULL, started_at = NULL, resolved_at = ? WHERE id = ?').run(
		approval.status,
		approval.note,
		approval.resolvedAt,
		approval.id,
	)
	for (const event of events) appendEvent(db, event)
}

/** Nothing here depends on what was asked, which may lie in a file. */
const unread: Values = { pack: () => 'null', unpack: () => null }
