import { MseError } from '../../kernel/error.ts'
import { randomHex } from '../../kernel/hash.ts'

/** Where a secret that nobody configured is kept, so that credentials outlive the process. */
export interface SecretKeeper {
	read(): string | undefined
	/** Durable before it returns. Gives back what is kept afterwards: another process may have been first. */
	keep(hex: string): string
}

const SECRET_BYTES = 32

/**
 * The secret under everything signed: `configured` (hex), else the kept one, else a new one. Throws `malformed` (code
 * `invalid_token_secret`) when it is not hex.
 */
export function tokenSecret(configured: string | undefined, keeper: SecretKeeper | undefined): Uint8Array {
	if (configured !== undefined) return fromHex(configured, 'token_secret')
	if (!keeper) return fromHex(randomHex(SECRET_BYTES), 'the new secret')
	return fromHex(keeper.read() ?? keeper.keep(randomHex(SECRET_BYTES)), 'the secret kept in the data directory')
}

function fromHex(text: string, what: string): Uint8Array {
	const hex = text.trim()
	if (hex === '' || hex.length % 2 === 1 || /[^0-9a-f]/i.test(hex))
		throw new MseError('malformed', `${what} is not hex.`, {
			code: 'invalid_token_secret',
			hint: 'It is an even number of hex digits, at best 64, as `openssl rand -hex 32` prints them.',
		})
	return Uint8Array.from(Buffer.from(hex, 'hex'))
}
