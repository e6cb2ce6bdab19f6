import type { Clock } from '../../../kernel/clock.ts'
import type { Policy } from '../../../protocol/policy.ts'
import { Stop } from '../../dispatch/stop.ts'

/** Whether an attempt ends by itself after some time. */
export const hasDeadline = ({ timeout_ms }: Policy, endsAt: number | undefined): boolean => timeout_ms !== undefined || endsAt !== undefined

/** The attempt's own timeout, and the end of the time its step may take. The result disarms both. */
export function armDeadlines(clock: Clock, policy: Policy, endsAt: number | undefined, controller: AbortController): () => void {
	const arm = (ms: number | undefined, why: string, code: string): (() => void) =>
		ms === undefined ? () => {} : clock.after(ms, () => controller.abort(new Stop('timed_out', why, code)))
	const { timeout_ms, budget } = policy
	const disarmTimeout = arm(timeout_ms, `the attempt was stopped after its timeout of ${timeout_ms} ms`, 'attempt_timeout')
	const left = endsAt === undefined ? undefined : Math.max(0, endsAt - clock.now())
	const disarmBudget = arm(left, `budget.wall_ms of ${budget?.wall_ms} ms is used up`, 'budget_wall_ms')
	return () => {
		disarmTimeout()
		disarmBudget()
	}
}
