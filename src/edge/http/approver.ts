import { isHandle } from '../../core/access/credential.ts'
import type { Approver } from '../../core/approval/move.ts'
import type { AttemptRecord } from '../../core/dispatch/attempt-store.ts'
import type { OperatorSessions } from '../../core/operator/sessions.ts'
import { MseError } from '../../kernel/error.ts'
import { bearerOf, type IsAdmin } from './guard.ts'

export interface CallerDeps {
	readonly isAdmin: IsAdmin
	/** True when no admin token is configured: then whoever reaches the server may ask and answer. */
	readonly isOpen: boolean
	readonly sessions: Pick<OperatorSessions, 'byToken'>
	/** The attempt that a credential of a worker speaks for; null when it is none. */
	workerOf(bearer: string): Promise<AttemptRecord | null>
}

/** Who is on the other side of an approval route. */
export type Caller =
	| { readonly kind: 'person' }
	| { readonly kind: 'operator'; readonly names: readonly [string, ...string[]] }
	| { readonly kind: 'worker'; readonly attempt: AttemptRecord }

/** Whoever answers without saying a name. */
const NAMELESS = 'operator'

/** Throws `unauthenticated` without a credential where one is demanded, or with one that is nobody's, and `forbidden` for a worker that is over. */
export async function callerOf(deps: CallerDeps, request: Request): Promise<Caller> {
	if (deps.isAdmin(request)) return { kind: 'person' }
	const bearer = bearerOf(request)
	if (bearer === null && deps.isOpen) return { kind: 'person' }
	const session = bearer === null ? null : await deps.sessions.byToken(bearer)
	if (session) return { kind: 'operator', names: [session.record.sid, ...session.record.roles] }
	const attempt = bearer === null ? null : await deps.workerOf(bearer)
	if (attempt) return { kind: 'worker', attempt }
	if (bearer !== null && isHandle(bearer)) throw notForWorkers()
	throw new MseError('unauthenticated', 'This route wants the admin token, or the token of an operator session.', {
		code: 'credential_required',
		hint: 'Send `Authorization: Bearer <token>`; a loopback server without an admin token wants none at all.',
	})
}

/** Under which names a caller answers. Throws `forbidden` for a worker, and for an operator who claims another's name. */
export function approverOf(caller: Caller, by: string | undefined): Approver {
	if (caller.kind === 'worker') throw notForWorkers()
	if (caller.kind === 'person') return { names: [by ?? NAMELESS] }
	const { names } = caller
	if (by === undefined || by === names[0]) return { names }
	if (names.includes(by)) return { names: [by, ...names.filter((name) => name !== by)] }
	throw new MseError('forbidden', `${names[0]} cannot answer as ${by}.`, { code: 'foreign_name' })
}

/** Who asks. */
export function requesterOf(caller: Caller, named: string | undefined): string {
	if (caller.kind === 'worker') return caller.attempt.agent
	return caller.kind === 'operator' ? caller.names[0] : (named ?? NAMELESS)
}

function notForWorkers(): MseError {
	return new MseError('forbidden', 'A worker cannot answer approvals.', { code: 'worker_cannot_approve' })
}
