import { MseError } from '../../kernel/error.ts'
import type { Json } from '../../kernel/json.ts'
import type { Ctx } from './ctx.ts'
import { FlowError } from './flow-error.ts'
import type { Joiner, Settlement } from './join.ts'
import type { Lane, Runner } from './lane.ts'

export interface LaneGroupPlan {
	readonly parent: Lane
	/** Of the fan-out node. */
	readonly position: string
	/** One for each lane, in item order. */
	readonly ctxs: readonly Ctx[]
	readonly body: Runner
	readonly joiner: Joiner
}

/**
 * The lanes of one fan-out. Starts them in item order, a bounded number at a time, and is over as soon as the joiner says so, the
 * parent aborts or something fails that is no FlowError: then lanes still at work are aborted at once and what becomes of them is ignored.
 */
export class LaneGroup {
	readonly #plan: LaneGroupPlan
	readonly #running = new Map<number, AbortController>()
	readonly #end = Promise.withResolvers<Json>()
	readonly #onAbort: () => void
	#next = 0
	#over = false

	constructor(plan: LaneGroupPlan) {
		this.#plan = plan
		this.#onAbort = () => this.#break(plan.parent.signal.reason)
	}

	/** The joined value; rejects with the FlowError of the lane that decided, or with what broke the group. Call once. */
	run(): Promise<Json> {
		this.#plan.parent.signal.throwIfAborted()
		this.#plan.parent.signal.addEventListener('abort', this.#onAbort, { once: true })
		this.#fill()
		return this.#end.promise
	}

	#fill(): void {
		const { ctxs, parent } = this.#plan
		const most = Math.max(1, parent.host.limits.fanoutConcurrency)
		while (!this.#over && this.#running.size < most) {
			const index = this.#next
			const ctx = ctxs[index]
			if (ctx === undefined) return
			this.#next++
			this.#start(index, ctx)
		}
	}

	#start(index: number, ctx: Ctx): void {
		const controller = new AbortController()
		this.#running.set(index, controller)
		const passed = (): void => this.#passed(index, ctx)
		const failed = (thrown: unknown): void => this.#failed(index, thrown)
		try {
			const pending = this.#runBody({ ...this.#plan.parent, ctx, signal: controller.signal }, index)
			if (pending === undefined) passed()
			else pending.then(passed, failed).then(() => this.#fill())
		} catch (thrown) {
			failed(thrown)
		}
	}

	#runBody(lane: Lane, index: number): void | Promise<void> {
		const { body, position } = this.#plan
		const run = (): void | Promise<void> => {
			lane.signal.throwIfAborted()
			return body(lane, `${position}/lane[${index}]`)
		}
		return lane.pace.due()?.then(run) ?? run()
	}

	#passed(index: number, ctx: Ctx): void {
		if (!this.#over) this.#settled(index, { value: ctx.value() })
	}

	#failed(index: number, thrown: unknown): void {
		if (thrown instanceof FlowError) this.#settled(index, { error: thrown })
		else this.#break(thrown)
	}

	#settled(index: number, settlement: Settlement): void {
		if (this.#over) return
		this.#running.delete(index)
		try {
			const verdict = this.#plan.joiner(index, settlement)
			if (verdict === undefined) return
			if (verdict.decisive) this.#plan.parent.host.decide(this.#plan.position, index)
			this.#close(laneCancelled(this.#plan.position, index))
			if ('error' in verdict) this.#end.reject(verdict.error)
			else this.#end.resolve(verdict.value)
		} catch (thrown) {
			this.#break(thrown)
		}
	}

	#break(thrown: unknown): void {
		if (this.#over) return
		this.#close(thrown)
		this.#end.reject(thrown)
	}

	#close(reason: unknown): void {
		this.#over = true
		this.#plan.parent.signal.removeEventListener('abort', this.#onAbort)
		for (const controller of this.#running.values()) controller.abort(reason)
		this.#running.clear()
	}
}

/** The abort reason of lanes that are no longer needed; `code` is `lane_cancelled`. */
function laneCancelled(position: string, decidedBy: number): MseError {
	return new MseError('cancelled', `Lane ${decidedBy} decided the fan-out at '${position}'; this lane is no longer needed.`, {
		code: 'lane_cancelled',
	})
}
