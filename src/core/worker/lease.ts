import { MseError } from '../../kernel/error.ts'
import type { ProtocolEvent } from '../../protocol/runtime-frame.ts'
import type { WorkerInput } from '../../protocol/runtime-worker.ts'
import type { TranscriptLine } from './worker.ts'

/** How a turn that is carried out elsewhere stands on disk; one for each worker, that of its last such turn. Times are milliseconds. */
export interface StoredLease {
	readonly workerId: string
	/** Place of the turn in the transcript. */
	readonly turn: number
	readonly profile: string
	readonly since: number
	/** Grows with each time one of the worker's turns is given out. */
	readonly fence: number
	readonly state: 'waiting' | 'leased' | 'done'
	/** Of a turn that is given out, or was when it ended. The lease itself is never kept. */
	readonly leaseHash: string | null
	readonly holder: string | null
	readonly until: number | null
}

/** Each method is one transaction. */
export interface LeaseStore {
	find(workerId: string): Promise<StoredLease | null>
	byLease(leaseHash: string): Promise<StoredLease | null>
	/** In the place of the worker's earlier one. */
	put(lease: StoredLease): Promise<void>
}

/** A turn for somebody outside this process. */
export interface TurnOffer {
	readonly workerId: string
	readonly turn: number
	readonly profile: string
	readonly input: WorkerInput
	/** Whether whoever asks for work of the profile may have it. */
	readonly isPulled: boolean
	/** How long a lease is when its holder does not say. */
	readonly leaseMs: number
	/** From its acceptance to its end, all holders together. */
	readonly deadlineMs: number
	transcript(): Promise<readonly TranscriptLine[]>
	publish(event: ProtocolEvent): void
	/** Resolves once everything published so far is on disk. */
	flushed(): Promise<void>
	/** Its holder let the lease run out, or gave it back. */
	returned?(): void
}

/** A turn that was given out. `lease` is a secret of its holder. */
export interface Lent {
	readonly lease: string
	readonly fence: number
	readonly offer: TurnOffer
}

/** A turn that was pulled. */
export interface Grant extends Lent {
	/** Until then it has to be acknowledged. */
	readonly until: number
	readonly leaseMs: number
}

/** A turn that waits for somebody, or that somebody has. */
export interface OpenTurn {
	readonly stored: StoredLease
	readonly deadlineAt: number
}

/** How its holder ended a turn. */
export type TurnResult = { readonly text: string; readonly limit_reached?: boolean } | { readonly error: string }

export function eventsOf(result: TurnResult): readonly ProtocolEvent[] {
	if ('error' in result) return [failed(result.error)]
	const end = result.limit_reached === true ? 'limit_reached' : 'finished'
	return [
		{ event: 'text_done', data: { text: result.text } },
		{ event: 'run_end', data: { result: end } },
	]
}

export const failed = (message: string): ProtocolEvent => ({ event: 'error', data: { code: 'provider_error', message } })

export function leaseLost(): MseError {
	return new MseError('gone', 'This lease is over: it ran out, was given back, or its turn was ended.', { code: 'lease_lost' })
}

export function leaseResting(workerId: string): MseError {
	return new MseError('unavailable', `Worker ${workerId} is being started again; repeat this in a moment.`, { code: 'worker_restoring' })
}
