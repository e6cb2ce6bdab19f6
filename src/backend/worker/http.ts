import type { ExecutionProfile } from '../../core/worker/execution.ts'
import { eventsOf, failed, type Lent, type TurnOffer } from '../../core/worker/lease.ts'
import type { LeaseDesk } from '../../core/worker/lease-desk.ts'
import { type Clock, sleep } from '../../kernel/clock.ts'
import { messageOf } from '../../kernel/error.ts'
import { isJsonObject, parseJson } from '../../kernel/json.ts'
import type { HttpPushProfile } from '../../protocol/runtime-profile.ts'
import { elsewhereExecution } from './elsewhere.ts'
import { LEASE_MS } from './pull.ts'

export interface HttpWorkerOptions {
	readonly desk: LeaseDesk
	readonly clock: Clock
	readonly fetch: typeof fetch
	readonly outputBytes: number
	/** Where the callback of a turn is reached; undefined while nothing listens. */
	baseUrl(): string | undefined
}

const ATTEMPTS = 3
const BACKOFF_MS = 200
const TURN_MS = 600_000

/**
 * `http:<name>`: each turn is posted as `{worker_id, turn, fence, kind, content, attachments, transcript, callback}` with an
 * `Idempotency-Key`. A 200 is the result: JSON `{text}`, or plain text. With 202 the address goes on by itself and reports to
 * the callback; its lease begins then. An address that does not answer, answers 5xx, or lets its lease run out is tried again.
 */
export function httpProfile(name: string, settings: HttpPushProfile, options: HttpWorkerOptions): ExecutionProfile {
	const profile = `http:${name}`
	const { lease_ms: leaseMs = LEASE_MS, turn_timeout_ms: deadlineMs = TURN_MS } = settings
	return {
		name: profile,
		rests: true,
		unavailable: () => null,
		spawn(context) {
			let left = new AbortController()
			const letGo = (): void => {
				left.abort(new Error('the worker was ended'))
				left = new AbortController()
			}
			const tries = new Map<number, number>()
			const deliver = (offer: TurnOffer): void => void pushTurn({ settings, options, tries, signal: left.signal }, offer)
			return elsewhereExecution({ desk: options.desk, profile, isPulled: false, leaseMs, deadlineMs, deliver, letGo }, context)
		},
	}
}

interface Push {
	readonly settings: HttpPushProfile
	readonly options: HttpWorkerOptions
	/** How often each turn was posted in this life of the server. */
	readonly tries: Map<number, number>
	readonly signal: AbortSignal
}

/** Never throws: what goes wrong ends the turn. */
async function pushTurn(push: Push, offer: TurnOffer): Promise<void> {
	const { options, signal } = push
	try {
		const answer = await post(push, offer)
		if (answer !== null) await options.desk.settle(offer.workerId, eventsOf({ text: toText(answer) }))
	} catch (error) {
		if (!signal.aborted) await options.desk.settle(offer.workerId, [failed(messageOf(error))]).catch(() => {})
	}
}

/** The answer; null when the address goes on by itself, or the lease was taken from it. */
async function post({ settings, options, tries, signal }: Push, offer: TurnOffer): Promise<string | null> {
	const headers = { 'content-type': 'application/json', 'idempotency-key': `${offer.workerId}:${offer.turn}`, ...settings.headers }
	const most = settings.attempts ?? ATTEMPTS
	for (;;) {
		const attempt = (tries.get(offer.turn) ?? 0) + 1
		if (attempt > most) throw new Error(`the worker's address let its lease run out ${most} times`)
		tries.set(offer.turn, attempt)
		const grant = await options.desk.grant(offer.workerId, settings.url)
		const body = JSON.stringify(await toBody(options, grant))
		const tried = await tryPost(settings.url, { method: 'POST', headers, body, signal }, options)
		if ('text' in tried) return tried.text
		if ('goesOn' in tried) {
			await options.desk.extend(grant.lease, settings.lease_ms ?? LEASE_MS).catch(() => {})
			return null
		}
		if (!tried.isTransient || attempt >= most) throw new Error(tried.message)
		await sleep(options.clock, BACKOFF_MS * 2 ** (attempt - 1), signal)
	}
}

async function toBody({ baseUrl }: HttpWorkerOptions, { offer, lease, fence }: Lent): Promise<object> {
	const { workerId, turn, input, transcript } = offer
	const { kind, content, attachments = [] } = input
	const base = baseUrl()
	return {
		...{ worker_id: workerId, turn, fence, kind, content, attachments },
		transcript: (await transcript()).map(({ role, content: said }) => ({ role, content: said })),
		...(base !== undefined && { callback: `${base}/v1/runtime/leases/${lease}` }),
	}
}

type Tried = { readonly text: string } | { readonly goesOn: true } | { readonly message: string; readonly isTransient: boolean }

async function tryPost(url: string, init: RequestInit, { fetch: send, outputBytes }: HttpWorkerOptions): Promise<Tried> {
	try {
		const answer = await send(url, init)
		const text = await answer.text()
		if (answer.status === 202) return { goesOn: true }
		if (text.length > outputBytes) return { message: `the answer is over ${outputBytes} bytes (limits.output_bytes)`, isTransient: false }
		if (answer.ok) return { text }
		return { message: `the worker's address answered ${answer.status}: ${text.slice(0, 200)}`, isTransient: answer.status >= 500 }
	} catch (error) {
		init.signal?.throwIfAborted()
		return { message: `the worker's address does not answer: ${messageOf(error)}`, isTransient: true }
	}
}

function toText(answer: string): string {
	const value = parseJson(answer)
	return isJsonObject(value) && typeof value.text === 'string' ? value.text : answer
}
