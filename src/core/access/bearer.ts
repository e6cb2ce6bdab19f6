import { MseError } from '../../kernel/error.ts'

/**
 * The credential of an `Authorization` header. The scheme is case-sensitive and takes one space, as both generations of
 * mlua-swarm read it. Throws `unauthenticated` with upstream's sentence.
 */
export function bearerOf(header: string | undefined): string {
	if (header === undefined) throw refused('missing Authorization header')
	if (/[^\t\x20-\x7e]/.test(header)) throw refused('invalid Authorization header encoding')
	// HTTP parsers cut trailing blanks, so that an empty credential arrives as the bare scheme.
	if (header !== 'Bearer' && !header.startsWith('Bearer ')) throw refused("Authorization must be 'Bearer <token>'")
	const bearer = header.slice('Bearer '.length).trim()
	if (bearer === '') throw refused('Bearer is empty')
	return bearer
}

/** Where the query may carry the credential too; a header that is there wins, even a bad one. */
export function bearerOfEither(header: string | undefined, queryToken: string | undefined): string {
	if (header !== undefined) return bearerOf(header)
	const bearer = queryToken?.trim() ?? ''
	if (bearer === '') throw refused("missing token: pass 'Authorization: Bearer <token>' or '?token=<token>'")
	return bearer
}

function refused(sentence: string): MseError {
	return new MseError('unauthenticated', sentence, { code: 'bad_credential' })
}
