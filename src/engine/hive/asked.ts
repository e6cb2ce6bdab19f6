import type { Approval } from '../../core/approval/approval.ts'
import type { AgentConfigs } from '../../core/hive/config/agent-configs.ts'
import { isJsonObject, type Json } from '../../kernel/json.ts'

/** The subject of an approval that is about an agent. */
export const about = (agent: string): Approval['subject'] => ({ type: 'agent', id: agent })

/** What a commit was called by whoever proposed it; empty for what proposes none. */
export function commitRef(payload: Json): string {
	return isJsonObject(payload) && typeof payload.commit_ref === 'string' ? payload.commit_ref : ''
}

/** Ties the commit to its approval once more, for the server may have died before it did so the first time. Returns the agent. */
export async function pinProposal(configs: AgentConfigs, { id, subject, payload }: Approval): Promise<string> {
	const sha = isJsonObject(payload) ? payload.fetched_sha : undefined
	if (typeof sha === 'string') await configs.pin(subject.id, String(id), sha)
	return subject.id
}
