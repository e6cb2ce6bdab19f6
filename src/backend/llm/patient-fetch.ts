import { WorkerFailed } from '../../core/dispatch/worker-failed.ts'
import { childController } from '../../kernel/abort.ts'
import { type Clock, sleep } from '../../kernel/clock.ts'
import { messageOf } from '../../kernel/error.ts'

export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

export interface Patience {
	readonly fetch: Fetch
	readonly clock: Clock
	/** Further tries after one that may succeed later. */
	readonly retries: number
	/** Longest silence, before the answer and within it. */
	readonly idleTimeoutMs: number
	/** Told before each wait. */
	onWait(why: string, waitMs: number): void | Promise<void>
}

const FIRST_WAIT_MS = 1000
const LONGEST_BACKOFF_MS = 30_000
const LONGEST_WAIT_MS = 10 * 60_000
const SHOWN_BODY = 500

/**
 * A fetch that tries again where it may help: no connection, 408, 429 and 5xx, after what `Retry-After` says, else after a wait
 * that doubles. It throws when that was not enough, when it would have to wait more than ten minutes, and when the other side
 * falls silent. Any other answer is handed on as it is. Redirects are refused, for they would carry the key elsewhere.
 */
export function patientFetch(patience: Patience): Fetch {
	return async (input, init = {}) => {
		for (let tries = 0; ; tries++) {
			const answer = await once(patience, input, init)
			if (answer instanceof Response && !isBusy(answer.status)) return answer
			const why = answer instanceof Response ? await complaint(answer) : `cannot be reached: ${messageOf(answer)}`
			const asked = answer instanceof Response ? retryAfterMs(answer.headers, patience.clock) : undefined
			const leaveAlone = asked === undefined ? {} : { retryAfterMs: asked }
			if (tries >= patience.retries) throw new WorkerFailed(`the model server ${why} (tried ${tries + 1} times)`, leaveAlone)
			const waitMs = asked ?? Math.min(FIRST_WAIT_MS * 2 ** tries, LONGEST_BACKOFF_MS)
			if (waitMs > LONGEST_WAIT_MS)
				throw new WorkerFailed(`the model server ${why}, and asks to wait ${Math.ceil(waitMs / 1000)} s`, leaveAlone)
			await patience.onWait(why, waitMs)
			await sleep(patience.clock, waitMs, init.signal ?? undefined)
		}
	}
}

const isBusy = (status: number): boolean => status === 408 || status === 429 || status >= 500

/** The answer, or the Error that kept it away. Throws when it was told to stop, or nothing was heard for too long. */
async function once(
	{ fetch, clock, idleTimeoutMs }: Patience,
	input: string | URL | Request,
	init: RequestInit,
): Promise<Response | Error> {
	const watch = newWatch(clock, idleTimeoutMs, init.signal ?? new AbortController().signal)
	watch.arm()
	try {
		const response = await fetch(input, { ...init, redirect: 'error', signal: watch.signal })
		watch.disarm()
		return watched(response, watch)
	} catch (thrown) {
		watch.end()
		if (watch.signal.aborted) throw watch.signal.reason
		return thrown instanceof Error ? thrown : new Error(String(thrown))
	}
}

interface Watch {
	readonly signal: AbortSignal
	arm(): void
	disarm(): void
	end(): void
}

/** Fires its signal with the outer one, or when it was armed for too long. */
function newWatch(clock: Clock, idleMs: number, outer: AbortSignal): Watch {
	const { controller, release } = childController(outer)
	let disarm = (): void => {}
	return {
		signal: controller.signal,
		arm() {
			disarm = clock.after(idleMs, () => controller.abort(new Error(`the model server was silent for ${idleMs / 1000} s`)))
		},
		disarm: () => disarm(),
		end() {
			disarm()
			release()
		},
	}
}

function watched(response: Response, watch: Watch): Response {
	if (!response.body) {
		watch.end()
		return response
	}
	const reader = response.body.getReader()
	const body = new ReadableStream<Uint8Array>({
		async pull(controller) {
			watch.arm()
			try {
				const { done, value } = await reader.read()
				watch.disarm()
				if (!done) return controller.enqueue(value)
				watch.end()
				controller.close()
			} catch (thrown) {
				watch.end()
				throw watch.signal.aborted ? watch.signal.reason : thrown
			}
		},
		cancel(reason) {
			watch.end()
			return reader.cancel(reason)
		},
	})
	const { status, statusText, headers } = response
	return new Response(body, { status, statusText, headers })
}

async function complaint(response: Response): Promise<string> {
	const text = await response.text().catch(() => '')
	return `answers ${response.status}${text === '' ? '' : `: ${text.slice(0, SHOWN_BODY)}`}`
}

/** Milliseconds, seconds or a date; undefined for none, or one that cannot be read. */
function retryAfterMs(headers: Headers, clock: Clock): number | undefined {
	const exact = Number(headers.get('retry-after-ms') ?? Number.NaN)
	if (exact >= 0) return exact
	const text = headers.get('retry-after')
	if (text === null) return undefined
	const seconds = Number(text)
	if (seconds >= 0) return seconds * 1000
	const date = Date.parse(text)
	return Number.isNaN(date) ? undefined : Math.max(0, date - clock.now())
}
