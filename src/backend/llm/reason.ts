import { APICallError } from 'ai'
import { messageOf } from '../../kernel/error.ts'

const SHOWN_BODY = 500

/** Why a conversation broke off, as a sentence. The SDK's errors carry whole requests; only what they say is kept. */
export function reasonOf(thrown: unknown): string {
	if (!APICallError.isInstance(thrown)) return textOf(thrown)
	const { statusCode = 0, message, responseBody = '', cause } = thrown
	if (statusCode < 400) return cause === undefined ? message : textOf(cause)
	const more = responseBody === '' || responseBody.includes(message) ? '' : `: ${responseBody.slice(0, SHOWN_BODY)}`
	return `the model server answers ${statusCode}: ${message}${more}`
}

/** A stream may bring errors as plain objects. */
function textOf(thrown: unknown): string {
	if (thrown instanceof Error || typeof thrown !== 'object' || thrown === null) return messageOf(thrown)
	return 'message' in thrown ? String(thrown.message) : JSON.stringify(thrown).slice(0, SHOWN_BODY)
}
