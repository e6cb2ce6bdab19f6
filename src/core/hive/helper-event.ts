import type { HelperEvent } from '../../protocol/hive.ts'
import { MANAGER } from './agent-name.ts'
import { SYSTEM } from './hive.ts'
import type { MessageDraft } from './message-store.ts'

/** The message that tells the manager how an approval ended; to be written in the transaction that ends it. Keys in the order of the wire. */
export function approvalResolved({ id, agent, commit_ref, status, note }: Omit<HelperEvent, 'event'>): MessageDraft {
	const event: HelperEvent = { event: 'approval_resolved', id, agent, commit_ref, status, ...(note !== undefined && { note }) }
	return { from: SYSTEM, to: MANAGER, body: JSON.stringify(event), via: 'daemon' }
}
