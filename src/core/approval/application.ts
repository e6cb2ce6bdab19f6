import { type Clock, sleep } from '../../kernel/clock.ts'
import { messageOf } from '../../kernel/error.ts'
import type { FaultPoint } from '../../kernel/fault.ts'
import type { Logger } from '../../kernel/log.ts'
import type { ApprovalKind } from '../../protocol/approval.ts'
import type { ApprovalAction } from './action.ts'
import type { Approval } from './approval.ts'
import { closed } from './move.ts'
import type { ApprovalStore } from './store.ts'

interface ApplicationDeps {
	readonly store: ApprovalStore
	readonly clock: Clock
	readonly log: Logger
	readonly fault: FaultPoint
	actionOf(kind: ApprovalKind): ApprovalAction
}

type End = { readonly status: 'approved' | 'failed'; readonly note?: string }

/** What is said of an action that a server death interrupted and that was not done. */
const INTERRUPTED = 'interrupted by restart'
/** An end that could not be written is tried again after so long. */
const AGAIN_MS = 1000

/** Does what was approved, each claim once, and writes how it ended. */
export class Applications {
	readonly #deps: ApplicationDeps
	readonly #running = new Map<number, Promise<Approval>>()
	readonly #stopping = new AbortController()

	constructor(deps: ApplicationDeps) {
		this.#deps = deps
	}

	/** Whether this process is at it. */
	has(id: number): boolean {
		return this.#running.has(id)
	}

	/** Resolves with the approval as it ended, or as it was claimed when the server stops first. */
	begin(claimed: Approval): Promise<Approval> {
		return this.#track(claimed.id, this.#perform(claimed))
	}

	/** Settles a claim of an earlier life. It is never done again. */
	async reconcile(id: number): Promise<void> {
		const claimed = this.has(id) ? null : await this.#deps.store.get(id)
		if (claimed?.startedAt != null) await this.#track(id, this.#reconcile(claimed))
	}

	async stop(): Promise<void> {
		this.#stopping.abort()
		await Promise.allSettled(this.#running.values())
	}

	#track(id: number, work: Promise<Approval>): Promise<Approval> {
		this.#running.set(id, work)
		const forget = (): void => void this.#running.delete(id)
		work.then(forget, forget)
		return work
	}

	async #perform(claimed: Approval): Promise<Approval> {
		const { signal } = this.#stopping
		try {
			await this.#deps.actionOf(claimed.kind).perform(claimed, signal)
		} catch (error) {
			if (signal.aborted) return claimed
			this.#deps.log.warn('what was approved could not be done', { approval: claimed.id, kind: claimed.kind, reason: messageOf(error) })
			return this.#end(claimed, { status: 'failed', note: messageOf(error) })
		}
		return this.#end(claimed, { status: 'approved' })
	}

	async #reconcile(claimed: Approval): Promise<Approval> {
		try {
			const found = await this.#deps.actionOf(claimed.kind).reconcile(claimed)
			return await this.#end(claimed, found === 'done' ? { status: 'approved' } : { status: 'failed', note: INTERRUPTED })
		} catch (error) {
			return this.#end(claimed, { status: 'failed', note: `${INTERRUPTED}: ${messageOf(error)}` })
		}
	}

	/** What was done stays done, so its end is written as soon as the disk takes it. */
	async #end(claimed: Approval, end: End): Promise<Approval> {
		const { store, clock, log, fault, actionOf } = this.#deps
		fault('approval.before_end')
		for (;;) {
			try {
				const move = (approval: Approval) => closed(approval, end, clock.now())
				const ended = await store.change(claimed.id, move, actionOf(claimed.kind).onResolved)
				fault('approval.after_end')
				return ended ?? claimed
			} catch (error) {
				log.error('the end of an approval could not be written', { approval: claimed.id, reason: messageOf(error) })
			}
			await sleep(clock, AGAIN_MS, this.#stopping.signal).catch(() => {})
			if (this.#stopping.signal.aborted) return claimed
		}
	}
}
