import { MseError } from '../../kernel/error.ts'

/** A number that is no 64-bit integer, as it was written. */
export interface OddNumber {
	readonly odd: string
}

/** Kept apart from objects that a client wrote by identity, not by shape. */
class Odd implements OddNumber {
	readonly odd: string
	constructor(odd: string) {
		this.odd = odd
	}
}

const INTEGER = /^-?(0|[1-9]\d*)$/
/** Digits and sign of the longest 64-bit integer. */
const LONGEST = 20

export const isOddNumber = (value: unknown): value is OddNumber => value instanceof Odd

/** Whether the number was written as an integer, if a longer one than there is. */
export const isInteger = ({ odd }: OddNumber): boolean => INTEGER.test(odd)

/**
 * JSON with its integers exact: a number up to 2^53, a bigint up to 64 bits, else an `OddNumber`. Throws `malformed` for what is
 * no JSON, and for text with half a surrogate pair, which other readers of this wire refuse.
 */
export function readJson(text: string): unknown {
	try {
		return JSON.parse(text, (key: string, value: unknown, context?: { readonly source?: string }) => {
			if (!key.isWellFormed() || (typeof value === 'string' && !value.isWellFormed())) throw new SyntaxError('lone surrogate in a string')
			return typeof value === 'number' ? readNumber(value, context?.source ?? '') : value
		})
	} catch (cause) {
		const reason = cause instanceof SyntaxError ? cause.message.replace(/^JSON Parse error: /, '') : 'too deep'
		throw new MseError('malformed', `invalid request: ${reason}`, { cause })
	}
}

function readNumber(value: number, source: string): unknown {
	if (!INTEGER.test(source) || source.length > LONGEST) return new Odd(source)
	if (Number.isSafeInteger(value)) return value
	const exact = BigInt(source)
	return BigInt.asIntN(64, exact) === exact ? exact : new Odd(source)
}
