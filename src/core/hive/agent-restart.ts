import { messageOf } from '../../kernel/error.ts'
import type { AgentDeps } from './agent-deps.ts'
import { startAgent } from './agent-start.ts'
import type { Lanes } from './lane.ts'
import { nextRestart } from './restart-policy.ts'

/** Restarts that are due by the policy of an agent, at most one for each. */
export interface AgentRestarts {
	after(name: string, ms: number): void
	/** None is due any more: something else is asked of it. */
	forget(name: string): void
	close(): void
}

export function openAgentRestarts(deps: AgentDeps, lanes: Lanes): AgentRestarts {
	const due = new Map<string, () => void>()
	let closed = false

	const after = (name: string, ms: number): void => {
		if (closed) return
		const fire = (): void => {
			due.delete(name)
			lanes.run(name, () => restart(name)).catch((error) => warn(name, error))
		}
		due.set(name, deps.clock.after(ms, fire))
	}

	const restart = async (name: string): Promise<void> => {
		const agent = await deps.store.find(name)
		if (closed || agent?.state !== 'failed' || agent.goal !== 'running') return
		try {
			await startAgent(deps, agent, 'kept', { kind: 'hive.agent_started', data: { by: 'restart policy' } })
		} catch (error) {
			const again = nextRestart({ ...agent, startedAt: null }, null, deps.clock.now())
			if (!again) throw error
			await deps.store.change(name, ['failed'], { goal: 'running', restarts: again.restarts })
			after(name, again.inMs)
		}
	}

	const warn = (agent: string, error: unknown): void =>
		deps.log.warn('an agent that ended could not be restarted', { agent, reason: messageOf(error) })

	return {
		after,
		forget(name) {
			due.get(name)?.()
			due.delete(name)
		},
		close() {
			closed = true
			for (const cancel of due.values()) cancel()
			due.clear()
		},
	}
}
