import { type ErrorKind, MseError } from '../../kernel/error.ts'
import { isJsonObject, type JsonObject } from '../../kernel/json.ts'

const KINDS: { readonly [status: number]: ErrorKind } = {
	400: 'malformed',
	401: 'unauthenticated',
	403: 'forbidden',
	404: 'not_found',
	405: 'method_not_allowed',
	409: 'conflict',
	410: 'gone',
	413: 'too_large',
	415: 'unsupported_media',
	422: 'invalid',
	429: 'throttled',
	503: 'unavailable',
	504: 'timed_out',
}
/** The kind behind a status; `internal` where no error of ours has it. */
export const kindOf = (status: number): ErrorKind => KINDS[status] ?? 'internal'

const SHOWN_CHARS = 200

/** Nothing answers at the server's address. */
export function unreachable(url: string, cause: unknown): MseError {
	return new MseError('unavailable', `No server answers at ${url}.`, {
		code: 'unreachable',
		hint: 'Start one with `mse-server serve`, or name another with --url or MSE_URL.',
		cause,
	})
}

/** The error a server answered with, of either family of routes; its sentence, code and hint are kept. */
export function fromAnswer(url: string, status: number, body: unknown): MseError {
	const kind = KINDS[status] ?? 'internal'
	const { sentence, code, hint, details } = readError(body)
	if (sentence === null) return strange(url, kind, status, body)
	return new MseError(kind, sentence, { ...(code !== null && { code }), ...(hint !== null && { hint }), details })
}

/** Swarm routes answer `{error: sentence, code, hint?, details?}`, routes of the worker runtime `{error: {code, message}}`. */
function readError(body: unknown) {
	const outer = isJsonObject(body) ? body : {}
	const inner = isJsonObject(outer.error) ? outer.error : null
	const from: JsonObject = inner ?? outer
	return {
		sentence: textOrNull(inner ? inner.message : outer.error),
		code: textOrNull(from.code),
		hint: textOrNull(from.hint),
		details: from.details,
	}
}

function strange(url: string, kind: ErrorKind, status: number, body: unknown): MseError {
	const text = (typeof body === 'string' ? body : JSON.stringify(body ?? '')).trim().slice(0, SHOWN_CHARS)
	return new MseError(kind, `${url} answered ${status} ${text}`.trim(), {
		code: 'unexpected_answer',
		hint: 'Is this the address of an mse-server?',
	})
}

const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null)
