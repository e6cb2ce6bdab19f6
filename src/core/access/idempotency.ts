import { MseError } from '../../kernel/error.ts'
import type { Json } from '../../kernel/json.ts'

/** A request with an `Idempotency-Key`. */
export interface KeyedRequest {
	/** Names route and caller; the same key means something else in another scope. */
	readonly scope: string
	readonly key: string
	/** Of everything that says what is asked for. */
	readonly bodyHash: string
}

/** What a request did, as much of it as its answer is made from. */
export interface KeptEffect {
	readonly bodyHash: string
	readonly effect: Json
}

export interface IdempotencyStore {
	/** Null when the key is new, or older than 24 h. */
	find(request: KeyedRequest): Promise<KeptEffect | null>
	/** Runs `work`; what it does and the key are one transaction, so that neither is ever on disk alone. */
	keeping<T>(request: KeyedRequest, work: () => Promise<T>): Promise<T>
}

/** `first` does the work, `again` answers from what it did. A null request has no key and is simply done. */
export type Once<T> = (request: KeyedRequest | null, first: () => Promise<T>, again: (effect: Json) => Promise<T>) => Promise<T>

/**
 * Does what a key asks for once, for one kind of request: a repeat gets the first answer again, and waits for it while it is
 * being made. A refusal had no effect and is not kept. Throws `invalid` (`idempotency_mismatch`) for a key that came with another body. Without a store, keys have no effect.
 */
export function oncePerKey<T>(store: IdempotencyStore | undefined): Once<T> {
	const inFlight = new Map<string, { readonly bodyHash: string; readonly answer: Promise<T> }>()
	return async (request, first, again) => {
		if (request === null || store === undefined) return first()
		const name = `${request.scope} ${request.key}`
		const other = inFlight.get(name)
		if (other) {
			requireSameBody(request, other.bodyHash)
			return other.answer
		}
		const answer = answerTo(store, request, first, again)
		inFlight.set(name, { bodyHash: request.bodyHash, answer })
		try {
			return await answer
		} finally {
			inFlight.delete(name)
		}
	}
}

async function answerTo<T>(
	store: IdempotencyStore,
	request: KeyedRequest,
	first: () => Promise<T>,
	again: (effect: Json) => Promise<T>,
): Promise<T> {
	const kept = await store.find(request)
	if (!kept) return store.keeping(request, first)
	requireSameBody(request, kept.bodyHash)
	return again(kept.effect)
}

function requireSameBody({ key, bodyHash }: KeyedRequest, before: string): void {
	if (bodyHash === before) return
	throw new MseError('invalid', `Idempotency-Key ${key} came before with another body or query.`, {
		code: 'idempotency_mismatch',
		hint: 'Repeat a request exactly as it was sent, or take a new key.',
	})
}
