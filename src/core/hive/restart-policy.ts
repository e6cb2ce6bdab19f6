import type { AgentRecord } from './agent-store.ts'

/** One that ran as long as this begins anew to count its restarts. */
const STEADY_MS = 60_000
const LONGEST_BACKOFF_MS = 300_000

/** Whether an agent that ended by itself is started again, and when; null: it stays as it is. */
export function nextRestart(agent: AgentRecord, exitCode: number | null, now: number): { inMs: number; restarts: number } | null {
	const { restart } = agent.spec
	if (restart === 'never' || exitCode === 0) return null
	const before = agent.startedAt !== null && now - agent.startedAt >= STEADY_MS ? 0 : agent.restarts
	if (before >= restart.max) return null
	return { inMs: Math.min(restart.backoff_ms * 2 ** before, LONGEST_BACKOFF_MS), restarts: before + 1 }
}
