import { childController } from '../../../kernel/abort.ts'
import { fingerprint } from '../../../kernel/hash.ts'
import { newStepId } from '../../../kernel/id.ts'
import { asText } from '../../../kernel/json.ts'
import type { OutputEvent } from '../../../protocol/output.ts'
import type { Plan } from '../../dispatch/plan.ts'
import { Stop, stopOf } from '../../dispatch/stop.ts'
import { type AuditedStep, type Auditor, auditDirective, auditedPosition, auditorsOf } from '../../layer/audit.ts'
import { AUDIT_PREFIX } from '../../output/fold.ts'
import { performAttempts } from '../attempt/loop.ts'
import { settledFact } from '../attempt/settled-fact.ts'
import type { AttemptDeps, StepInFlight } from '../attempt/step-in-flight.ts'
import { type Outcome, toFailure } from '../outcome.ts'
import type { Step } from '../record.ts'
import { WorkTimer } from '../ttl.ts'
import type { AgentContexts } from './agent-contexts.ts'

type Audited = Pick<AuditedStep, 'stepId' | 'position' | 'ref' | 'attempt'>

/**
 * The audits of one run. Each is a child of the audited step's position, on disk with that step's outcome, done by the
 * agent's own worker without any layer. Whatever comes of it, the audited step stays as it is. Audits outlive the run's end
 * unless it is cancelled.
 */
export class Audits {
	readonly #deps: AttemptDeps
	readonly #plan: Plan
	readonly #contexts: AgentContexts
	readonly #controller = new AbortController()
	readonly #open = new Set<Promise<void>>()
	readonly #sync = new Map<string, Promise<void>>()

	/** `plan` is the one without layers. */
	constructor(deps: AttemptDeps, plan: Plan, contexts: AgentContexts) {
		this.#deps = deps
		this.#plan = plan
		this.#contexts = contexts
	}

	get isIdle(): boolean {
		return this.#open.size === 0
	}

	/** Resolves when nothing is left to do here. */
	async idle(): Promise<void> {
		while (this.#open.size > 0) await Promise.all(this.#open)
	}

	/** Begins the audits of a step, in the turn in which its outcome is recorded. The promise of those it has to wait for. */
	after(step: AuditedStep): Promise<void> | undefined {
		for (const auditor of auditorsOf(this.#plan.blueprint, step.ref)) {
			const prompt = auditDirective(step)
			this.#start(step, auditor, { stepId: newStepId(), position: step.position + auditor.segment, prompt })
		}
		return this.waitFor(step.position)
	}

	/** Those audits of a step that it has to wait for, while there are any. */
	waitFor(position: string): Promise<void> | undefined {
		return this.#sync.get(position)
	}

	/** Goes on with what an earlier life of the server began and did not end. */
	resume(recorded: readonly Step[]): void {
		const begun = recorded.filter(({ status, position }) => status === 'running' && auditedPosition(position) !== null)
		for (const audit of begun) {
			const audited = recorded.find(({ position }) => position === auditedPosition(audit.position))
			if (!audited) continue
			const auditor = auditorsOf(this.#plan.blueprint, audited.ref).find(({ segment }) => audited.position + segment === audit.position)
			if (auditor) this.#start(audited, auditor, audit)
		}
	}

	/** Ends the work on all of them: cancelled ones are closed on disk by then, detached ones go on in the next life. */
	stop(stop: Stop): void {
		if (!this.#controller.signal.aborted) this.#controller.abort(stop)
	}

	#start(audited: Audited, auditor: Auditor, begun: Pick<Step, 'stepId' | 'position' | 'prompt'> & Partial<Step>): void {
		const audit = this.#perform(audited, auditor, begun).finally(() => {
			this.#open.delete(audit)
			if (this.#sync.get(audited.position) === waited) this.#sync.delete(audited.position)
		})
		this.#open.add(audit)
		const before = this.#sync.get(audited.position)
		const waited = auditor.mode === 'sync' ? Promise.all([before, audit]).then(() => {}) : undefined
		if (waited) this.#sync.set(audited.position, waited)
	}

	async #perform(audited: Audited, auditor: Auditor, begun: Pick<Step, 'stepId' | 'position' | 'prompt'> & Partial<Step>): Promise<void> {
		const { clock } = this.#deps
		const { controller, release } = childController(this.#controller.signal)
		const route = this.#plan.routes.get(auditor.agent)
		const step: StepInFlight = {
			stepId: begun.stepId,
			position: begun.position,
			ref: auditor.agent,
			inputHash: begun.inputHash ?? fingerprint(asText(begun.prompt)),
			prompt: begun.prompt,
			context: route ? this.#contexts.of(route) : {},
			startedAt: begun.startedAt ?? clock.now(),
			signal: controller.signal,
		}
		try {
			if (!route) throw new Error(`worker not registered: ${auditor.agent}`)
			const { n, outcome } = await performAttempts(this.#depsFor(auditor, controller), step, route, begun.status !== undefined)
			this.#settle(audited, step, n, outcome)
		} catch (error) {
			if (this.#controller.signal.aborted) return
			const stop = controller.signal.aborted ? stopOf(controller.signal) : null
			const failure = stop ? { code: stop.code, message: stop.message } : toFailure(error)
			this.#settle(audited, step, 1, { status: 'failed', failure, stats: null })
		} finally {
			release()
		}
	}

	/** A run does not work while only asynchronous audits do; an audit that keeps killing the server fails alone. */
	#depsFor({ mode }: Auditor, controller: AbortController): AttemptDeps {
		const { clock, timer } = this.#deps
		return {
			...this.#deps,
			timer: mode === 'sync' ? timer : new WorkTimer({ clock, limitMs: undefined, usedMs: 0, onExpired() {} }),
			budget: mode === 'sync' ? this.#deps.budget : undefined,
			interrupt: (code, message) => controller.abort(new Stop('timed_out', message, code)),
		}
	}

	/** What the auditor found lies beside the audited step, and under the same name with what workers put down. */
	#settle(audited: Audited, step: StepInFlight, n: number, outcome: Outcome): void {
		const { journal, clock, outputs, run } = this.#deps
		journal.record(settledFact(step, n, outcome, clock.now()))
		const about = { ref: audited.ref, auditor: step.ref, audit_step: step.stepId, status: outcome.status }
		if ('failure' in outcome) {
			const data = { ...about, code: outcome.failure.code, error: outcome.failure.message }
			journal.record({ kind: 'remarked', event: 'step.audit_failed', stepId: audited.stepId, data })
			return
		}
		journal.record({ kind: 'remarked', event: 'step.audited', stepId: audited.stepId, data: about })
		const name = AUDIT_PREFIX + audited.ref
		const event: OutputEvent = { type: 'artifact', name, content: { kind: 'inline', value: outcome.value } }
		const output = { runId: run.id, stepId: audited.stepId, attempt: audited.attempt, event, parentRefs: [] }
		// In the transaction of the facts above: when that fails, the journal's own fault lets go of the audit.
		outputs.append({ ...output, plane: 'tail', producer: step.ref }).catch(() => {})
		outputs.append({ ...output, plane: 'data', producer: name }).catch(() => {})
	}
}
