import type { Approval, ApprovalEntry } from '../../../core/approval/approval.ts'
import type { ApprovalRecord, ApprovalSummary } from '../../../protocol/approval.ts'

/** An approval as lists show it, without what may be large. `now` in milliseconds. */
export function toApprovalSummary(approval: ApprovalEntry, now: number): ApprovalSummary {
	return {
		id: approval.id,
		kind: approval.kind,
		status: approval.status,
		applying: approval.startedAt !== null,
		subject: approval.subject,
		requester: approval.requester,
		digest: approval.digest,
		required: approval.required,
		grants: approval.grants.map(({ by, at }) => ({ by, at })),
		approvers: [...approval.approvers],
		no_self_approval: approval.noSelfApproval,
		requested_at: approval.requestedAt,
		deadline_at: approval.deadlineAt,
		on_timeout: approval.onTimeout,
		resolved_at: approval.resolvedAt,
		age_secs: ageSecs(approval, now),
		by: approval.by,
		note: approval.note,
		run_id: approval.runId,
		task_id: approval.taskId,
		step_id: approval.stepId,
		position: approval.position,
	}
}

export function toApprovalRecord(approval: Approval, now: number): ApprovalRecord {
	const { payload, diff, form, answer } = approval
	return { ...toApprovalSummary(approval, now), payload, diff, form, answer }
}

/** How long it waited, or waits. */
function ageSecs({ requestedAt, resolvedAt }: ApprovalEntry, now: number): number {
	return Math.max(0, Math.floor(((resolvedAt ?? now) - requestedAt) / 1000))
}
