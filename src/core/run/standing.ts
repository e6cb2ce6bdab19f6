import type { StepId } from '../../kernel/id.ts'

/**
 * Which of a run's open steps merely stand: all there is of them is on disk, with somebody else, and their worker can go on with them
 * later. While every open step stands nothing of the run is needed in memory.
 */
export class Standing {
	readonly #changed: () => void
	readonly #after = new Map<StepId, number>()
	#open = 0
	#told: number | null = null

	/** `changed` is called whenever `afterMs` does. */
	constructor(changed: () => void) {
		this.#changed = changed
	}

	/** Steps that began and have not ended. */
	get openSteps(): number {
		return this.#open
	}

	/** How long to wait before the run is let go; null while anything of it is at work. */
	get afterMs(): number | null {
		return this.#open > 0 && this.#after.size === this.#open ? Math.max(...this.#after.values()) : null
	}

	opened(): void {
		this.#open++
		this.#tell()
	}

	closed(): void {
		this.#open--
		this.#tell()
	}

	/** The step's attempt stands, and the run may be let go after so many milliseconds; null: it does not stand. */
	set(stepId: StepId, afterMs: number | null): void {
		if (afterMs === null) this.#after.delete(stepId)
		else this.#after.set(stepId, afterMs)
		this.#tell()
	}

	#tell(): void {
		const { afterMs } = this
		if (afterMs === this.#told) return
		this.#told = afterMs
		this.#changed()
	}
}
