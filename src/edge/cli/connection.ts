import { type MseClient, mseClient } from '../client/client.ts'
import type { Invocation } from './command.ts'
import { type Flag, lastOf } from './flag.ts'
import { serverUrl, urlFlag } from './server-url.ts'

/** The flags of every command that talks to a server. */
export const connectionFlags: readonly Flag[] = [
	urlFlag,
	{ name: 'token', placeholder: 'TEXT', doc: 'its admin token, where it wants one (default MSE_TOKEN)' },
]

/** A client of the server the command line means. */
export function connect(invocation: Pick<Invocation, 'flags' | 'env'>): MseClient {
	return mseClient({ url: serverUrl(invocation), token: lastOf(invocation.flags, 'token') || invocation.env.MSE_TOKEN || undefined })
}
