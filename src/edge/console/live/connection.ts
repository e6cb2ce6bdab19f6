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

/** Opens the event stream at once. A server that wants another token makes the state of `live` `refused`. */
export function openConnection({ url, token }: { readonly url: string; readonly token: string | null }): Connection {
	const ticker = newTicker()
	const client = mseClient({ url, token: token ?? undefined, fetch: browserFetch(ticker, () => live.refuse()) })
	const live = openLive(client)
	return { client, live, ticker, remembered: new Map(), close: live.close }
}

/** An answer that wants the admin token ends the session, whoever asked. */
function browserFetch(ticker: Ticker, onRefused: () => void): typeof fetch {
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
