import { MseError } from '../../kernel/error.ts'
import type { Json } from '../../kernel/json.ts'
import type { EventKind } from '../../protocol/event.ts'
import type { EventDraft } from '../event/event.ts'
import type { Approval } from './approval.ts'

/** What an approval becomes, with the facts to tell. */
export interface Move {
	readonly approval: Approval
	readonly events: readonly EventDraft[]
}

/** Who answers. The first name is the one that is kept; all of them count where approvers are named. */
export interface Approver {
	readonly names: readonly [string, ...string[]]
}

/** Who stands behind what nobody decided. */
export const DEADLINE = 'deadline'
const LONGEST_NOTE = 2048

/** One more yes; with the last one needed the approval is claimed. Throws `conflict` or `forbidden`, see `requireOpen` and `requireApprover`. */
export function granted(
	approval: Approval,
	answered: Approver & { readonly answer: Json; readonly note: string | null },
	now: number,
): Move {
	requireOpen(approval)
	requireApprover(approval, answered)
	const [by] = answered.names
	if (approval.grants.some((grant) => answered.names.includes(grant.by)))
		throw new MseError('conflict', `approval ${approval.id} was already granted by ${by}`, {
			code: 'already_granted',
			hint: `It needs ${approval.required} different approvers.`,
		})
	const grants = [...approval.grants, { by, at: now }]
	const { answer } = answered
	const next = { ...approval, grants, answer, note: answered.note ?? approval.note }
	const told = fact(next, 'approval.granted', { by, grants: grants.length, required: approval.required })
	return { approval: grants.length < approval.required ? next : claimed(next, by, now), events: [told] }
}

/** Throws as `granted` does. */
export function denied(approval: Approval, { names, note }: Approver & { readonly note: string | null }, now: number): Move {
	requireOpen(approval)
	requireApprover(approval, { names })
	return ended(approval, { status: 'denied', by: names[0], note }, now)
}

/** What its deadline does to an approval; null when it does nothing (any more). */
export function expired(approval: Approval, now: number): Move | null {
	const { deadlineAt, expiredAt, onTimeout } = approval
	if (approval.status !== 'pending' || approval.startedAt !== null || expiredAt !== null || deadlineAt === null || now < deadlineAt)
		return null
	const late = { ...approval, expiredAt: now }
	const told = fact(late, 'approval.expired', { on_timeout: onTimeout })
	if (onTimeout === 'stay') return { approval: late, events: [told] }
	if (onTimeout === 'approve') return { approval: claimed(late, DEADLINE, now), events: [told] }
	const { approval: next, events } = ended(late, { status: 'denied', by: DEADLINE, note: 'nobody answered before the deadline' }, now)
	return { approval: next, events: [told, ...events] }
}

/** How a pending approval ends; null when it has ended before. */
export function closed(approval: Approval, end: End, now: number): Move | null {
	return approval.status === 'pending' ? ended(approval, end, now) : null
}

interface End {
	readonly status: 'approved' | 'denied' | 'failed'
	/** Left out: who claimed it. */
	readonly by?: string | null
	/** Left out: what was noted before. */
	readonly note?: string | null
}

function ended(approval: Approval, { status, by = approval.by, note }: End, now: number): Move {
	const kept = (note ?? approval.note)?.slice(0, LONGEST_NOTE) ?? null
	const next = { ...approval, status, by, note: kept, startedAt: null, resolvedAt: now }
	return { approval: next, events: [fact(next, `approval.${status}`, { by: next.by, note: next.note })] }
}

function claimed(approval: Approval, by: string, now: number): Approval {
	return { ...approval, by, startedAt: now, attempt: approval.attempt + 1 }
}

/** Throws `conflict` for an approval that has ended or is being applied. */
function requireOpen({ id, status, startedAt }: Approval): void {
	if (status !== 'pending') throw new MseError('conflict', `approval ${id} is already ${status}`, { code: 'approval_ended' })
	if (startedAt !== null) throw new MseError('conflict', `approval ${id} is being applied`, { code: 'approval_applying' })
}

/** Throws `forbidden` for somebody who is not among its approvers, or who asked for it where that does not do. */
function requireApprover({ id, approvers, requester, noSelfApproval }: Approval, { names }: Approver): void {
	if (noSelfApproval && names.includes(requester))
		throw new MseError('forbidden', `approval ${id} cannot be answered by ${requester}, who asked for it`, { code: 'self_approval' })
	if (approvers.length === 0 || names.some((name) => approvers.includes(name))) return
	throw new MseError('forbidden', `${names[0]} is not an approver of approval ${id}`, {
		code: 'not_an_approver',
		hint: `It takes one of: ${approvers.join(', ')}.`,
	})
}

/** A fact of the log about an approval. */
export function fact(approval: Approval, kind: EventKind, more: EventDraft['data'] = {}): EventDraft {
	const { id, runId, taskId, stepId, subject } = approval
	return {
		kind,
		...(runId !== null && { runId }),
		...(taskId !== null && { taskId }),
		...(stepId !== null && { stepId }),
		data: { id, kind: approval.kind, subject_type: subject.type, subject_id: subject.id, ...more },
	}
}
