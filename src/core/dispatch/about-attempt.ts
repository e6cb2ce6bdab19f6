import type { RunId, StepId } from '../../kernel/id.ts'

/** What each log line about an attempt carries, by the names of the wire. */
export function aboutAttempt({ runId, stepId, agent, n }: { runId: RunId; stepId: StepId; agent: string; n: number }) {
	return { run_id: runId, step_id: stepId, agent, attempt: n }
}
