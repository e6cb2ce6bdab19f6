import type { EventLog } from '../../core/event/log.ts'
import type { HiveAgents } from '../../core/hive/agents.ts'
import { agentOf, inboxSid } from '../../core/operator/agent-sid.ts'
import type { OperatorHub } from '../../core/operator/hub.ts'
import type { OperatorSessions } from '../../core/operator/sessions.ts'
import type { Event } from '../../protocol/event.ts'

interface FollowDeps {
	readonly hive: { readonly agents: HiveAgents | null }
	readonly sessions: OperatorSessions
	readonly hub: Pick<OperatorHub, 'waitsFor'>
	readonly events: Pick<EventLog, 'subscribe'>
}

/**
 * Lets the sessions of agents go with them, and gives a new agent what waited for one of its name. Resolves once those are ended
 * whose agent went while nobody saw it.
 */
export async function followAgents({ hive, sessions, hub, events }: FollowDeps): Promise<void> {
	const endWithout = async (agent: string): Promise<void> => {
		if (hive.agents !== null && !(await hive.agents.isManaged(agent))) await sessions.end(inboxSid(agent), 'ended')
	}
	const follow = async ({ kind, data }: Event): Promise<void> => {
		const agent = String(data.agent)
		if (kind === 'hive.agent_destroyed' || kind === 'hive.agent_spawn_failed') await endWithout(agent)
		if (kind === 'hive.agent_spawned' && hub.waitsFor(inboxSid(agent))) await sessions.find(inboxSid(agent))
	}
	events.subscribe((facts) => {
		// What fails here is made good at the next start.
		for (const fact of facts) if (fact.kind.startsWith('hive.agent_')) follow(fact).catch(() => {})
	})
	const agents = sessions.list().flatMap(({ record }) => agentOf(record.sid) ?? [])
	await Promise.all(agents.map(endWithout))
}
