import { MseError } from '../../kernel/error.ts'
import type { AttemptRecord } from '../dispatch/attempt-store.ts'
import type { WorkerFaceDeps } from './face-deps.ts'

/** Throws `too_large` for a body above `limits.output_bytes`. */
export function requireBytes(limits: Pick<WorkerFaceDeps['limits'], 'outputBytes'>, bytes: number): void {
	if (bytes <= limits.outputBytes) return
	throw new MseError('too_large', `The output has ${bytes} bytes; at most ${limits.outputBytes} are taken (limits.output_bytes).`, {
		code: 'output_too_large',
		hint: 'Put the body into a file of the work_dir and submit a reference to it.',
	})
}

/**
 * Throws `too_large` when the attempt has put down `limits.parts` things already. Finals have as much room again, so that
 * parts can never keep a result out.
 */
export async function requireRoom(deps: WorkerFaceDeps, attempt: AttemptRecord, kind: 'tail' | 'finals' | 'data'): Promise<void> {
	const plane = kind === 'data' ? 'data' : 'tail'
	const room = kind === 'finals' ? 2 * deps.limits.parts : deps.limits.parts
	if ((await deps.outputs.countForAttempt(attempt.stepId, attempt.n, plane)) < room) return
	throw new MseError(
		'too_large',
		`Attempt ${attempt.n} of ${attempt.stepId} has put down ${room} outputs, the most it may (limits.parts).`,
		{
			code: 'too_many_parts',
		},
	)
}
