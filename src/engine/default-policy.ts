import type { Config } from '../config.ts'
import type { Policy, RunPolicy } from '../protocol/policy.ts'

/** What `[policy]` says of the steps of agents whose Blueprint says nothing; retries are off until their number is given. */
export function policyOf({ policy }: Config): Policy {
	const { timeoutMs, retryMaxAttempts, onRestart, children } = policy
	const retry = retryMaxAttempts !== null && {
		max_attempts: retryMaxAttempts,
		backoff_ms: policy.retryBackoffMs,
		factor: policy.retryFactor,
		max_backoff_ms: policy.retryMaxBackoffMs,
		jitter: policy.retryJitter,
	}
	return {
		...(timeoutMs !== null && { timeout_ms: timeoutMs }),
		...(retry && { retry }),
		...(children !== null && { children }),
		...(onRestart !== null && { on_restart: onRestart }),
		...budgetOf(policy),
	}
}

/** What `[run_policy]` says of runs whose Blueprint and launch say nothing. */
export function runPolicyOf({ runPolicy }: Config): RunPolicy {
	const { timeoutMs, children } = runPolicy
	return { ...(timeoutMs !== null && { timeout_ms: timeoutMs }), ...(children !== null && { children }), ...budgetOf(runPolicy) }
}

type BudgetKeys = Pick<Config['runPolicy'], 'budgetWallMs' | 'budgetAttempts' | 'budgetTokens' | 'budgetCostUsd'>

function budgetOf({ budgetWallMs, budgetAttempts, budgetTokens, budgetCostUsd }: BudgetKeys): Pick<Policy, 'budget'> {
	const budget = {
		...(budgetWallMs !== null && { wall_ms: budgetWallMs }),
		...(budgetAttempts !== null && { attempts: budgetAttempts }),
		...(budgetTokens !== null && { tokens: budgetTokens }),
		...(budgetCostUsd !== null && { cost_usd: budgetCostUsd }),
	}
	return Object.keys(budget).length > 0 ? { budget } : {}
}
