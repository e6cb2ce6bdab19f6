import { isJsonObject, type Json } from '../../../kernel/json.ts'

/** A line of a difference. */
export interface DiffLine {
	readonly kind: 'added' | 'removed' | 'place' | 'same'
	readonly text: string
}

/**
 * The lines of what a change would change: of an RFC 6902 patch, where each operation names its place first, or of a unified
 * diff. Empty where there is nothing to compare with.
 */
export function diffLines(diff: unknown): readonly DiffLine[] {
	if (typeof diff === 'string') return diff.split('\n').map(unifiedLine)
	if (Array.isArray(diff)) return diff.flatMap((operation) => operationLines(operation))
	return []
}

function unifiedLine(text: string): DiffLine {
	if (/^(\+\+\+|---|@@|diff |index )/.test(text)) return { kind: 'place', text }
	if (text.startsWith('+')) return { kind: 'added', text }
	return { kind: text.startsWith('-') ? 'removed' : 'same', text }
}

function operationLines(operation: Json): readonly DiffLine[] {
	if (!isJsonObject(operation)) return []
	const { op, path, value, from } = operation
	const place = `${placeText(path)}${typeof from === 'string' ? ` from ${placeText(from)}` : ''}`
	const head: DiffLine = { kind: op === 'remove' ? 'removed' : 'place', text: `${op} ${place}` }
	if (value === undefined) return [head]
	const lines = typeof value === 'string' ? value.split('\n') : (JSON.stringify(value, null, 2) ?? '').split('\n')
	return [head, ...lines.map((text): DiffLine => ({ kind: 'added', text: `+ ${text}` }))]
}

/** A JSON pointer as people read places. */
function placeText(pointer: Json | undefined): string {
	if (typeof pointer !== 'string' || pointer === '') return 'everything'
	return pointer
		.slice(1)
		.split('/')
		.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
		.join(' › ')
}
