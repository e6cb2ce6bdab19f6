import type { Event } from '../../protocol/event.ts'

/** The delivery that is being tried again. */
export interface Trying {
	readonly seq: number
	readonly attempts: number
	readonly error: string
	/** When it is tried next, in milliseconds. */
	readonly nextAt: number
}

/** How far one webhook got. */
export interface Progress {
	/** Everything up to here was delivered, given up, or did not match. */
	readonly cursor: number
	readonly delivered: number
	readonly trying: Trying | null
}

/** An event that was given up. */
export interface Undelivered {
	readonly event: Event
	readonly attempts: number
	readonly error: string
	readonly at: number
}

/** What webhooks must not forget. Every change is on disk once its promise resolves. */
export interface WebhookStore {
	/** Null for a webhook that never ran. */
	progress(name: string): Promise<Progress | null>
	/** It stands at `cursor` and is trying nothing; one that never ran begins there. */
	moveTo(name: string, cursor: number): Promise<void>
	/** The event was taken: one more is delivered, and the cursor stands on it. */
	delivered(name: string, seq: number): Promise<void>
	trying(name: string, trying: Trying): Promise<void>
	/** The event is kept aside and the cursor stands on it. Only the newest 1 000 of a webhook are kept. */
	giveUp(name: string, undelivered: Undelivered): Promise<void>
	/** Oldest first. */
	undelivered(name: string, limit: number): Promise<readonly Undelivered[]>
	/** Newest first. */
	newestUndelivered(name: string, limit: number): Promise<readonly Undelivered[]>
	countUndelivered(name: string): Promise<number>
	/** An event that had been kept aside was taken after all. */
	recovered(name: string, seq: number): Promise<void>
}
