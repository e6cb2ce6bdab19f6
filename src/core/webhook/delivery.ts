import { type Clock, sleep } from '../../kernel/clock.ts'
import { MseError, messageOf } from '../../kernel/error.ts'
import { fingerprint } from '../../kernel/hash.ts'
import type { Logger } from '../../kernel/log.ts'
import type { Event } from '../../protocol/event.ts'
import { type Follower, follow } from '../event/follow.ts'
import type { EventLog } from '../event/log.ts'
import { attempt, type Post, type Webhook } from './attempt.ts'
import type { WebhookStore } from './store.ts'

export interface DeliveryDeps {
	readonly log: EventLog
	readonly store: WebhookStore
	readonly post: Post
	readonly clock: Clock
	readonly logger: Logger
}

const FIRST_WAIT_MS = 1000
const LONGEST_WAIT_MS = 300_000
/** A place in the log that moved over events of other kinds only is written down so often. */
const NOTE_EVERY_MS = 60_000

/**
 * Delivers matching events to one address, in order and at least once, from where the last life stopped; a webhook that never
 * ran begins with what is committed from now on. Resolves when the signal fires.
 */
export async function deliverAll(deps: DeliveryDeps, hook: Webhook, signal: AbortSignal): Promise<void> {
	while (!signal.aborted) {
		try {
			await deliverFrom(deps, hook, await startOf(deps, hook), signal)
		} catch (error) {
			if (signal.aborted) return
			if (error instanceof MseError && error.code === 'cursor_expired') await skipExpired(deps, hook)
			else await pauseAfter(deps, hook, error, signal)
		}
	}
}

async function startOf({ store, log }: DeliveryDeps, { name }: Webhook): Promise<number> {
	const known = await store.progress(name)
	if (known) return known.cursor
	const { newest } = await log.bounds()
	await store.moveTo(name, newest)
	return newest
}

async function deliverFrom(deps: DeliveryDeps, hook: Webhook, after: number, signal: AbortSignal): Promise<void> {
	const filter = hook.kinds.length > 0 ? { kinds: hook.kinds } : {}
	const follower = follow(deps.log, { after, filter, live: true, signal })
	const place = notePlace(deps, hook, follower, after)
	try {
		for await (const page of follower.pages) {
			place.isBusy = true
			for (const event of page) await deliver(deps, hook, event, signal)
			place.isBusy = false
		}
	} finally {
		place.stop()
	}
}

/** Writes the cursor down from time to time while nothing matches, so that retention does not overtake it. */
function notePlace({ clock, store, logger }: DeliveryDeps, { name }: Webhook, follower: Follower, after: number) {
	let noted = after
	let cancel = (): void => {}
	const place = { isBusy: false, stop: () => cancel() }
	const arm = (): void => {
		cancel = clock.after(NOTE_EVERY_MS, () => {
			const position = follower.position()
			if (!place.isBusy && position > noted) {
				noted = position
				store.moveTo(name, position).catch((error) => logger.warn('the place of a webhook could not be noted', { webhook: name, error }))
			}
			arm()
		})
	}
	arm()
	return place
}

/** Tries until the address takes the event, or the attempts are used up and it is kept aside. */
async function deliver(deps: DeliveryDeps, hook: Webhook, event: Event, signal: AbortSignal): Promise<void> {
	const { store, clock, logger } = deps
	const { name } = hook
	let attempts = await attemptsSoFar(deps, hook, event, signal)
	for (;;) {
		signal.throwIfAborted()
		const refused = await attempt(deps, hook, event, signal)
		if (!refused) return store.delivered(name, event.seq)
		attempts++
		const { error } = refused
		if (attempts >= hook.maxAttempts) {
			logger.warn('a webhook gave an event up', { webhook: name, seq: event.seq, kind: event.kind, attempts, error })
			return store.giveUp(name, { event, attempts, error, at: clock.now() })
		}
		const wait = Math.max(backOff(attempts, `${name}:${event.seq}`), refused.waitMs)
		await store.trying(name, { seq: event.seq, attempts, error, nextAt: clock.now() + wait })
		await sleep(clock, wait, signal)
	}
}

/** What an earlier life tried at this event; the rest of its wait is kept. */
async function attemptsSoFar({ store, clock }: DeliveryDeps, { name }: Webhook, { seq }: Event, signal: AbortSignal): Promise<number> {
	const trying = (await store.progress(name))?.trying
	if (trying?.seq !== seq) return 0
	await sleep(clock, Math.max(0, trying.nextAt - clock.now()), signal)
	return trying.attempts
}

/** Doubles up to five minutes; a tenth of it is left to chance, the same in every life. */
function backOff(attempts: number, seed: string): number {
	const chance = Number.parseInt(fingerprint(`${seed}:${attempts}`).slice(-8), 16) / 2 ** 32
	return Math.round(Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempts - 1)) * (1 - chance / 10))
}

async function skipExpired({ store, log, logger }: DeliveryDeps, { name }: Webhook): Promise<void> {
	const { oldest, newest, droppedTo } = await log.bounds()
	const to = Math.max(droppedTo, oldest === 0 ? newest : oldest - 1)
	logger.warn('a webhook missed events that are no longer kept', { webhook: name, goes_on_after: to })
	await store.moveTo(name, to)
}

async function pauseAfter({ clock, logger }: DeliveryDeps, { name }: Webhook, error: unknown, signal: AbortSignal): Promise<void> {
	logger.warn('a webhook could not go on and tries again', { webhook: name, reason: messageOf(error) })
	await sleep(clock, FIRST_WAIT_MS, signal).catch(() => {})
}
