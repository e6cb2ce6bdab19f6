import { type HiveWorkers, hiveWorkers } from '../../backend/worker/hive.ts'
import { MANAGER } from '../../core/hive/agent-name.ts'
import type { LeaseDesk } from '../../core/worker/lease-desk.ts'
import { MseError } from '../../kernel/error.ts'
import type { Stores } from '../stores.ts'
import { HIVE_OFF, type ProfileFamily } from '../worker-profiles.ts'
import type { Hive } from './hive.ts'

interface HiveWorkerParts {
	readonly hive: Pick<Hive, 'agents' | 'messages'>
	readonly events: Stores['events']
}

/** `hive:<agent>` for the worker runtime; every managed agent is seen there. */
export const hiveFamily =
	({ hive, events }: HiveWorkerParts) =>
	(desk: LeaseDesk): ProfileFamily & HiveWorkers => {
		const workers = hiveWorkers({
			desk,
			unavailable: () => (hive.agents === null ? HIVE_OFF : null),
			ensureRunning: (agent, by) => ensureRunning(hive, agent, by),
			send: (draft) => hive.messages.addOnce(draft),
		})
		const names = agentNames({ hive, events })
		return { ...workers, prefix: 'hive:', names }
	}

async function ensureRunning({ agents }: Pick<Hive, 'agents'>, agent: string, by: string): Promise<void> {
	if (agents === null) throw new MseError('unavailable', HIVE_OFF, { code: 'no_agents' })
	if (agent === MANAGER) await agents.ensureManager({ by })
	else if (await agents.isManaged(agent)) await agents.start(agent, { by })
	else await agents.spawn(agent, { by, parent: by })
}

/** The names of managed agents, from memory. */
function agentNames({ hive, events }: HiveWorkerParts): () => readonly string[] {
	let names: readonly string[] = []
	const refresh = async (): Promise<void> => {
		names = (await hive.agents?.list()) ?? []
	}
	events.subscribe((facts) => {
		if (facts.some(({ kind }) => kind.startsWith('hive.agent_'))) refresh().catch(() => {})
	})
	refresh().catch(() => {})
	return () => names
}
