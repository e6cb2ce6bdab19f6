import type { ContainerCrash, HelperEvent } from '../../protocol/hive.ts'
import { MANAGER } from './agent-name.ts'
import { SYSTEM } from './hive.ts'
import type { MessageDraft } from './message-store.ts'

/** The message that tells the manager how an approval ended; to be written in the transaction that ends it. Keys in the order of the wire. */
export function approvalResolved({ id, agent, commit_ref, status, note }: Omit<HelperEvent, 'event'>): MessageDraft {
	const event: HelperEvent = { event: 'approval_resolved', id, agent, commit_ref, status, ...(note !== undefined && { note }) }
	return { from: SYSTEM, to: MANAGER, body: JSON.stringify(event), via: 'daemon' }
}

/** The message that tells the manager of an agent that ended by itself; a kind that readers of the original wire do not know. */
export function containerCrash(agent: string, exitCode: number | null): MessageDraft {
	const event: ContainerCrash = { event: 'container_crash', agent, ...(exitCode !== null && { exit_code: exitCode }) }
	return { from: SYSTEM, to: MANAGER, body: JSON.stringify(event), via: 'daemon' }
}
