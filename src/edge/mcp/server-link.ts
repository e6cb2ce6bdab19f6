import { type MseClient, mseClient } from '../client/client.ts'
import { invalidParams } from './argument.ts'

/** How tools reach servers. */
export interface ServerLink {
	/** Without a slash at the end. */
	readonly url: string
	readonly token: string | undefined
	/** Whether a tool may be pointed at another server; not where the caller is not the user of this process. */
	readonly mayRoam: boolean
}

/** Longest wait for an answer that waits for nobody else. */
const PATIENCE_MS = 150_000

/** A client whose calls end with the signal. The token goes to the server it was given for, and to no other. */
export function clientOf(link: ServerLink, bind: string | undefined, signal: AbortSignal): MseClient {
	const url = addressOf(link, bind)
	const patient = (input: Parameters<typeof fetch>[0], init?: RequestInit): Promise<Response> => {
		const isStream = new Headers(init?.headers).get('accept') === 'text/event-stream'
		const ends = [signal, ...(init?.signal ? [init.signal] : []), ...(isStream ? [] : [AbortSignal.timeout(PATIENCE_MS)])]
		return fetch(input, { ...init, signal: AbortSignal.any(ends) })
	}
	const fetcher = Object.assign(patient, { preconnect: fetch.preconnect })
	return mseClient({ url, fetch: fetcher, ...(url === link.url && { token: link.token }) })
}

/** The base URL behind a `bind`, or of the server itself. */
export function addressOf({ url, mayRoam }: ServerLink, bind: string | undefined): string {
	if (bind === undefined || bind === '') return url
	const other = URL.parse(/^https?:\/\//.test(bind) ? bind : `http://${bind}`)
	if (other?.pathname !== '/' || other.username !== '') throw invalidParams(`\`bind\` is "${bind}"; it looks like 127.0.0.1:7777.`)
	if (other.host === new URL(url).host) return url
	if (mayRoam) return other.origin
	throw invalidParams(`Here only this server can be asked, not ${other.host}.`, 'Leave the address out.')
}
