import { raceAbort } from '../../../kernel/abort.ts'
import type { Clock } from '../../../kernel/clock.ts'
import type { Budget } from '../../../protocol/policy.ts'
import type { StepFailure } from '../record.ts'
import { addUsage, type Usage } from '../usage.ts'

/** The first part of a budget that leaves no room for another attempt. An attempt under way is not counted against `tokens` and `cost_usd`. */
export function usedUp(budget: Budget | undefined, used: Usage): StepFailure | null {
	if (!budget) return null
	const { attempts, tokens, cost_usd } = budget
	if (attempts !== undefined && used.attempts >= attempts) return over('attempts', attempts, used.attempts)
	if (tokens !== undefined && used.tokens >= tokens) return over('tokens', tokens, used.tokens)
	if (cost_usd !== undefined && used.costUsd >= cost_usd) return over('cost_usd', cost_usd, used.costUsd)
	return null
}

export function over(key: keyof Budget, limit: number, used: number): StepFailure {
	return { code: `budget_${key}`, message: `budget.${key} is ${limit} and ${used} are used up` }
}

/** Whether anything in it is counted from what workers report. */
export const countsReports = (budget: Budget | undefined): boolean => budget?.tokens !== undefined || budget?.cost_usd !== undefined

/** What a whole run may use up. Once it is used up nothing more begins, and the run ends. */
export class RunBudget {
	readonly budget: Budget
	readonly #onUsedUp: (why: StepFailure) => void
	readonly #disarm: () => void
	#used: Usage
	#told = false

	/** `since` is the instant from which `wall_ms` passes; time without a server and pauses are part of it. */
	constructor(options: { budget: Budget; used: Usage; since: number; clock: Clock; onUsedUp(why: StepFailure): void }) {
		const { budget, clock, since } = options
		this.budget = budget
		this.#used = options.used
		this.#onUsedUp = options.onUsedUp
		const { wall_ms } = budget
		this.#disarm =
			wall_ms === undefined
				? () => {}
				: clock.after(since + wall_ms - clock.now(), () => this.#tell(over('wall_ms', wall_ms, clock.now() - since)))
	}

	/** Counts one more attempt. Where there is no room for it, the run ends and the promise rejects with the signal's reason. */
	enter(signal: AbortSignal): Promise<void> | undefined {
		const why = usedUp(this.budget, this.#used)
		if (!why) {
			this.#used = addUsage(this.#used, { attempts: 1, tokens: 0, costUsd: 0 })
			return undefined
		}
		this.#tell(why)
		return raceAbort(new Promise<never>(() => {}), signal)
	}

	/** What an attempt that was counted before turned out to have used. */
	spend({ tokens, costUsd }: Usage): void {
		this.#used = addUsage(this.#used, { attempts: 0, tokens, costUsd })
	}

	stop(): void {
		this.#disarm()
	}

	#tell(why: StepFailure): void {
		if (this.#told) return
		this.#told = true
		this.#onUsedUp(why)
	}
}
