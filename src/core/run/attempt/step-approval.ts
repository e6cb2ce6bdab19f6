import { childController } from '../../../kernel/abort.ts'
import { MseError } from '../../../kernel/error.ts'
import { Stop, stopOf } from '../../dispatch/stop.ts'
import type { ApprovePolicy, StepDecision } from '../approvals.ts'
import { type Outcome, toFailure } from '../outcome.ts'
import { settleWhenLost } from './end.ts'
import type { AttemptDeps, StepInFlight } from './step-in-flight.ts'

/** An answer that comes at once finds its run awake. */
const STANDS_AFTER_MS = 1000

/**
 * Waits for the approval that a policy wants before the first attempt. The step as it goes on, with the answer in its context and
 * without the time of the wait; or its outcome. Costs the run none of its time to live, and before long no memory.
 */
export async function askFirst(deps: AttemptDeps, step: StepInFlight, policy: ApprovePolicy): Promise<StepInFlight | Outcome> {
	const { controller, release } = childController(step.signal)
	const leave = deps.open.attempt(step.stepId, controller)
	const answered = deps.open.asks()
	const unwatch = settleWhenLost(deps, step, 0)
	try {
		const decision = await decide(deps, step, policy, controller.signal)
		if (!decision.granted) return { status: 'failed', failure: decision.failure, stats: null }
		answered()
		await deps.gate.pass(controller.signal)
		const { answer, by, note, at } = decision
		return { ...step, startedAt: Math.max(step.startedAt, at), context: { ...step.context, approval: { answer, by, note } } }
	} catch (error) {
		if (step.signal.aborted || deps.lostStorage(error)) throw step.signal.reason
		return refusal(error, controller.signal)
	} finally {
		deps.standing.set(step.stepId, null)
		leave()
		answered()
		unwatch()
		release()
	}
}

/** The question goes to disk behind the step that asks it. */
async function decide(deps: AttemptDeps, step: StepInFlight, policy: ApprovePolicy, signal: AbortSignal): Promise<StepDecision> {
	const { run, approvals, journal } = deps
	if (!approvals)
		return { granted: false, failure: { code: 'approval_unavailable', message: 'dispatch failed: nobody takes approvals here' } }
	const { stepId, position, ref, prompt } = step
	const flushed = journal.flush()
	const question = { runId: run.id, taskId: run.taskId, stepId, ref, prompt, operatorSid: run.operatorSid, policy }
	const stands = (isSo: boolean): void => deps.standing.set(stepId, isSo ? STANDS_AFTER_MS : null)
	const [decision] = await Promise.all([approvals.decide({ ...question, position: `${position}/approval` }, signal, stands), flushed])
	return decision
}

function refusal(error: unknown, signal: AbortSignal): Outcome {
	const stop = signal.aborted ? stopOf(signal) : error instanceof Stop ? error : null
	if (stop) return { status: 'cancelled', failure: { code: stop.code, message: `dispatch failed: ${stop.message}` }, stats: null }
	if (error instanceof MseError)
		return { status: 'failed', failure: { code: error.code, message: `dispatch failed: ${error.message}` }, stats: null }
	return { status: 'failed', failure: toFailure(error), stats: null }
}
