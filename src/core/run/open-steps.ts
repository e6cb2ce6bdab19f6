import type { StepId } from '../../kernel/id.ts'
import type { Stop } from '../dispatch/stop.ts'
import { emptyJournal, type RecordedJournal } from './store.ts'

interface OpenStep {
	controller: AbortController | null
	settled: Promise<unknown>
}

/** The steps a run has in flight, and what stops the present attempt of each. */
export class OpenSteps {
	readonly #steps = new Map<StepId, OpenStep>()
	/** Steps with an attempt of an earlier life that this one has not come to yet. */
	readonly #toResume = new Map<StepId, PromiseWithResolvers<void>>()
	#asking = 0

	constructor(attempts: RecordedJournal['attempts'] = emptyJournal.attempts) {
		for (const [stepId, { open }] of attempts) if (open) this.#toResume.set(stepId, Promise.withResolvers())
	}

	/** Resolves once the attempt that an earlier life of the run had under way is under way again; at once when there was none. */
	begun(stepId: StepId): Promise<void> {
		return this.#toResume.get(stepId)?.promise ?? Promise.resolve()
	}

	/** Knows the step until `settled` is. */
	track<T>(stepId: StepId, settled: Promise<T>): Promise<T> {
		const step = this.#of(stepId)
		step.settled = settled
		return settled.finally(() => this.#steps.delete(stepId))
	}

	/** An attempt begins; the returned function says that it ended. */
	attempt(stepId: StepId, controller: AbortController): () => void {
		const step = this.#of(stepId)
		step.controller = controller
		this.#toResume.get(stepId)?.resolve()
		this.#toResume.delete(stepId)
		return () => {
			if (step.controller === controller) step.controller = null
		}
	}

	/** A step waits for an approval; the returned function, which may be called twice, says that it does no more. */
	asks(): () => void {
		this.#asking++
		let isOver = false
		return () => {
			if (!isOver) this.#asking--
			isOver = true
		}
	}

	/** Whether any of them waits for an approval. */
	get isAsking(): boolean {
		return this.#asking > 0
	}

	/** Stops the attempt under way; resolves once the step has settled. Null when there is no such attempt. */
	stop(stepId: StepId, stop: Stop): Promise<void> | null {
		const step = this.#steps.get(stepId)
		if (!step?.controller) return null
		step.controller.abort(stop)
		return step.settled.then(
			() => {},
			() => {},
		)
	}

	#of(stepId: StepId): OpenStep {
		const step = this.#steps.get(stepId) ?? { controller: null, settled: Promise.resolve() }
		this.#steps.set(stepId, step)
		return step
	}
}
