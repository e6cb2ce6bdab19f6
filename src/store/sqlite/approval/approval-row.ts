import type { SQLQueryBindings } from 'bun:sqlite'
import type { Approval, ApprovalEntry, Grant, Question } from '../../../core/approval/approval.ts'
import { asRunId, asStepId, asTaskId } from '../../../kernel/id.ts'
import type { Values } from '../value.ts'

export interface ApprovalRow {
	readonly id: number
	readonly kind: string
	readonly status: string
	readonly subject_type: string
	readonly subject_id: string
	readonly subject_name: string | null
	readonly requester: string
	readonly digest: string
	readonly payload: string
	readonly diff: string
	readonly required: number
	readonly approvers: string
	readonly no_self_approval: number
	readonly deadline_at: number | null
	readonly on_timeout: string
	readonly form: string
	readonly run_id: string | null
	readonly task_id: string | null
	readonly step_id: string | null
	readonly position: string | null
	readonly grants: string
	readonly answer: string
	readonly note: string | null
	readonly by: string | null
	readonly started_at: number | null
	readonly attempt: number
	readonly expired_at: number | null
	readonly requested_at: number
	readonly resolved_at: number | null
}

type Columns = { readonly [Column in keyof ApprovalRow]?: SQLQueryBindings }

export type EntryRow = Omit<ApprovalRow, 'payload' | 'diff' | 'form' | 'answer'>

/** The columns of an entry. */
export const ENTRY = `id, kind, status, subject_type, subject_id, subject_name, requester, digest, required, approvers, no_self_approval, deadline_at,
	on_timeout, run_id, task_id, step_id, position, grants, note, by, started_at, attempt, expired_at, requested_at, resolved_at`

export function toApproval(row: ApprovalRow, values: Values): Approval {
	const { payload, diff, form, answer } = row
	return {
		...toEntry(row),
		...{ payload: values.unpack(payload), diff: values.unpack(diff), form: values.unpack(form), answer: values.unpack(answer) },
	}
}

export function toEntry(row: EntryRow): ApprovalEntry {
	return {
		id: row.id,
		kind: row.kind as Approval['kind'],
		status: row.status as Approval['status'],
		subject: { type: row.subject_type, id: row.subject_id, ...(row.subject_name !== null && { name: row.subject_name }) },
		requester: row.requester,
		digest: row.digest,
		required: row.required,
		approvers: JSON.parse(row.approvers) as string[],
		noSelfApproval: row.no_self_approval === 1,
		deadlineAt: row.deadline_at,
		onTimeout: row.on_timeout as Approval['onTimeout'],
		runId: row.run_id === null ? null : asRunId(row.run_id),
		taskId: row.task_id === null ? null : asTaskId(row.task_id),
		stepId: row.step_id === null ? null : asStepId(row.step_id),
		position: row.position,
		grants: JSON.parse(row.grants) as Grant[],
		note: row.note,
		by: row.by,
		startedAt: row.started_at,
		attempt: row.attempt,
		expiredAt: row.expired_at,
		requestedAt: row.requested_at,
		resolvedAt: row.resolved_at,
	}
}

/** The columns of a question that was just asked. */
export function newRow(question: Question, now: number, values: Values): Columns {
	return {
		kind: question.kind,
		status: 'pending',
		subject_type: question.subject.type,
		subject_id: question.subject.id,
		subject_name: question.subject.name ?? null,
		requester: question.requester,
		digest: question.digest,
		payload: values.pack(question.payload),
		diff: values.pack(question.diff),
		required: question.required,
		approvers: JSON.stringify(question.approvers),
		no_self_approval: question.noSelfApproval ? 1 : 0,
		deadline_at: question.deadlineAt,
		on_timeout: question.onTimeout,
		form: values.pack(question.form),
		run_id: question.runId,
		task_id: question.taskId,
		step_id: question.stepId,
		position: question.position,
		grants: '[]',
		answer: 'null',
		attempt: 0,
		requested_at: now,
	}
}

/** The columns that a move can change. */
export function changedRow(approval: Approval, values: Values): Columns {
	return {
		status: approval.status,
		grants: JSON.stringify(approval.grants),
		answer: values.pack(approval.answer),
		note: approval.note,
		by: approval.by,
		started_at: approval.startedAt,
		attempt: approval.attempt,
		expired_at: approval.expiredAt,
		resolved_at: approval.resolvedAt,
	}
}
