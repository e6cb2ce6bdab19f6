import { isJsonObject } from '../../../kernel/json.ts'
import type { OpenRequestRecord } from '../../../protocol/open-request.ts'
import type { RunRecord, StepEntry } from '../../../protocol/run.ts'
import { durationText } from './duration.ts'

type Shown = Pick<RunRecord, 'status' | 'phase'>

/** One word for how a run stands: its phase while it has one. */
export const runWord = ({ status, phase }: Shown): string => (status === 'running' && phase !== null ? phase : status)

export const isOver = ({ status }: Pick<RunRecord, 'status'>): boolean => status === 'done' || status === 'failed' || status === 'cancelled'

/** Why a run ended other than well; null where there is nothing to say. */
export function runFault({ status, result_ref }: Pick<RunRecord, 'status' | 'result_ref'>): RunFault | null {
	if (status === 'done' || status === 'running' || !isJsonObject(result_ref)) return null
	const { error } = result_ref
	if (typeof error === 'string') return { message: error, code: null, step: null }
	if (!isJsonObject(error) || typeof error.message !== 'string') return null
	return {
		message: error.message,
		code: typeof error.code === 'string' ? error.code : null,
		step: typeof error.failed_step === 'string' ? error.failed_step : null,
	}
}

export interface RunFault {
	readonly message: string
	readonly code: string | null
	readonly step: string | null
}

const HINTS: { readonly [code: string]: string } = {
	approval_denied: 'Somebody said no. Rerun from the step to ask again.',
	attempt_timeout: 'Raise `policy.timeout_ms` of the agent, or let it retry.',
	cancelled: 'It was cancelled. Rerun from a step to go on from there.',
	crash_loop: 'The server died several times during the same attempt. Look at that step, then resume the run.',
	degraded: 'Its worker could not do as asked, and `degradation_policy` does not let that pass.',
	operator_session_ended: 'Its operator left. Rerun from the step once another one has joined.',
	request_deadline: 'No operator answered in time (`operator.request_deadline_secs`). Rerun from the step once one is there.',
	run_timeout: 'It used up its time. Raise `run_policy.timeout_ms`, or rerun from the step that took long.',
	run_ttl: 'It used up its time. Launch it with a longer `ttl_secs`, or rerun from the step that took long.',
	step_blocked: 'Its worker answered that it did not work out. A `try` can catch that; what it answered is in the step.',
}

const BUDGET = 'A budget was used up. Raise it in the policy, then rerun from the step.'

/** What to do about an error, where more is known than its sentence says. */
export function hintOf(code: string | null): string | null {
	if (code?.startsWith('budget_')) return BUDGET
	return code !== null && Object.hasOwn(HINTS, code) ? (HINTS[code] ?? null) : null
}

/** The dispatch that a failure is about: the newest one of the step it names. */
export function faultStep(fault: RunFault, entries: readonly StepEntry[]): string | null {
	return entries.findLast(({ step_ref, status }) => step_ref === fault.step && status !== 'passed')?.step_id ?? null
}

/** How long a run took or goes on for; whole seconds are all the wire has of its ends. */
export function runTook({ status, created_at, updated_at }: Pick<RunRecord, 'status' | 'created_at' | 'updated_at'>, now: number): string {
	const isOpen = status === 'running' || status === 'pending'
	const ms = (isOpen ? now : updated_at * 1000) - created_at * 1000
	return !isOpen && ms < 1000 ? 'under 1 s' : durationText(Math.floor(Math.max(0, ms) / 1000) * 1000)
}

/** `3 of 5` steps that ended, of those that began. */
export function stepsText({ step_entries: steps }: Pick<RunRecord, 'step_entries'>): string {
	const ended = steps.filter(({ status }) => status !== null).length
	return ended === steps.length ? String(steps.length) : `${ended} of ${steps.length}`
}

/** Which steps wait for somebody: with an approval, or with an operator who is not at it. */
export function waitingSteps(run: Pick<RunRecord, 'approvals'>, requests: readonly OpenRequestRecord[]): ReadonlySet<string> {
	const approved = (run.approvals ?? []).flatMap(({ step_id }) => (step_id === null ? [] : [step_id]))
	const away = requests.filter(({ owner, state }) => owner === null || !owner.connected || state === 'parked')
	return new Set([...approved, ...away.map(({ step_id }) => step_id)])
}
