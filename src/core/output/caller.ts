import { MseError } from '../../kernel/error.ts'
import { equalInConstantTime, sha256Hex } from '../../kernel/hash.ts'
import { asStepId } from '../../kernel/id.ts'
import { bearerOf, bearerOfEither } from '../access/bearer.ts'
import { handleOf, isHandle, stepOf } from '../access/credential.ts'
import { requireVerb, type Verb } from '../access/gate.ts'
import { decodeToken, hasValidSignature, isExpired } from '../access/token.ts'
import type { AttemptRecord } from '../dispatch/attempt-store.ts'
import { isTerminal } from '../run/record.ts'
import type { Presented, WorkerFaceDeps } from './face-deps.ts'

type CallerDeps = Pick<WorkerFaceDeps, 'attempts' | 'secret' | 'clock'>

/** For this long after an attempt ended well or badly its worker may still read. */
const LATE_READ_MS = 60_000

/**
 * The attempt a credential speaks for. Throws `unauthenticated` when it is missing, undecodable, forged, expired or
 * unknown, and `forbidden` when its role lacks the verb.
 */
export function identify(deps: CallerDeps, presented: Presented, verb: Verb): Promise<AttemptRecord> {
	return attemptOf(deps, presentedBearer(presented), verb)
}

export function presentedBearer({ authorization, ...rest }: Presented): string {
	return 'queryToken' in rest ? bearerOfEither(authorization, rest.queryToken) : bearerOf(authorization)
}

export function attemptOf(deps: CallerDeps, bearer: string, verb: Verb): Promise<AttemptRecord> {
	return isHandle(bearer) ? byHandle(deps, bearer) : byToken(deps, bearer, verb)
}

async function byHandle({ attempts, secret }: CallerDeps, handle: string): Promise<AttemptRecord> {
	const attempt = await attempts.byHandle(sha256Hex(handle))
	if (attempt && equalInConstantTime(handleOf(secret, attempt), handle)) return attempt
	throw new MseError('unauthenticated', 'The worker handle is not known to this server.', {
		code: 'unknown_handle',
		hint: 'Handles go with their run. Start the task again and fetch the prompt with the handle of the new frame.',
	})
}

/** The order of the checks is upstream's: signature, expiry, role, record. */
async function byToken({ attempts, secret, clock }: CallerDeps, text: string, verb: Verb): Promise<AttemptRecord> {
	const token = decode(text)
	if (!hasValidSignature(secret, token)) throw refused('token signature invalid', 'token_forged')
	if (token.role !== 'operator' && isExpired(token, clock.now())) throw refused('token expired', 'token_expired')
	requireVerb(token.role, verb)
	const fingerprint = sha256Hex(token.nonce)
	const stepId = stepOf(token)
	const attempt = stepId && (await attempts.byToken(stepId, fingerprint))
	if (!attempt) throw refused(`token not found in store (fp=${fingerprint})`, 'unknown_token')
	return attempt
}

function decode(text: string): ReturnType<typeof decodeToken> {
	try {
		return decodeToken(text)
	} catch (error) {
		if (error instanceof MseError) throw refused(`invalid token: ${error.message}`, error.code)
		throw error
	}
}

/** Binds a call to the step it names: `not_found` for an unknown step, `forbidden` for another one than the credential's. */
export async function requireStep({ attempts }: CallerDeps, attempt: AttemptRecord, named: string): Promise<void> {
	if (named === attempt.stepId) return
	if (!(await attempts.latest(asStepId(named)))) throw new MseError('not_found', `task not found: ${named}`, { code: 'unknown_step' })
	throw new MseError('forbidden', `token task mismatch: token bound to ${attempt.stepId}, arg was ${named}`, { code: 'foreign_step' })
}

/** A worker's own claim of which attempt it is must fit its credential. */
export function requireAttempt(attempt: AttemptRecord, claimed: number | null | undefined): void {
	if (claimed == null || claimed === attempt.n) return
	throw new MseError('forbidden', `The credential is for attempt ${attempt.n} of ${attempt.stepId}, not for attempt ${claimed}.`, {
		code: 'foreign_attempt',
	})
}

/** Lets through an attempt that still takes submits. Throws `conflict` for a moved seat and `gone` for any other end. */
export function requireRunning(attempt: AttemptRecord): void {
	const { stepId, n, status, runId, runStatus, isAudit } = attempt
	if (runStatus === 'cancelled' || (runStatus === 'failed' && !isAudit) || (isTerminal(runStatus) && status !== 'running'))
		throw new MseError('gone', `Run ${runId} is ${runStatus}; it takes no more output.`, {
			code: 'run_ended',
			hint: 'Start the task again (POST /v1/tasks/<id>/runs) to give the work another try.',
		})
	if (status === 'displaced')
		throw new MseError('conflict', `The seat of ${stepId} moved to another operator; attempt ${n} no longer counts.`, {
			code: 'seat_moved',
			hint: 'The new holder got the work in a frame of its own.',
		})
	if (status !== 'running') throw new MseError('gone', `Attempt ${n} of ${stepId} has ended (${status}).`, { code: 'attempt_ended' })
}

/** As `requireRunning`, with a grace for a worker that reads while its attempt ends. */
export function requireReadable(attempt: AttemptRecord, now: number): void {
	const hasGrace = attempt.status === 'finished' || attempt.status === 'failed'
	const isLate = attempt.endedAt === null || now >= attempt.endedAt + LATE_READ_MS
	if (hasGrace && !isLate && attempt.runStatus !== 'cancelled') return
	requireRunning(attempt)
}

function refused(sentence: string, code: string): MseError {
	return new MseError('unauthenticated', sentence, { code })
}
