import type { Clock } from '../../kernel/clock.ts'
import { MseError } from '../../kernel/error.ts'
import type { RunRecord } from '../../protocol/run.ts'
import { type MseClient, pathId } from '../client/client.ts'
import { followRun } from '../client/follow-run.ts'
import type { Terminal } from './command.ts'
import { diagnosticsOf } from './diagnostics.ts'
import { RUN_EXIT } from './exit-code.ts'
import { runExitCode } from './run-exit.ts'
import { joinOperators } from './run-operators.ts'
import type { RunReport } from './run-report.ts'
import type { RunRequest } from './run-request.ts'

export interface RunOnceDeps {
	readonly report: RunReport
	/** Fires when the user wants the run cancelled. */
	readonly interrupted: AbortSignal
	readonly clock: Clock
	/** For the operators' commands; `TRACEPARENT` is the span that the run is a part of. */
	readonly env: Terminal['env']
	/** The admin token, where the server wants one. */
	readonly token: string | undefined
}

/** Launches on a server, reports until the end, and resolves to the exit code. Time and user end the run by cancelling it. */
export async function runOnce(client: MseClient, request: RunRequest, deps: RunOnceDeps): Promise<number> {
	const { report } = deps
	const onStderr = (agent: string, line: string): void => report.note(`${agent}| ${line}`)
	await using _operators = await joinOperators(client, request.operators, request.launch.blueprint, { ...deps, onStderr })
	const launched = await launch(client, request, deps)
	if (launched === null) return RUN_EXIT.invalid
	const stop = stopper(client, launched.run_id, request, deps)
	try {
		const run = await Promise.race([followRun(client, launched.run_id, { from: 'start', onEvent: report.event }), stop.failed])
		if (run === null) return RUN_EXIT.cancelled
		const code = run.status === 'cancelled' && stop.isOutOfTime() ? RUN_EXIT.timedOut : runExitCode(run)
		report.end(run, code)
		return code
	} finally {
		stop.disarm()
		report.close()
	}
}

/** Null when the Blueprint is invalid; everything found is reported. Other refusals of what was asked are usage errors. */
async function launch(client: MseClient, { launch }: RunRequest, { report, env }: RunOnceDeps) {
	// Whoever calls the command may trace what it does.
	const headers = env.TRACEPARENT === undefined ? {} : { traceparent: env.TRACEPARENT }
	try {
		return await client.answer(client.v1.tasks.post(launch, { headers }))
	} catch (thrown) {
		const diagnostics = diagnosticsOf(thrown)
		if (diagnostics.length === 0) throw asUsage(thrown)
		report.invalid(diagnostics)
		return null
	}
}

function asUsage(thrown: unknown): unknown {
	if (thrown instanceof MseError && thrown.code === 'no_operator') return needsOperator(thrown)
	if (!(thrown instanceof MseError) || (thrown.kind !== 'malformed' && thrown.kind !== 'invalid')) return thrown
	const { kind, message, code } = thrown
	const hint = code === 'blueprint_not_found' ? ID_HINT : thrown.hint
	return new MseError(kind, message, { code: 'usage', cause: thrown, ...(hint !== undefined && { hint }) })
}

function needsOperator(refusal: MseError): MseError {
	const hint = "Pass --operator 'CMD': CMD gets the prompt on stdin, and its stdout is the result."
	return new MseError('invalid', refusal.message, { code: 'usage', hint, cause: refusal })
}

const ID_HINT = 'A file is told by its extension or a slash; an ID is looked up in --data-dir, or among the samples without it.'

function stopper(client: MseClient, runId: RunRecord['id'], { timeoutSecs }: RunRequest, { report, interrupted, clock }: RunOnceDeps) {
	const failed = Promise.withResolvers<never>()
	let outOfTime = false
	const cancel = (): void => {
		client.answer(client.v1.runs(pathId(runId)).cancel.post()).catch(failed.reject)
	}
	const onInterrupt = (): void => {
		report.note('Cancelling; once more to end at once.')
		cancel()
	}
	const onTime = (): void => {
		report.note(`The time of ${timeoutSecs} s is over; cancelling.`)
		outOfTime = true
		cancel()
	}
	const disarm = timeoutSecs === null ? () => {} : clock.after(timeoutSecs * 1000, onTime)
	if (interrupted.aborted) onInterrupt()
	interrupted.addEventListener('abort', onInterrupt)
	return {
		/** Rejects when the run cannot be cancelled. */
		failed: failed.promise,
		isOutOfTime: () => outOfTime,
		disarm(): void {
			disarm()
			interrupted.removeEventListener('abort', onInterrupt)
		},
	}
}
