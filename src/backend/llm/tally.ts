import type { LanguageModelUsage } from 'ai'
import type { WorkerStats } from '../../protocol/output.ts'
import type { ModelChoice } from './model.ts'
import type { Price } from './setting.ts'

/** What the turns of an attempt used so far. */
export interface Tally {
	turn(usage: LanguageModelUsage, model: string): void
	readonly turns: number
	readonly tokens: number
	/** Undefined without a price. */
	readonly costUsd: number | undefined
	/** A model that the server reports beats the one that was asked for. */
	stats(): WorkerStats
}

export function newTally({ provider, model: asked, price }: ModelChoice): Tally {
	const sum = { input: 0, cached: 0, output: 0, turns: 0 }
	let model = asked
	const cost = (): number | undefined => (price ? costOf(price, sum) : undefined)
	return {
		turn({ inputTokens, outputTokens, inputTokenDetails }, reported) {
			sum.turns++
			sum.input += inputTokens ?? 0
			sum.cached += inputTokenDetails.cacheReadTokens ?? 0
			sum.output += outputTokens ?? 0
			if (reported !== '') model = reported
		},
		get turns() {
			return sum.turns
		},
		get tokens() {
			return sum.input + sum.output
		},
		get costUsd() {
			return cost()
		},
		stats() {
			const usd = cost()
			return {
				...{ worker_kind: 'agent_block', model, num_turns: sum.turns },
				usage: { input_tokens: sum.input, output_tokens: sum.output, total_tokens: sum.input + sum.output },
				...(usd !== undefined && { cost_usd: usd }),
				adapter_data: { provider, ...(usd !== undefined && { cost_usd: usd }) },
			}
		},
	}
}

/** Rounded to a millionth of a dollar. */
function costOf({ input, output, cached_input }: Price, sum: { input: number; cached: number; output: number }): number {
	const dollars = (sum.input - sum.cached) * input + sum.cached * (cached_input ?? input) + sum.output * output
	return Math.round(dollars) / 1_000_000
}
