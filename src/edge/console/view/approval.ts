import type { ApprovalKind, ApprovalSummary } from '../../../protocol/approval.ts'

const KINDS: { readonly [K in ApprovalKind]: (subject: string) => string } = {
	spawn: (subject) => `Start agent ${subject}`,
	apply_commit: (subject) => `Apply a new config of ${subject}`,
	blueprint_commit: (subject) => `Change Blueprint ${subject}`,
	task_start: (subject) => `Start task ${subject}`,
	step_spawn: (subject) => `Begin step ${subject}`,
	tool_call: (subject) => `Call tool ${subject}`,
	data_export: (subject) => `Hand out ${subject}`,
	custom: (subject) => subject,
}

/** What is asked for, in a few words. */
export function approvalTitle({ kind, subject }: Pick<ApprovalSummary, 'kind' | 'subject'>): string {
	const name = subject.name ?? subject.id
	return kind === 'custom' ? `${subject.type} ${name}` : KINDS[kind](name)
}

/** How it stands, `applying` while what was granted is being done. */
export const outcomeOf = ({ status, applying }: Pick<ApprovalSummary, 'status' | 'applying'>): string => (applying ? 'applying' : status)

const TIMEOUTS: { readonly [K in ApprovalSummary['on_timeout']]: string } = {
	deny: 'then it is denied',
	approve: 'then it is approved',
	stay: 'then it goes on waiting',
}

/** What comes of the deadline. */
export const timeoutText = ({ on_timeout }: Pick<ApprovalSummary, 'on_timeout'>): string => TIMEOUTS[on_timeout]
