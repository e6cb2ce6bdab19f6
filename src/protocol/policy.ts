import { type Static, Type } from '@sinclair/typebox'
import { AnyValue, closed, defaulted, ifSet, oneOf, Strings, wholeNumber } from './blueprint-field.ts'

const Retry = closed('RetryPolicy', {
	max_attempts: defaulted('Attempts in all, the first one counted.', wholeNumber(1), 3),
	backoff_ms: defaulted('Wait before the second attempt.', wholeNumber(), 1000),
	factor: defaulted('What the wait is multiplied by from one attempt to the next.', Type.Number({ minimum: 1 }), 2),
	max_backoff_ms: defaulted('The longest wait.', wholeNumber(), 60_000),
	jitter: defaulted('Share of the wait that is left to chance, 0 to 1.', Type.Number({ minimum: 0, maximum: 1 }), 0.1),
})

const Budget = closed('Budget', {
	wall_ms: ifSet('Time that may pass.', wholeNumber(1)),
	attempts: ifSet('Attempts that may be made.', wholeNumber(1)),
	tokens: ifSet('Tokens that workers may report.', wholeNumber(1)),
	cost_usd: ifSet('Cost that workers may report, in US dollars.', Type.Number({ minimum: 0 })),
})

export type Budget = Static<typeof Budget>

const Approval = closed('ApprovalPolicy', {
	when: defaulted('When the question is asked.', oneOf(['before_spawn']), 'before_spawn'),
	approvers: defaulted('Who may answer, by name or role; empty means anyone with the right to approve.', Strings, []),
	required: defaulted('How many grants are needed.', wholeNumber(1), 1),
	deadline_ms: ifSet('Time to answer in.', wholeNumber(1)),
	on_timeout: defaulted('What the passing of the deadline means.', oneOf(['deny', 'approve', 'stay']), 'deny'),
	form: ifSet('JSON Schema of what the approver fills in.', AnyValue),
})

/** How the attempts at an agent's steps are limited. A key that is absent limits nothing. */
export const PolicySchema = closed('Policy', {
	timeout_ms: ifSet('Longest duration of one attempt.', wholeNumber(1)),
	retry: ifSet('Whether a failed attempt is made again. A blocked outcome is an answer and never is.', Retry),
	budget: ifSet('What one step may use up, all its attempts together.', Budget),
	children: ifSet('Child processes of the agent at a time, in one run; further attempts wait their turn.', wholeNumber(1)),
	on_restart: ifSet('What becomes of an attempt that the death of the server interrupted.', oneOf(['retry', 'fail'])),
	approve: ifSet(
		'Ask for approval. The word alone stands for an object with defaults.',
		Type.Union([Type.Literal('before_spawn'), Approval], { title: 'approve' }),
	),
})
export type Policy = Static<typeof PolicySchema>

/** Limits of a whole run: in a Blueprint's metadata, or in a launch. */
export const RunPolicySchema = closed('RunPolicy', {
	timeout_ms: ifSet('Longest duration of the run, counted while something of it is worked on.', wholeNumber(1)),
	budget: ifSet('What the run may use up.', Budget),
	children: ifSet('Child processes of the run at a time; further attempts wait their turn.', wholeNumber(1)),
})
export type RunPolicy = Static<typeof RunPolicySchema>
