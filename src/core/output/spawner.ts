import { MseError } from '../../kernel/error.ts'
import type { RunId, StepId } from '../../kernel/id.ts'
import { isHandle } from '../access/credential.ts'
import { decodeToken } from '../access/token.ts'
import { attemptOf, requireRunning } from './caller.ts'
import type { WorkerFaceDeps } from './face-deps.ts'

/** Credentials of a launch, as the edge received them. */
export interface Launching {
	/** The `Authorization` header; anybody's. */
	readonly authorization: string | undefined
	/** The `mse-parent` header: a worker's handle or token, beside whatever else lets the caller in. */
	readonly parent: string | undefined
}

/**
 * The attempt whose worker asks for a run; undefined when no worker's credential came along. Throws as `identify` for one that
 * is wrong, and `gone` for one of an attempt that has ended.
 */
export async function spawnerOf(
	deps: Pick<WorkerFaceDeps, 'attempts' | 'secret' | 'clock'>,
	{ authorization, parent }: Launching,
): Promise<{ readonly runId: RunId; readonly stepId: StepId; readonly n: number } | undefined> {
	const bearer = parent?.trim() || workerBearer(authorization)
	if (bearer === undefined) return undefined
	const attempt = await attemptOf(deps, bearer, 'start_task')
	requireRunning(attempt)
	return { runId: attempt.runId, stepId: attempt.stepId, n: attempt.n }
}

function workerBearer(authorization = ''): string | undefined {
	const bearer = authorization.startsWith('Bearer ') ? authorization.slice('Bearer '.length).trim() : ''
	return bearer !== '' && (isHandle(bearer) || isWorkerToken(bearer)) ? bearer : undefined
}

function isWorkerToken(bearer: string): boolean {
	try {
		return decodeToken(bearer).role === 'worker'
	} catch (error) {
		if (error instanceof MseError) return false
		throw error
	}
}
