import type { MseClient } from '../client/client.ts'
import type { OperatorDesk } from './operator-desk.ts'

/** Headers for what operators may look at: as the named session, the only one, or whoever this process is. Throws `invalid_params`. */
export function actingAs(desk: OperatorDesk, client: MseClient, sid: string | undefined): Record<string, string> {
	const session = sid === undefined ? desk.only : desk.session(sid)
	if (session && session.baseUrl === client.url) return { authorization: `Bearer ${session.credential.token}` }
	// The admin token is as good; a server without one wants a session.
	if (client.headers.authorization !== undefined) return {}
	return { authorization: `Bearer ${desk.session(sid).credential.token}` }
}
