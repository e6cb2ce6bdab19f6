import { raceAbort } from '../../../kernel/abort.ts'
import { fingerprint } from '../../../kernel/hash.ts'
import { newStepId } from '../../../kernel/id.ts'
import { asText, type Json } from '../../../kernel/json.ts'
import type { Completion } from '../../dispatch/backend.ts'
import type { Plan, Route } from '../../dispatch/plan.ts'
import { Skipped, type StepCall } from '../../flow/flow-host.ts'
import type { AuditedStep } from '../../layer/audit.ts'
import { performAttempts } from '../attempt/loop.ts'
import { settleValue } from '../attempt/settle-value.ts'
import { settledFact } from '../attempt/settled-fact.ts'
import type { AttemptDeps, StepInFlight } from '../attempt/step-in-flight.ts'
import { toPureAttempt } from '../attempt/to-attempt.ts'
import { type Outcome, StepFailed, toFailure, toStepFailed } from '../outcome.ts'
import type { Step } from '../record.ts'
import type { AgentContexts } from './agent-contexts.ts'
import type { Audits } from './audits.ts'
import { refuseLargeInput } from './ctx-limit.ts'
import { takeStepMeta } from './step-meta.ts'

/**
 * Performs the steps of one run. A recorded step is answered from the journal and never dispatched again; a pure function
 * runs at once and costs one journal row; anything else begins on disk before it begins in the world.
 */
export class StepRunner {
	readonly #deps: AttemptDeps
	readonly #plan: Plan
	readonly #contexts: AgentContexts
	readonly #audits: Audits | undefined

	/** `plan` comes with its layers; without `audits` nobody looks at finished steps. */
	constructor(deps: AttemptDeps, plan: Plan, parts: { readonly contexts: AgentContexts; readonly audits: Audits | undefined }) {
		this.#deps = deps
		this.#plan = plan
		this.#contexts = parts.contexts
		this.#audits = parts.audits
	}

	dispatch(asked: StepCall): Json | Skipped | Promise<Json | Skipped> {
		const { journal, gate, limits } = this.#deps
		const call = this.#withGivenInput(asked)
		refuseLargeInput(call.ref, call.input, limits.ctxBytes)
		const recorded = journal.recorded(call.position)
		if (recorded && recorded.status !== 'running') return this.#replay(call, recorded)
		// What began goes on in a paused run too, and can be cancelled there; a new attempt waits by itself.
		if (recorded) return this.#begin(call, recorded)
		return gate.pass(call.signal)?.then(() => this.#begin(call, undefined)) ?? this.#begin(call, undefined)
	}

	/** Rerun-from may have given the step another input than the flow does. */
	#withGivenInput(call: StepCall): StepCall {
		const input = this.#deps.run.options.inputs?.[call.position]
		return input === undefined ? call : { ...call, input }
	}

	#begin(call: StepCall, recorded: Step | undefined): Json | Skipped | Promise<Json | Skipped> {
		const { prompt, stepCtx } = takeStepMeta(call.input, this.#plan.blueprint.metas)
		const route = this.#plan.routes.get(call.ref)
		if (!route)
			throw new StepFailed(call.ref, 'worker_not_registered', `dispatch_attempt: dispatch failed: worker not registered: ${call.ref}`, null)
		const step: StepInFlight = {
			stepId: recorded?.stepId ?? newStepId(),
			position: call.position,
			ref: call.ref,
			inputHash: hashOf(call.input),
			prompt,
			context: this.#contexts.of(route, stepCtx),
			startedAt: recorded?.startedAt ?? this.#deps.clock.now(),
			signal: call.signal,
		}
		if (route.worker.pure && !recorded && !route.policy.retry && !route.policy.approve) {
			const refused = this.#deps.budget?.enter(call.signal)
			return refused ? refused.then(() => this.#performPure(step, route)) : this.#performPure(step, route)
		}
		const settled = performAttempts(this.#deps, step, route, recorded !== undefined).then((outcome) =>
			// The flow goes on in the commit of the outcome: until the attempt ended, the event loop was free.
			this.#settle(step, outcome.n, outcome.outcome, false),
		)
		return this.#deps.open.track(step.stepId, settled)
	}

	#replay(call: StepCall, recorded: Step): Json | Skipped | Promise<Json | Skipped> {
		if (recorded.inputHash !== hashOf(call.input))
			this.#deps.journal.record({ kind: 'input_changed', stepId: recorded.stepId, position: call.position })
		return after(this.#audits?.waitFor(call.position), call.signal, () => conclude(call.ref, toOutcome(recorded)))
	}

	#performPure(step: StepInFlight, route: Route): Json | Skipped | Promise<Json | Skipped> {
		const end = (completion: Completion): Json | Skipped | Promise<Json | Skipped> =>
			this.#settle(step, 1, settleValue([], completion, step.context, route.agent.verdict), true)
		const fail = (error: unknown): Json | Skipped | Promise<Json | Skipped> =>
			this.#settle(step, 1, { status: 'failed', failure: toFailure(error), stats: null }, true)
		let completion: Completion | Promise<Completion>
		try {
			completion = route.worker.perform(toPureAttempt(this.#deps, step))
		} catch (error) {
			return fail(error)
		}
		return completion instanceof Promise ? completion.then(end, fail) : end(completion)
	}

	#settle(step: StepInFlight, attempt: number, outcome: Outcome, mayPause: boolean): Json | Skipped | Promise<Json | Skipped> {
		const { journal, clock } = this.#deps
		journal.record(settledFact(step, attempt, outcome, clock.now()))
		const audit = this.#audits && 'value' in outcome ? this.#audits.after(toAudited(step, attempt, outcome)) : undefined
		const written = audit ?? (mayPause && journal.full ? journal.flush() : undefined)
		return after(written, step.signal, () => conclude(step.ref, outcome))
	}
}

const hashOf = (input: Json): string => fingerprint(asText(input))

function after<T>(wait: Promise<void> | undefined, signal: AbortSignal, then: () => T): T | Promise<T> {
	return wait ? raceAbort(wait, signal).then(then) : then()
}

function toAudited(
	{ stepId, position, ref }: StepInFlight,
	attempt: number,
	{ status, value }: Extract<Outcome, { value: Json }>,
): AuditedStep {
	return { stepId, position, ref, attempt, ok: status !== 'blocked', value }
}

function conclude(ref: string, outcome: Outcome): Json | Skipped {
	const failed = toStepFailed(ref, outcome)
	if (failed) throw failed
	return outcome.status === 'passed' ? outcome.value : Skipped
}

function toOutcome(step: Step): Outcome {
	if (step.status === 'passed' || step.status === 'skipped' || step.status === 'blocked')
		return { status: step.status, value: step.value, stats: step.stats }
	const failure = step.failure ?? { code: 'step_failed', message: 'dispatch failed: the recorded reason is missing' }
	return { status: step.status === 'cancelled' ? 'cancelled' : 'failed', failure, stats: step.stats }
}
