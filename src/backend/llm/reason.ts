import { APICallError } from 'ai'
import { WorkerFailed } from '../../core/dispatch/worker-failed.ts'
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

/** How long the model server asked to be left alone, in milliseconds; the SDK wraps what its fetch throws. */
export function askedWaitMs(thrown: unknown, depth = 5): number | null {
	if (depth === 0 || typeof thrown !== 'object' || thrown === null) return null
	if (thrown instanceof WorkerFailed && thrown.retryAfterMs !== null) return thrown.retryAfterMs
	const { cause, lastError } = thrown as { cause?: unknown; lastError?: unknown }
	return askedWaitMs(cause, depth - 1) ?? askedWaitMs(lastError, depth - 1)
}

/** A stream may bring errors as plain objects. */
function textOf(thrown: unknown): string {
	if (thrown instanceof Error || typeof thrown !== 'object' || thrown === null) return messageOf(thrown)
	return 'message' in thrown ? String(thrown.message) : JSON.stringify(thrown).slice(0, SHOWN_BODY)
}
