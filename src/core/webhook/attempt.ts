import type { Clock } from '../../kernel/clock.ts'
import { messageOf } from '../../kernel/error.ts'
import type { Event } from '../../protocol/event.ts'
import { signedHeaders } from './signature.ts'

/** Sends one request and reads none of the answer's body. Follows no redirect. Throws when nobody answered in time. */
export type Post = (request: {
	readonly url: string
	readonly headers: Readonly<Record<string, string>>
	readonly body: string
	readonly signal: AbortSignal
}) => Promise<{ readonly status: number; readonly retryAfter: string | null }>

/** A webhook as it is configured, its secret in hand. */
export interface Webhook {
	readonly name: string
	readonly url: string
	readonly secret: Uint8Array
	/** Beginnings of kinds; empty means every kind. */
	readonly kinds: readonly string[]
	readonly timeoutMs: number
	readonly maxAttempts: number
}

/** Null when the address took the event; otherwise why not, and what it asked us to wait. */
export type Refused = { readonly error: string; readonly waitMs: number } | null

/** One attempt at one event. Rejects only with the signal's reason. */
export async function attempt(
	deps: { readonly post: Post; readonly clock: Clock },
	hook: Webhook,
	event: Event,
	signal: AbortSignal,
): Promise<Refused> {
	const { post, clock } = deps
	const body = JSON.stringify({ type: event.kind, timestamp: new Date(event.at).toISOString(), data: event })
	const headers = { 'content-type': 'application/json', ...signedHeaders(hook.secret, { id: `evt_${event.seq}`, at: clock.now(), body }) }
	const late = new AbortController()
	const disarm = clock.after(hook.timeoutMs, () => late.abort(new Error(`no answer within ${hook.timeoutMs / 1000} s`)))
	try {
		const { status, retryAfter } = await post({ url: hook.url, headers, body, signal: AbortSignal.any([signal, late.signal]) })
		return status >= 200 && status < 300 ? null : { error: `it answered ${status}`, waitMs: asked(retryAfter) }
	} catch (error) {
		signal.throwIfAborted()
		return { error: messageOf(late.signal.aborted ? late.signal.reason : error), waitMs: 0 }
	} finally {
		disarm()
	}
}

const LONGEST_ASKED_MS = 3_600_000

/** `Retry-After` in seconds; as a date it is ignored. */
function asked(retryAfter: string | null): number {
	return retryAfter !== null && /^\d{1,9}$/.test(retryAfter) ? Math.min(Number(retryAfter) * 1000, LONGEST_ASKED_MS) : 0
}
