/** How a message came in; not part of the wire. */
export type MessageVia = 'agent-socket' | 'daemon' | 'api'

export interface MessageDraft {
	readonly from: string
	readonly to: string
	readonly body: string
	readonly via: MessageVia
	/** What it is about, where it must not be sent twice. */
	readonly key?: string
}

export interface Message extends MessageDraft {
	/** Grows with every message, and is never given twice. */
	readonly id: number
	/** Milliseconds since the epoch. */
	readonly sentAt: number
}

/**
 * Inboxes on disk, first in first out by id. Each method is one transaction with its event; a promise of a write resolves
 * after COMMIT, and `null` means that there is none.
 */
export interface MessageStore {
	/** The new id. */
	add(draft: MessageDraft): Promise<number>
	/** As `add`, unless there is a message with that key already, delivered or not. */
	addOnce(draft: MessageDraft & { readonly key: string }): Promise<void>
	/** The oldest undelivered message besides `except`, from now on delivered. */
	take(recipient: string, except: readonly number[]): Promise<Message | null>
	/** To be called right before a taken one is handed over: a server that is killed before puts it back, one that is killed later does not. */
	leaves(id: number): void
	/** It was not handed over after all. */
	stays(id: number): void
	/** Undelivered again, in its old place. */
	putBack(id: number): Promise<void>
	/** Delivered after all: what was put back while it was on its way has arrived. */
	deliver(id: number): Promise<void>
	/** Puts back what an earlier life had taken and not handed over. Before anybody receives. */
	recover(): Promise<void>
	unread(recipient: string): Promise<number>
	/** Deletes at most so many messages that were delivered before then; how many went. Undelivered ones are never touched. */
	dropDelivered(before: number, limit: number): Promise<number>
}

/** Inboxes as a reader sees them to whom nothing is delivered. */
export interface InboxReader {
	/** By id, from `after` on, the newest first on request; delivered ones only on request too, and as long as they are kept. */
	read(recipient: string, page: InboxSlice): Promise<readonly KeptMessage[]>
	unread(recipient: string): Promise<number>
}

export interface InboxSlice {
	/** From the newest on when that is asked for and it is 0. */
	readonly after: number
	readonly limit: number
	readonly delivered: boolean
	readonly newestFirst?: boolean
}

export interface KeptMessage extends Message {
	readonly deliveredAt: number | null
}
