import type { HiveAgent, HiveAgentDetail } from '../../protocol/hive-http.ts'
import type { AgentRecord } from './agent-store.ts'
import type { AgentView } from './agents.ts'

/** An agent as the operator sees it: nothing of its environment, which may hold secrets. */
export function toHiveAgent(record: AgentRecord, unread: number): HiveAgent {
	return {
		name: record.name,
		role: record.role,
		state: record.state,
		backend: record.cage,
		paused: record.paused,
		unread,
		parent: record.parent,
		applied_sha: record.spec.sha ?? null,
		exit_code: record.exitCode,
		failure: record.failure,
		restarts: record.restarts,
		started_at: record.startedAt,
		created_at: record.createdAt,
		updated_at: record.updatedAt,
	}
}

export function toHiveAgentDetail({ record, live }: AgentView, unread: number): HiveAgentDetail {
	return {
		...toHiveAgent(record, unread),
		argv: [...record.spec.argv],
		live: live && { exists: live.exists, running: live.running },
	}
}
