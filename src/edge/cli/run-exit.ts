import { isJsonObject } from '../../kernel/json.ts'
import type { RunRecord } from '../../protocol/run.ts'
import { RUN_EXIT } from './exit-code.ts'

/** Codes of a failure by which the run as a whole ran out of time. */
const OUT_OF_TIME: readonly (string | null)[] = ['run_ttl', 'sync_ceiling']

/** How a run ended, as an exit code. An interrupted one counts as failed: it does not go on by itself. */
export function runExitCode(run: RunRecord): number {
	if (run.status === 'done') return RUN_EXIT.done
	if (run.status === 'cancelled') return RUN_EXIT.cancelled
	return OUT_OF_TIME.includes(runFailure(run).code) ? RUN_EXIT.timedOut : RUN_EXIT.failed
}

export interface RunFailure {
	readonly message: string
	readonly code: string | null
	readonly step: string | null
}

/** Why a run did not get done, read from what it left as its result. */
export function runFailure({ result_ref: result }: RunRecord): RunFailure {
	const error = isJsonObject(result) ? result.error : null
	if (typeof error === 'string') return { message: error, code: null, step: null }
	const { message, code, failed_step: step } = isJsonObject(error) ? error : {}
	return { message: textOr(message, 'It left no reason.') ?? '', code: textOr(code, null), step: textOr(step, null) }
}

/** One sentence about a run that did not get done. */
export function runFailureText(run: RunRecord): string {
	const { message, step } = runFailure(run)
	const how = run.status === 'failed' ? 'failed' : `is ${run.status}`
	return `${run.id} ${how}${step === null ? '' : ` at ${step}`}: ${message}`
}

const textOr = (value: unknown, otherwise: string | null): string | null => (typeof value === 'string' ? value : otherwise)
