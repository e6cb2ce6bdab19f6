import type { Clock } from '../../kernel/clock.ts'
import type { Event } from '../../protocol/event.ts'
import type { EventLog } from '../event/log.ts'

interface Waiting {
	cancelDeadline: (() => void) | undefined
	readonly woken: Set<() => void>
}

/** Kinds of the facts that an approval has ended. */
export const APPROVAL_ENDS: ReadonlySet<string> = new Set(['approval.approved', 'approval.denied', 'approval.failed'])

/**
 * The pending approvals that somebody of this process waits for, and deadlines. It learns from the log that one ended, whoever wrote
 * that, and listens only while there is anything to hear.
 */
export class PendingApprovals {
	readonly #events: Pick<EventLog, 'subscribe'>
	readonly #clock: Clock
	readonly #waiting = new Map<number, Waiting>()
	#unsubscribe: (() => void) | undefined

	constructor(deps: { readonly events: Pick<EventLog, 'subscribe'>; readonly clock: Clock }) {
		this.#events = deps.events
		this.#clock = deps.clock
	}

	/** Calls `expire` at that instant unless the approval ends before. */
	arm(id: number, deadlineAt: number, expire: () => void): void {
		const waiting = this.#of(id)
		waiting.cancelDeadline?.()
		waiting.cancelDeadline = this.#clock.after(Math.max(0, deadlineAt - this.#clock.now()), () => {
			waiting.cancelDeadline = undefined
			this.#tidy(id, waiting)
			expire()
		})
	}

	/** Calls `wake` once the approval has ended; the answer takes that back. */
	onEnd(id: number, wake: () => void): () => void {
		const waiting = this.#of(id)
		waiting.woken.add(wake)
		return () => {
			waiting.woken.delete(wake)
			this.#tidy(id, waiting)
		}
	}

	stop(): void {
		for (const { cancelDeadline } of this.#waiting.values()) cancelDeadline?.()
		this.#waiting.clear()
		this.#quiet()
	}

	#of(id: number): Waiting {
		const known = this.#waiting.get(id)
		if (known) return known
		const waiting: Waiting = { cancelDeadline: undefined, woken: new Set() }
		this.#waiting.set(id, waiting)
		this.#unsubscribe ??= this.#events.subscribe((facts) => this.#hear(facts))
		return waiting
	}

	#hear(facts: readonly Event[]): void {
		for (const { kind, data } of facts) {
			if (!APPROVAL_ENDS.has(kind)) continue
			const id = Number(data.id)
			const waiting = this.#waiting.get(id)
			if (!waiting) continue
			waiting.cancelDeadline?.()
			waiting.cancelDeadline = undefined
			const woken = [...waiting.woken]
			waiting.woken.clear()
			this.#tidy(id, waiting)
			for (const wake of woken) wake()
		}
	}

	#tidy(id: number, waiting: Waiting): void {
		if (waiting.woken.size > 0 || waiting.cancelDeadline || this.#waiting.get(id) !== waiting) return
		this.#waiting.delete(id)
		if (this.#waiting.size === 0) this.#quiet()
	}

	#quiet(): void {
		this.#unsubscribe?.()
		this.#unsubscribe = undefined
	}
}
