import type { Clock } from '../../kernel/clock.ts'
import { randomHex, sha256Hex } from '../../kernel/hash.ts'
import type { Logger } from '../../kernel/log.ts'
import type { ProtocolEvent } from '../../protocol/runtime-frame.ts'
import {
	eventsOf,
	failed,
	type Grant,
	type LeaseStore,
	type Lent,
	leaseLost,
	leaseResting,
	type OpenTurn,
	type StoredLease,
	type TurnOffer,
	type TurnResult,
} from './lease.ts'
import { type Puller, Pullers } from './puller.ts'

export interface LeaseDeskDeps {
	readonly store: LeaseStore
	readonly clock: Clock
	readonly log: Logger
}

/** An answer may be lost on its way: a turn that is not acknowledged for so long goes to somebody else. */
const ACK_MS = 10_000

interface Entry {
	readonly offer: TurnOffer
	stored: StoredLease
	/** False while a change of it is under way. */
	isFree: boolean
	stopLease: () => void
	readonly stopDeadline: () => void
}

/** The turns that are carried out outside this process: which wait, who has which, and until when. All of it stands on disk. */
export class LeaseDesk {
	readonly #deps: LeaseDeskDeps
	readonly #entries = new Map<string, Entry>()
	readonly #byLease = new Map<string, Entry>()
	readonly #pullers = new Pullers()

	constructor(deps: LeaseDeskDeps) {
		this.#deps = deps
	}

	/** Takes a turn in. One that an earlier life of the server had stays with whoever has it, if its lease has not run out. */
	async open(offer: TurnOffer): Promise<{ readonly isHeld: boolean }> {
		const { store, clock } = this.#deps
		const before = await store.find(offer.workerId)
		const isSame = before?.turn === offer.turn
		const isHeld = isSame && before.state === 'leased' && (before.until ?? 0) > clock.now()
		const since = isSame ? before.since : clock.now()
		const stored = isHeld ? before : waiting(offer, since, before?.fence ?? 0)
		if (!isHeld) await store.put(stored)
		const late = failed(`nobody finished this turn within ${Math.round(offer.deadlineMs / 1000)} s`)
		const stopDeadline = clock.after(since + offer.deadlineMs - clock.now(), () => this.#inBackground(this.settle(offer.workerId, [late])))
		const entry: Entry = { offer, stored, isFree: true, stopLease: () => {}, stopDeadline }
		this.#entries.set(offer.workerId, entry)
		if (isHeld) this.#watch(entry)
		else this.#pass(entry)
		return { isHeld }
	}

	has(workerId: string): boolean {
		return this.#entries.has(workerId)
	}

	/** What waits and what is given out, oldest first. */
	list(): readonly OpenTurn[] {
		const all = [...this.#entries.values()].map(({ stored, offer }) => ({ stored, deadlineAt: stored.since + offer.deadlineMs }))
		return all.sort((a, b) => a.stored.since - b.stored.since)
	}

	/** The oldest turn of one of the profiles, at once or within `waitMs`; null when there was none. */
	async pull(puller: Omit<Puller, 'resolve'>, waitMs: number, signal: AbortSignal): Promise<Grant | null> {
		const found = this.#nextFor(puller.profiles)
		if (found) return this.#give(found, puller)
		if (waitMs === 0 || signal.aborted) return null
		return this.#pullers.wait(puller, waitMs, signal, this.#deps.clock)
	}

	/**
	 * Gives a turn that is not pulled to that holder, who has it as long as this process asks them, or from the first extension as
	 * any other. Throws `lease_lost` when it is not open.
	 */
	async grant(workerId: string, holder: string): Promise<Lent> {
		const entry = this.#entries.get(workerId)
		if (!entry?.isFree) throw leaseLost()
		return this.#lend(entry, holder, null)
	}

	/** Makes the lease last from now on; the first time is the acknowledgement. Resolves to its end. */
	async extend(lease: string, leaseMs?: number): Promise<StoredLease> {
		const entry = await this.#held(lease)
		await this.#change(entry, { ...entry.stored, until: this.#deps.clock.now() + (leaseMs ?? entry.offer.leaseMs) })
		this.#watch(entry)
		return entry.stored
	}

	/** What the holder does, for observers and the transcript; makes the lease last, too. */
	async say(lease: string, events: readonly ProtocolEvent[]): Promise<StoredLease> {
		const { offer } = await this.#held(lease)
		for (const event of events) offer.publish(event)
		const [stored] = await Promise.all([this.extend(lease), offer.flushed()])
		return stored
	}

	/** Ends the turn. The same again is fine: the answer may have been lost. */
	async complete(lease: string, result: TurnResult): Promise<StoredLease> {
		const ended = await this.#endedBy(lease)
		if (ended) return ended
		const entry = await this.#held(lease)
		await this.#end(entry, eventsOf(result), entry.stored.leaseHash)
		return entry.stored
	}

	/** Its holder does not want it any more. */
	async giveBack(lease: string): Promise<StoredLease> {
		const entry = await this.#held(lease)
		await this.#return(entry, 'was given back')
		return entry.stored
	}

	/** Ends a turn from our side, if it is open. Its holder's lease is lost. */
	async settle(workerId: string, events: readonly ProtocolEvent[]): Promise<void> {
		const entry = this.#entries.get(workerId)
		if (entry) await this.#end(entry, events, null)
	}

	/** Forgets a turn that goes on in the next life of the server. */
	leave(workerId: string): void {
		const entry = this.#entries.get(workerId)
		if (entry) this.#forget(entry)
	}

	/** Nobody waits for turns any more. */
	stop(): void {
		this.#pullers.stop()
	}

	#nextFor(profiles: readonly string[]): Entry | undefined {
		const fits = ({ stored, offer, isFree }: Entry): boolean =>
			isFree && offer.isPulled && stored.state === 'waiting' && profiles.includes(stored.profile)
		return [...this.#entries.values()].find(fits)
	}

	/** A turn that waits goes to whoever waits for one. */
	#pass(entry: Entry): void {
		if (!entry.offer.isPulled || !entry.isFree || entry.stored.state !== 'waiting') return
		const puller = this.#pullers.take(entry.stored.profile)
		puller?.resolve(this.#give(entry, puller))
	}

	async #give(entry: Entry, { holder, leaseMs = entry.offer.leaseMs }: Pick<Puller, 'holder' | 'leaseMs'>): Promise<Grant> {
		const until = this.#deps.clock.now() + Math.min(ACK_MS, leaseMs)
		return { ...(await this.#lend(entry, holder, until)), until, leaseMs }
	}

	async #lend(entry: Entry, holder: string | null, until: number | null): Promise<Lent> {
		const lease = `lease-${randomHex(16)}`
		const fence = entry.stored.fence + 1
		await this.#change(entry, { ...entry.stored, state: 'leased', fence, leaseHash: sha256Hex(lease), holder, until })
		this.#watch(entry)
		return { lease, fence, offer: entry.offer }
	}

	async #return(entry: Entry, how: string): Promise<void> {
		const { workerId } = entry.stored
		if (this.#entries.get(workerId) !== entry || entry.stored.state !== 'leased') return
		const { stored, offer } = entry
		const message = `the lease of this turn ${how}; it goes to somebody else`
		offer.publish({ event: 'alert', data: { level: 'warn', source: 'worker', message, timestamp_ms: this.#deps.clock.now() } })
		await this.#change(entry, waiting(offer, stored.since, stored.fence))
		if (this.#entries.get(workerId) !== entry) return
		offer.returned?.()
		this.#pass(entry)
	}

	/** The result and that the turn is over are one transaction: both are written in this turn of the loop. `by`: the lease that did it. */
	async #end(entry: Entry, events: readonly ProtocolEvent[], by: string | null): Promise<void> {
		const { offer, stored } = entry
		const done = this.#change(entry, { ...stored, state: 'done', until: null, leaseHash: by })
		for (const event of events) offer.publish(event)
		await Promise.all([done, offer.flushed()])
		this.#forget(entry)
	}

	async #change(entry: Entry, stored: StoredLease): Promise<void> {
		const before = entry.stored
		entry.isFree = false
		this.#place(entry, stored)
		try {
			await this.#deps.store.put(stored)
		} catch (error) {
			this.#place(entry, before)
			throw error
		} finally {
			entry.isFree = true
		}
	}

	#place(entry: Entry, stored: StoredLease): void {
		if (entry.stored.leaseHash !== null) this.#byLease.delete(entry.stored.leaseHash)
		entry.stored = stored
		if (stored.leaseHash !== null && stored.state === 'leased') this.#byLease.set(stored.leaseHash, entry)
	}

	#watch(entry: Entry): void {
		const { until, leaseHash } = entry.stored
		entry.stopLease()
		if (leaseHash !== null) this.#byLease.set(leaseHash, entry)
		if (until === null || this.#entries.get(entry.stored.workerId) !== entry) return
		entry.stopLease = this.#deps.clock.after(until - this.#deps.clock.now(), () => this.#inBackground(this.#return(entry, 'ran out')))
	}

	#forget(entry: Entry): void {
		entry.stopLease()
		entry.stopDeadline()
		if (this.#entries.get(entry.stored.workerId) === entry) this.#entries.delete(entry.stored.workerId)
		if (entry.stored.leaseHash !== null) this.#byLease.delete(entry.stored.leaseHash)
	}

	async #held(lease: string): Promise<Entry> {
		const hash = sha256Hex(lease)
		const entry = this.#byLease.get(hash)
		if (entry) return entry
		const stored = await this.#deps.store.byLease(hash)
		throw stored?.state === 'leased' ? leaseResting(stored.workerId) : leaseLost()
	}

	async #endedBy(lease: string): Promise<StoredLease | null> {
		const stored = await this.#deps.store.byLease(sha256Hex(lease))
		return stored?.state === 'done' ? stored : null
	}

	#inBackground(work: Promise<void>): void {
		work.catch((cause: unknown) => this.#deps.log.error('a turn that is carried out elsewhere could not be changed', { cause }))
	}
}

const waiting = ({ workerId, turn, profile }: TurnOffer, since: number, fence: number): StoredLease => ({
	...{ workerId, turn, profile, since, fence, state: 'waiting', leaseHash: null, holder: null, until: null },
})
