import type { WorkerStats } from '../../protocol/output.ts'

/** What attempts used up. */
export interface Usage {
	readonly attempts: number
	readonly tokens: number
	readonly costUsd: number
}

export const noUsage: Usage = { attempts: 0, tokens: 0, costUsd: 0 }

export function addUsage(a: Usage, b: Usage): Usage {
	return { attempts: a.attempts + b.attempts, tokens: a.tokens + b.tokens, costUsd: a.costUsd + b.costUsd }
}

/** What one attempt used up: each figure once, from what it brought back, else from what its worker reported meanwhile. */
export function usageOf(brought: WorkerStats | null, reported: WorkerStats | null): Usage {
	return {
		attempts: 1,
		tokens: tokensOf(brought) ?? tokensOf(reported) ?? 0,
		costUsd: brought?.cost_usd ?? reported?.cost_usd ?? 0,
	}
}

function tokensOf(stats: WorkerStats | null): number | undefined {
	if (!stats?.usage) return undefined
	const { input_tokens = 0, output_tokens = 0, total_tokens = 0 } = stats.usage
	return Math.max(total_tokens, input_tokens + output_tokens)
}
