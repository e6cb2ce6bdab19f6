import { raceAbort } from '../../kernel/abort.ts'
import type { Clock } from '../../kernel/clock.ts'
import { MseError, messageOf } from '../../kernel/error.ts'
import { type FaultPoint, noFault } from '../../kernel/fault.ts'
import { sha256Hex } from '../../kernel/hash.ts'
import { canonicalJson, type Json } from '../../kernel/json.ts'
import type { Logger } from '../../kernel/log.ts'
import type { ApprovalKind } from '../../protocol/approval.ts'
import type { EventLog } from '../event/log.ts'
import { type ApprovalAction, nothingToDo } from './action.ts'
import { Applications } from './application.ts'
import type { Approval, ApprovalEntry, ApprovalQuery, Question } from './approval.ts'
import { checkedAnswer, checkForm } from './form.ts'
import { type Approver, closed, denied, expired, fact, granted, type Move } from './move.ts'
import { PendingApprovals } from './pending.ts'
import type { ApprovalStore } from './store.ts'

export interface GateDeps {
	readonly store: ApprovalStore
	readonly events: Pick<EventLog, 'subscribe'>
	readonly clock: Clock
	readonly log: Logger
	readonly fault?: FaultPoint
	/** Most that wait at a time. */
	readonly maxPending: number
	/** How long `approve` waits for what it began. */
	readonly waitMs: number
	/** Nobody answers what they asked for, whatever the question says. */
	readonly noSelfApproval: boolean
	/** For questions that name none; null leaves them without. */
	readonly deadlineMs: number | null
}

/** A question as it is asked; what is left out means none, anybody, one grant, deny. */
export interface Asked
	extends Pick<Question, 'kind' | 'subject' | 'requester'>,
		Partial<Omit<Question, 'kind' | 'subject' | 'requester' | 'deadlineAt'>> {
	/** Time to answer in. */
	readonly deadlineMs?: number | undefined
	/** Returns the one of this kind and subject that is pending already, if there is one. */
	readonly once?: boolean
}

export interface Approved {
	readonly approval: Approval
	/** True when what was approved is still being done. */
	readonly running: boolean
}

/** What a column takes, and ten years. */
const LARGEST_COUNT = 2 ** 31 - 1
const LONGEST_DEADLINE_MS = 315_360_000_000

/** When a deadline could not be written, it is tried again after so long. */
const AGAIN_MS = 1000

/**
 * The one place where anything waits for somebody's yes. An approval is claimed once, by compare-and-set, before its action begins; how
 * it ends, the facts about that and what belongs to it are one transaction. `recover` has to be called once all actions are registered.
 */
export class ApprovalGate {
	readonly #deps: GateDeps
	readonly #actions = new Map<ApprovalKind, ApprovalAction>()
	readonly #applications: Applications
	readonly #pending: PendingApprovals
	readonly #fault: FaultPoint
	readonly #stopping = new AbortController()

	constructor(deps: GateDeps) {
		this.#deps = deps
		this.#fault = deps.fault ?? noFault
		this.#pending = new PendingApprovals(deps)
		this.#applications = new Applications({ ...deps, fault: this.#fault, actionOf: (kind) => this.#actionOf(kind) })
	}

	/** Says what approvals of a kind do; those without only let something else go on. */
	register(kind: ApprovalKind, action: ApprovalAction): void {
		this.#actions.set(kind, action)
	}

	/** Throws `throttled` (code `approval_queue_full`), and `invalid` (`form_invalid`) for a form that is no JSON Schema. */
	async ask(asked: Asked): Promise<Approval> {
		const { store, maxPending } = this.#deps
		checkForm(asked.form ?? null)
		const approval = await store.ask(this.#toQuestion(asked), {
			...{ maxPending, once: asked.once ?? false },
			told: (made) =>
				fact(made, 'approval.requested', {
					...{ requester: made.requester, required: made.required, approvers: [...made.approvers] },
					...{ deadline_at: made.deadlineAt, on_timeout: made.onTimeout },
				}),
		})
		if (approval.status === 'pending') this.#arm(approval)
		return approval
	}

	/** Throws `not_found` with the sentence `no such approval 7`. */
	async get(id: number): Promise<Approval> {
		const approval = Number.isSafeInteger(id) ? await this.#deps.store.get(id) : null
		return approval ?? noSuch(id)
	}

	list(query: ApprovalQuery): Promise<readonly ApprovalEntry[]> {
		return this.#deps.store.list(query)
	}

	/**
	 * Grants. The last grant that is needed begins the action, once, and waits for its end so long as `waitMs`. An action that fails
	 * leaves the approval `failed` and throws nothing. Throws `not_found`, `conflict` (has ended, is being applied, granted already),
	 * `forbidden` (no approver of it) and `invalid` (the answer does not fit).
	 */
	async approve(id: number, by: Approver & { readonly answer?: Json | undefined; readonly note?: string | undefined }): Promise<Approved> {
		const { form } = await this.get(id)
		this.#fault('approval.before_claim')
		const answer = checkedAnswer(id, form, by.answer)
		const changed = await this.#change(id, (now) => (approval) => granted(approval, { ...by, answer, note: by.note ?? null }, now))
		this.#fault('approval.after_claim')
		if (changed.startedAt === null) return { approval: changed, running: false }
		return this.#waitFor(changed, this.#applications.begin(changed))
	}

	/** Throws as `approve` does. */
	deny(id: number, by: Approver & { readonly note?: string | undefined }): Promise<Approval> {
		return this.#change(id, (now) => (approval) => denied(approval, { ...by, note: by.note ?? null }, now))
	}

	/** Ends what nobody can answer any more; one that has ended stays as it is. */
	fail(id: number, note: string): Promise<Approval> {
		return this.#change(id, (now) => (approval) => closed(approval, { status: 'failed', by: null, note }, now))
	}

	/** `fail` for all that wait on a subject. Resolves with how many did. */
	async failAll(subject: Question['subject'], note: string): Promise<number> {
		const waiting = await this.list({ status: 'pending', subject, after: 0, limit: this.#deps.maxPending })
		await Promise.all(waiting.map(({ id }) => this.fail(id, note)))
		return waiting.length
	}

	/** The approval once it has ended. Rejects with the signal's reason. `stands`: see `StepApprovals.decide`. */
	async settled(id: number, signal: AbortSignal, stands = (_isSo: boolean): void => {}): Promise<Approval> {
		const end = Promise.withResolvers<void>()
		let hasEnded = false
		const leave = this.#pending.onEnd(id, () => {
			hasEnded = true
			stands(false)
			end.resolve()
		})
		try {
			const approval = await this.get(id)
			if (approval.status !== 'pending') return approval
			if (!hasEnded) stands(true)
			await raceAbort(end.promise, signal)
			return await this.get(id)
		} finally {
			leave()
		}
	}

	/** As `settled`, but after `ms` the approval as it is by then. */
	async settledWithin(id: number, ms: number): Promise<Approval> {
		const over = new AbortController()
		const disarm = this.#deps.clock.after(ms, () => over.abort())
		this.#stopping.signal.addEventListener('abort', () => over.abort(), { once: true, signal: over.signal })
		try {
			return await this.settled(id, over.signal)
		} catch (error) {
			if (!over.signal.aborted) throw error
			return this.get(id)
		} finally {
			disarm()
			over.abort()
		}
	}

	/** Takes up what an earlier life left: claims without an end are reconciled, deadlines stand again, those that passed count. */
	async recover(): Promise<void> {
		for (const { id, startedAt, expiredAt, deadlineAt } of await this.#deps.store.pending()) {
			if (startedAt !== null) await this.#applications.reconcile(id)
			else if (deadlineAt !== null && deadlineAt <= this.#deps.clock.now() && expiredAt === null) await this.#expire(id)
			else this.#arm({ id, expiredAt, deadlineAt })
		}
	}

	/** Begins nothing more. What is being applied is told to stop, and reconciled by the next server unless it ends by itself. */
	async stop(): Promise<void> {
		this.#stopping.abort()
		this.#pending.stop()
		await this.#applications.stop()
	}

	#toQuestion({ once: _once, deadlineMs, noSelfApproval = false, ...asked }: Asked): Question {
		const { clock, deadlineMs: usualMs } = this.#deps
		const ms = deadlineMs ?? usualMs
		const { payload = null } = asked
		return {
			...{ digest: sha256Hex(canonicalJson(payload)), diff: null, approvers: [], onTimeout: 'deny', form: null },
			...{ runId: null, taskId: null, stepId: null, position: null },
			...asked,
			...{ payload, noSelfApproval: noSelfApproval || this.#deps.noSelfApproval },
			required: Math.min(asked.required ?? 1, LARGEST_COUNT),
			deadlineAt: ms === null ? null : clock.now() + Math.min(ms, LONGEST_DEADLINE_MS),
		}
	}

	async #change(id: number, move: (now: number) => (approval: Approval) => Move | null): Promise<Approval> {
		const { store, clock } = this.#deps
		const { kind } = await this.get(id)
		return (await store.change(id, move(clock.now()), this.#actionOf(kind).onResolved)) ?? noSuch(id)
	}

	async #waitFor(claimed: Approval, applied: Promise<Approval>): Promise<Approved> {
		const late = Promise.withResolvers<null>()
		const disarm = this.#deps.clock.after(this.#deps.waitMs, () => late.resolve(null))
		try {
			const approval = await Promise.race([applied, late.promise])
			return approval ? { approval, running: approval.status === 'pending' } : { approval: claimed, running: true }
		} finally {
			disarm()
		}
	}

	#arm({ id, deadlineAt, expiredAt }: Pick<Approval, 'id' | 'deadlineAt' | 'expiredAt'>): void {
		if (deadlineAt === null || expiredAt !== null) return
		this.#pending.arm(id, deadlineAt, () => void this.#expire(id))
	}

	async #expire(id: number): Promise<void> {
		try {
			const approval = await this.#change(id, (now) => (it) => expired(it, now))
			if (approval.startedAt !== null && !this.#applications.has(id)) void this.#applications.begin(approval)
		} catch (error) {
			this.#deps.log.warn('the deadline of an approval could not be applied', { approval: id, reason: messageOf(error) })
			this.#pending.arm(id, this.#deps.clock.now() + AGAIN_MS, () => void this.#expire(id))
		}
	}

	#actionOf(kind: ApprovalKind): ApprovalAction {
		return this.#actions.get(kind) ?? nothingToDo
	}
}

function noSuch(id: number): never {
	throw new MseError('not_found', `no such approval ${id}`, { code: 'unknown_approval' })
}
