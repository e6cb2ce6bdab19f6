import type { Diagnostic } from './diagnostic.ts'
import type { Family } from './flow-shape.ts'
import { nearest } from './nearest.ts'
import { parsePath } from './path.ts'

/** A finding without its place. Messages are worded as flow-ir 0.2.0 words them. */
export type Finding = Pick<Diagnostic, 'code' | 'message' | 'hint'>

export function missingField(name: string, values: readonly string[] = []): Finding {
	return {
		code: 'missing-field',
		message: `missing field \`${name}\``,
		hint: values.length > 0 ? `Add \`${name}\`: ${oneOf(values)}.` : missingHint(name),
	}
}

/** An author leaves out `else` to say "do nothing", which has a spelling of its own. */
function missingHint(name: string): string | null {
	return name === 'else' ? 'To do nothing, write {"kind":"seq","children":[]}.' : null
}

export function unknownField(name: string, valid: readonly string[]): Finding {
	return { code: 'unknown-field', message: `unknown field \`${short(name)}\`, expected ${oneOf(valid)}`, hint: didYouMean(name, valid) }
}

export function unknownVariant(tag: string, valid: readonly string[]): Finding {
	return { code: 'unknown-variant', message: `unknown variant \`${short(tag)}\`, expected ${oneOf(valid)}`, hint: didYouMean(tag, valid) }
}

/** Something other than an object where a node or an expression belongs. */
export function unexpected(value: unknown, family: Family): Finding {
	return { ...expected(value, `internally tagged enum ${family.name}`), hint: family.name === 'Expr' ? exprHint(value) : null }
}

export function expected(value: unknown, what: string): Finding {
	const outOfRange = what === 'u32' && Number.isInteger(value)
	return outOfRange
		? { code: 'invalid-value', message: `invalid value: ${describe(value)}, expected ${what}`, hint: null }
		: { code: 'wrong-type', message: `invalid type: ${describe(value)}, expected ${what}`, hint: null }
}

export function invalidPath(text: string, reason: string): Finding {
	return { code: 'invalid-path', message: `invalid path syntax '${short(text)}': ${reason}`, hint: pathHint(text) }
}

export function tooDeep(limit: number): Finding {
	return {
		code: 'too-deep',
		message: `nested deeper than ${limit} levels`,
		hint: 'Split the flow, or let a step work on the value as a whole.',
	}
}

export function notJson(): Finding {
	return { code: 'wrong-type', message: 'invalid type: unsupported value, expected any valid JSON value', hint: null }
}

function exprHint(value: unknown): string | null {
	if (typeof value === 'object' && value !== null) return null
	const isPath = typeof value === 'string' && 'path' in parsePath(value)
	const text = short(JSON.stringify(value) ?? 'null')
	return isPath ? `Write {"op":"path","at":${text}}.` : `Write {"op":"lit","value":${text}}.`
}

function pathHint(text: string): string | null {
	if (/\[\d+\]/.test(text)) return 'A flow cannot index arrays; hand the whole array to a step, or to a fanout.'
	const guesses = [text.replaceAll("'", '"'), `$.${text.replace(/^\$/, '')}`]
	const guess = guesses.find((candidate) => 'path' in parsePath(candidate))
	return guess === undefined ? null : `Write \`${short(guess)}\`.`
}

function didYouMean(word: string, valid: readonly string[]): string | null {
	const guess = nearest(word, valid)
	return guess === undefined ? null : `Did you mean \`${guess}\`?`
}

function oneOf(names: readonly string[]): string {
	const quoted = names.map((name) => `\`${name}\``)
	return quoted.length > 2 ? `one of ${quoted.join(', ')}` : quoted.join(' or ')
}

function describe(value: unknown): string {
	if (value === null) return 'null'
	if (typeof value === 'boolean') return `boolean \`${value}\``
	if (typeof value === 'number') return Number.isInteger(value) ? `integer \`${value}\`` : `floating point \`${value}\``
	if (typeof value === 'string') return `string ${short(JSON.stringify(value))}`
	if (Array.isArray(value)) return 'sequence'
	return typeof value === 'object' ? 'map' : 'unsupported value'
}

/** What the author wrote, cut where it would drown the sentence. */
function short(text: string): string {
	return text.length > 200 ? `${text.slice(0, 200)}…` : text
}
