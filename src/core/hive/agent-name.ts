import { MseError } from '../../kernel/error.ts'

/** Inboxes and senders that are no agent's. */
const RESERVED: readonly string[] = ['manager', 'system', 'operator', 'host']

/** The agent that coordinates the others; it is made by the server itself. */
export const MANAGER = 'manager'

const PATTERN = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/** Throws `malformed` for a name that no agent may be given. */
export function checkAgentName(name: string): void {
	if (RESERVED.includes(name)) throw new MseError('malformed', `${JSON.stringify(name)} is reserved`, { code: 'reserved_name' })
	if (!isAgentName(name))
		throw new MseError('malformed', `invalid agent name ${JSON.stringify(name)}: use 1-63 of a-z 0-9 -, not starting or ending with -`, {
			code: 'invalid_name',
		})
}

/** Whether it has the form of a name; reserved ones have it too. Such a name is safe as a folder and as an argument. */
export function isAgentName(name: string): boolean {
	return PATTERN.test(name)
}
