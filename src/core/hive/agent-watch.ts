import { messageOf } from '../../kernel/error.ts'
import { startPeriodicJob } from '../../kernel/periodic-job.ts'
import { type AgentDeps, cageOf } from './agent-deps.ts'
import { MANAGED } from './agent-end.ts'
import { bringDown, startAgent, toCaged } from './agent-start.ts'
import type { AgentRecord } from './agent-store.ts'
import type { Lanes } from './lane.ts'
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

export function openAgentWatch(deps: AgentDeps, lanes: Lanes): AgentWatch {
	const { store, clock, log, settings, folders } = deps
	const restarts = new Map<string, () => void>()
	let closed = false

	const ended = async (agent: AgentRecord, exitCode: number | null): Promise<void> => {
		await bringDown(deps, agent)
		const again = nextRestart(agent, exitCode, clock.now())
		const failure = exitCode === null ? 'it ended by itself' : `it exited with ${exitCode}`
		const crashed = { state: 'failed', goal: again ? 'running' : 'stopped', handle: null, exitCode, failure } as const
		const data = { exit_code: exitCode, restart_in_ms: again?.inMs ?? null }
		const event = { kind: 'hive.agent_crashed', data } as const
		await store.change(agent.name, MANAGED, { ...crashed, restarts: again?.restarts ?? agent.restarts }, event)
		if (again) restartIn(agent.name, again.inMs)
	}

	const restartIn = (name: string, ms: number): void => {
		if (closed) return
		const fire = (): void => {
			restarts.delete(name)
			lanes.run(name, () => restartNow(name)).catch((error) => warn('an agent that ended could not be restarted', name, error))
		}
		restarts.set(name, clock.after(ms, fire))
	}

	const restartNow = async (name: string): Promise<void> => {
		const agent = await store.find(name)
		if (closed || agent?.state !== 'failed' || agent.goal !== 'running') return
		try {
			await startAgent(deps, agent, 'kept', { kind: 'hive.agent_started', data: { by: 'restart policy' } })
		} catch (error) {
			const again = nextRestart({ ...agent, startedAt: null }, null, clock.now())
			if (!again) throw error
			await store.change(name, ['failed'], { goal: 'running', restarts: again.restarts })
			restartIn(name, again.inMs)
		}
	}

	const lookAt = async (name: string): Promise<boolean> => {
		const agent = await store.find(name)
		if (agent?.state !== 'running') return false
		const cage = cageOf(deps, agent.cage)
		const { running, exitCode } = await cage.inspect(name)
		if (running) await cage.tend?.(toCaged(agent, folders.home(name)))
		else await ended(agent, exitCode ?? null)
		return !running
	}

	const warn = (what: string, agent: string, error: unknown): boolean => {
		log.warn(what, { agent, reason: messageOf(error) })
		return false
	}

	const look = async (): Promise<number> => {
		const running = (await store.list()).filter(({ name, state }) => state === 'running' && !lanes.isBusy(name))
		const unseen = (name: string) => (error: unknown) => warn('an agent could not be looked at', name, error)
		const found = await Promise.all(running.map(({ name }) => lanes.run(name, () => lookAt(name)).catch(unseen(name))))
		return found.filter(Boolean).length
	}

	const job = startPeriodicJob({ name: 'hive_agents', periodSecs: settings.watchSecs, clock, log, act: look })
	return {
		look,
		ended,
		forget(name) {
			restarts.get(name)?.()
			restarts.delete(name)
		},
		async close() {
			closed = true
			job[Symbol.dispose]()
			for (const cancel of restarts.values()) cancel()
			restarts.clear()
			await job.idle()
		},
	}
}
