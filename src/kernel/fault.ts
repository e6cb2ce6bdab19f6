import { MseError } from './error.ts'

/**
 * Every moment at which a server that runs tasks can be made to die, in the order in which a run meets them: before and after each commit, and before
 * and after each thing that happens outside the process.
 */
export const FAULT_NAMES = [
	'start.locked',
	'start.leftovers_ended',
	'start.listening',
	'start.run_taken_up',
	'start.recovered',
	'commit.before_begin',
	'commit.before_commit',
	'commit.after_commit',
	'commit.told',
	'blob.before_write',
	'blob.before_fsync',
	'blob.before_rename',
	'blob.after_rename',
	'blob.after_sync',
	'child.before_spawn',
	'child.after_spawn',
	'child.ended',
	'seat.before_assign',
	'seat.after_assign',
	'frame.before_send',
	'frame.after_send',
	'submit.before_append',
	'submit.after_append',
	'reply.before_write',
	'reply.after_write',
	'approval.before_claim',
	'approval.after_claim',
	'approval.before_end',
	'approval.after_end',
] as const

/** The same of the work on an issue, beside those of its run. */
export const ISSUE_FAULT_NAMES = [
	'issue.taken',
	'issue.launched',
	'issue.patch_applied',
	'issue.verified',
	'issue.decided',
	'issue.run_ended',
	'issue.consented',
	'issue.before_commit',
	'issue.settled',
] as const

/** The moments in the life of a hive agent, which no run meets: what is around its cage, and before the commit that says it runs. */
export const AGENT_FAULT_NAMES = ['agent.after_claim', 'agent.after_create', 'agent.after_start', 'agent.before_commit'] as const

const ALL_NAMES: readonly string[] = [...FAULT_NAMES, ...ISSUE_FAULT_NAMES, ...AGENT_FAULT_NAMES]

export type FaultName = (typeof FAULT_NAMES)[number] | (typeof ISSUE_FAULT_NAMES)[number] | (typeof AGENT_FAULT_NAMES)[number]

/** Called wherever one of the moments has come. */
export type FaultPoint = (name: FaultName) => void

/** What every server that is not being tested has. */
export const noFault: FaultPoint = () => {}

/**
 * A point that calls `die` when it is reached for the n-th time: `commit.before_commit:3`. Without a plan nothing ever happens.
 * Throws `invalid` for a plan that names no point.
 */
export function plannedFault(plan: string | undefined, die: () => void): FaultPoint {
	if (!plan) return noFault
	const [wanted = '', count = '1'] = plan.split(':')
	if (!ALL_NAMES.includes(wanted) || !/^[1-9]\d{0,8}$/.test(count))
		throw new MseError('invalid', `MSE_FAULT is ${JSON.stringify(plan)}; expected POINT:COUNT with one of ${ALL_NAMES.join(', ')}.`)
	let left = Number(count)
	return (name) => {
		if (name === wanted && --left === 0) die()
	}
}
