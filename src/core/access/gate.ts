import { MseError } from '../../kernel/error.ts'
import type { Role } from '../../protocol/session.ts'
import { roleName } from './token.ts'

/** What each role may do (mlua-swarm 0.1.0). A worker has the verbs of the second row to run flows of its own. */
const ALLOWED = {
	operator: [
		...['start_task', 'dispatch_attempt', 'mint_worker_token', 'read_task_state', 'cancel_task', 'query_senior'],
		...['mark_pass', 'mark_blocked', 'attach_session', 'detach_session', 'heartbeat', 'poll_task'],
	],
	worker: [
		...['fetch_prompt', 'fetch_data', 'post_result', 'verify_token', 'emit_output'],
		...['start_task', 'dispatch_attempt', 'read_task_state', 'poll_task', 'cancel_task'],
	],
	observer: ['subscribe_events', 'read_trace', 'read_task_state'],
	senior: ['answer_query', 'override_verdict', 'pause_loop', 'resume_loop', 'inject_directive'],
} as const satisfies Record<Role, readonly string[]>

export type Verb = (typeof ALLOWED)[Role][number]

export function mayDo(role: Role, verb: Verb): boolean {
	return (ALLOWED[role] as readonly Verb[]).includes(verb)
}

/** Throws `forbidden` (code `role_violation`) with role and verb named as upstream names them. */
export function requireVerb(role: Role, verb: Verb): void {
	if (!mayDo(role, verb))
		throw new MseError('forbidden', `role violation: role=${roleName(role)} verb=${verbName(verb)}`, { code: 'role_violation' })
}

function verbName(verb: Verb): string {
	return verb
		.split('_')
		.map((word) => word.charAt(0).toUpperCase() + word.slice(1))
		.join('')
}
