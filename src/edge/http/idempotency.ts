import { Type } from '@sinclair/typebox'
import type { KeyedRequest } from '../../core/access/idempotency.ts'
import { MseError } from '../../kernel/error.ts'
import { sha256Hex } from '../../kernel/hash.ts'
import { canonicalJson, type Json } from '../../kernel/json.ts'

const HEADER = 'idempotency-key'
const LONGEST = 255

/** Hook of a route that takes a key: `{ ...takesKey, ...jsonBody(schema) }`. */
export const takesKey = {
	headers: Type.Object(
		{
			[HEADER]: Type.Optional(
				Type.String({ description: 'makes a repeat of the same request answer what the first one did; kept for 24 hours' }),
			),
		},
		{ additionalProperties: true },
	),
}

/**
 * The key of a request, with what it is bound to: method, path and credential, and the query and body it came with. Null when
 * there is none. Throws `malformed` for one that is empty, too long or not printable ASCII.
 */
export function keyOf(request: Request, body: unknown): KeyedRequest | null {
	const key = request.headers.get(HEADER)
	if (key === null) return null
	if (!/^[\x21-\x7e]+$/.test(key) || key.length > LONGEST)
		throw new MseError('malformed', `An Idempotency-Key is 1 to ${LONGEST} printable characters without blanks.`, {
			code: 'invalid_idempotency_key',
		})
	const { pathname, searchParams } = new URL(request.url)
	const credential = request.headers.get('authorization') ?? searchParams.get('token') ?? ''
	searchParams.delete('token')
	searchParams.sort()
	const content = body instanceof Uint8Array ? sha256Hex(body) : canonicalJson((body ?? null) as Json)
	return {
		scope: sha256Hex(`${request.method} ${pathname} ${credential}`),
		key,
		bodyHash: sha256Hex(`${searchParams}\n${content}`),
	}
}
