import { messageOf } from '../../kernel/error.ts'
import { startPeriodicJob } from '../../kernel/periodic-job.ts'
import { type AgentDeps, cageOf } from './agent-deps.ts'
import { MANAGED } from './agent-end.ts'
import { type AgentRestarts, openAgentRestarts } from './agent-restart.ts'
import { bringDown, toCaged } from './agent-start.ts'
import type { AgentRecord } from './agent-store.ts'
import { eachOf, type Lanes } from './lane.ts'
import { nextRestart } from './restart-policy.ts'

/** Sees agents that end by themselves, and starts those again that are to be. */
export interface AgentWatch {
	/** One look at all that run; resolves to how many had ended. The watch does this again and again. */
	look(): Promise<number>
	/** To be called in the lane of an agent that was found to have ended by itself. */
	ended(agent: AgentRecord, exitCode: number | null): Promise<void>
	/** No restart of it is due any more: something else is asked of it. */
	forget(name: string): void
	close(): Promise<void>
}

/** Cages that are asked at a time: some are programs. */
const AT_ONCE = 16

export function openAgentWatch(deps: AgentDeps, lanes: Lanes): AgentWatch {
	const { store, clock, log, settings } = deps
	const restarts = openAgentRestarts(deps, lanes)
	const ended = (agent: AgentRecord, exitCode: number | null): Promise<void> => settleEnded(deps, restarts, agent, exitCode)

	const lookAt = async (name: string): Promise<boolean> => {
		const agent = await store.find(name)
		if (agent?.state !== 'running') return false
		const cage = cageOf(deps, agent.cage)
		const { running, exitCode } = await cage.inspect(name)
		if (running) await cage.tend?.(toCaged(agent, deps.folders.home(name)))
		else await ended(agent, exitCode ?? null)
		return !running
	}

	const unseen = (agent: string, error: unknown): boolean => {
		log.warn('an agent could not be looked at', { agent, reason: messageOf(error) })
		return false
	}

	const look = async (): Promise<number> => {
		const running = (await store.list()).filter(({ name, state }) => state === 'running' && !lanes.isBusy(name))
		const found = await eachOf(running, AT_ONCE, ({ name }) => lanes.run(name, () => lookAt(name)).catch((error) => unseen(name, error)))
		return found.filter(Boolean).length
	}

	const job = startPeriodicJob({ name: 'hive_agents', periodSecs: settings.watchSecs, clock, log, act: look })
	return {
		look,
		ended,
		forget: restarts.forget,
		async close() {
			job[Symbol.dispose]()
			restarts.close()
			await job.idle()
		},
	}
}

/** It has failed; where its policy says so, it is to run again. */
async function settleEnded(deps: AgentDeps, restarts: AgentRestarts, agent: AgentRecord, exitCode: number | null): Promise<void> {
	await bringDown(deps, agent)
	const again = nextRestart(agent, exitCode, deps.clock.now())
	const failure = exitCode === null ? 'it ended by itself' : `it exited with ${exitCode}`
	const crashed = { state: 'failed', goal: again ? 'running' : 'stopped', handle: null, exitCode, failure } as const
	const event = { kind: 'hive.agent_crashed', data: { exit_code: exitCode, restart_in_ms: again?.inMs ?? null } } as const
	await deps.store.change(agent.name, MANAGED, { ...crashed, restarts: again?.restarts ?? agent.restarts }, event)
	if (again) restarts.after(agent.name, again.inMs)
}
