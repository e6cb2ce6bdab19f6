import { createContext, useContext } from 'react'
import { MseError, messageOf, toMseError } from '../../../kernel/error.ts'
import { type MseClient, mseClient } from '../../client/client.ts'
import { type Live, openLive } from './live.ts'
import { newTicker, type Ticker } from './ticker.ts'

/** A server as pages see it: typed calls, and what happens there. */
export interface Connection {
	readonly client: MseClient
	readonly live: Live
	/** What queries found last, so that a page that was there before is there at once. */
	readonly remembered: Map<string, unknown>
	/** Routes of the worker runtime are asked with this token from now on, also when the page is loaded anew in this tab. */
	keepRuntimeToken(token: string): void
	/** One clock for all ages and deadlines on the page. */
	readonly ticker: Ticker
	close(): void
}

export const ConnectionContext = createContext<Connection | null>(null)

/** The connection of the console around. */
export function useConnection(): Connection {
	const connection = useContext(ConnectionContext)
	if (connection === null) throw new MseError('internal', 'There is no console around this part.')
	return connection
}

const RUNTIME_TOKEN = 'mse-runtime-token'
const RUNTIME_PATH = /^\/v1\/(runtime|config-bundles|workers)(\/|$)/

export interface ConnectionOptions {
	readonly url: string
	/** The admin token, which is good for all routes. */
	readonly token: string | null
	/** Holds the token of the worker runtime for as long as the tab is open. */
	readonly memory: Storage
}

/** Opens the event stream at once. A server that wants another token makes the state of `live` `refused`. */
export function openConnection({ url, token, memory }: ConnectionOptions): Connection {
	const ticker = newTicker()
	const answered = answeredFetch(ticker, () => live.refuse())
	const runtimeToken = (): string | null => (token === null ? memory.getItem(RUNTIME_TOKEN) : null)
	const client = mseClient({ url, token: token ?? undefined, fetch: runtimeFetch(answered, runtimeToken) })
	const live = openLive(client)
	const keepRuntimeToken = (next: string): void => memory.setItem(RUNTIME_TOKEN, next)
	return { client, live, ticker, remembered: new Map(), keepRuntimeToken, close: live.close }
}

/** The worker runtime may have a token of its own, which is nobody else's business. */
function runtimeFetch(fetcher: typeof fetch, tokenOf: () => string | null): typeof fetch {
	const ask = (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
		const { pathname } = new URL(input instanceof Request ? input.url : input)
		const token = RUNTIME_PATH.test(pathname) ? tokenOf() : null
		if (token === null) return fetcher(input, init)
		const headers = new Headers(init?.headers)
		headers.set('authorization', `Bearer ${token}`)
		return fetcher(input, { ...init, headers })
	}
	return Object.assign(ask, { preconnect: fetch.preconnect })
}

/** An answer that wants the admin token ends the session, whoever asked. */
function answeredFetch(ticker: Ticker, onRefused: () => void): typeof fetch {
	const ask = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
		const response = await fetch(input, init)
		const serverTime = Date.parse(response.headers.get('date') ?? '')
		if (Number.isFinite(serverTime)) ticker.serverSaid(serverTime)
		if (response.status === 401 && (await codeOf(response.clone())) === 'admin_token_required') onRefused()
		return response
	}
	return Object.assign(ask, { preconnect: fetch.preconnect })
}

async function codeOf(response: Response): Promise<unknown> {
	const body: unknown = await response.json().catch(() => null)
	return typeof body === 'object' && body !== null && 'code' in body ? body.code : null
}

/** What a person is told of something that went wrong: the server's own sentence and what to do. */
export function failureOf(thrown: unknown): MseError {
	if (thrown instanceof MseError && isAway(thrown))
		return new MseError('unavailable', 'The server does not answer.', {
			code: thrown.code,
			hint: 'The console comes back by itself as soon as it does.',
		})
	if (thrown instanceof MseError) return thrown
	const { kind } = toMseError(thrown)
	return new MseError(kind, `The console stumbled: ${messageOf(thrown)}`)
}

/** Nobody answered at all, which the state of the connection tells as well. */
export const isAway = ({ code }: MseError): boolean => code === 'unreachable'
