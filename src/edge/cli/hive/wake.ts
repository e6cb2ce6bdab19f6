import { isJsonObject, type JsonObject, parseJson } from '../../../kernel/json.ts'

/** A message as the harness took it. */
export interface Wake {
	readonly from: string
	readonly body: string
	/** How many more wait. */
	readonly unread: number
}

/** What a command reads on stdin: who wrote, what, and how much more there is. */
export function wakePrompt({ from, body, unread }: Wake): string {
	const more = unread === 1 ? '1 more message waits' : `${unread} more messages wait`
	return `You have a message from ${JSON.stringify(from)}.\n\n${body}\n\n${more} in your inbox.\n`
}

/** A request of the system, by what has to be known to answer it; null for a message that is none. */
export function requestOf({ from, body }: Wake): JsonObject | null {
	const frame = from === 'system' ? parseJson(body) : null
	return isJsonObject(frame) && typeof frame.req_id === 'string' ? frame : null
}

/** Whether what a command prints is an answer to whoever wrote; agents decide themselves whether to answer one another. */
export const isAnswered = ({ from }: Wake): boolean => from === 'operator' || from.startsWith('runtime:')
