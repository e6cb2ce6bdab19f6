import { treaty } from '@elysiajs/eden'
import type { Api } from '../http/api.ts'
import { fromAnswer, unreachable } from './failure.ts'

export interface ClientOptions {
	/** Without a slash at the end. */
	readonly url: string
	/** The admin token, where the server wants one. */
	readonly token?: string | undefined
	readonly fetch?: typeof fetch
}

export type MseClient = ReturnType<typeof mseClient>

/**
 * Typed calls to a server. Ids in paths go through `pathId`; event streams are followed with `followEvents`.
 *
 * ```ts
 * const client = mseClient({ url: 'http://127.0.0.1:7777' })
 * const headers = { 'idempotency-key': crypto.randomUUID() }
 * const { run_id } = await client.answer(client.v1.tasks.post({ blueprint, init_ctx: {}, detach: true }, { headers }))
 * const run = await client.answer(client.v1.runs(pathId(run_id)).get())
 * ```
 */
export function mseClient({ url, token, fetch: fetcher = fetch }: ClientOptions) {
	const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
	// By default eden would turn every text that looks like a date into a Date.
	const { v1 } = treaty<Api>(url, { parseDate: false, keepDomain: true, headers, fetcher })
	return {
		url,
		headers,
		fetch: fetcher,
		v1,
		/** What the server answered. Throws its error as an MseError, or `unavailable` (code `unreachable`) when nobody answers. */
		async answer<R extends Reply>(call: Promise<R>): Promise<Answer<R>> {
			const { data, error, response } = await call
			if (error === null) return data as Answer<R>
			throw response === undefined ? unreachable(url, error.value) : fromAnswer(url, response.status, error.value)
		},
	}
}

/** Eden writes ids into the path as they are. */
export const pathId = (id: string): { readonly id: string } => ({ id: encodeURIComponent(id) })
/** As `pathId`, for what has a name in place of an id. */
export const pathName = (name: string): { readonly name: string } => ({ name: encodeURIComponent(name) })

/** `response` is missing when nobody answered, whatever eden's types say. */
interface Reply {
	readonly data: unknown
	readonly error: { readonly value: unknown } | null
	readonly response: Response | undefined
}

/** The types of routes also name the `Response` that their error hook makes, which eden has read by then. */
type Answer<R extends Reply> = Exclude<Extract<R, { readonly error: null }>['data'], Response>
