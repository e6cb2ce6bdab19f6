import { applyOperation as applyInPlace, compare, type Operation } from 'fast-json-patch'
import { messageOf } from '../../kernel/error.ts'
import type { Json } from '../../kernel/json.ts'

/** One change of RFC 6902; `value` is absent where something goes. */
export interface PatchOperation {
	readonly op: 'add' | 'replace' | 'remove'
	readonly path: string
	readonly value?: Json
}

/** What makes one document into another, as an RFC 6902 patch. Lists are compared place by place, so cost is linear. */
export function documentPatch(from: Json, to: Json): PatchOperation[] {
	// The library compares members only: a wrapper makes the whole document one.
	return compare({ document: from }, { document: to }).flatMap((operation): PatchOperation[] => {
		const path = operation.path.slice('/document'.length)
		if (operation.op === 'add' || operation.op === 'replace') return [{ op: operation.op, path, value: operation.value as Json }]
		return operation.op === 'remove' ? [{ op: 'remove', path }] : []
	})
}

/**
 * The document after an RFC 6902 patch, carried out in order; the one given stays as it is. `changed` hears of each operation with the
 * document as it then is, which it may change too. Throws an Error that names the operation which cannot be carried out.
 */
export function patchDocument(
	document: Json,
	operations: readonly unknown[],
	changed: (operation: Operation, document: Json) => void = () => {},
): Json {
	let patched = structuredClone(document)
	for (const [index, given] of operations.entries()) {
		const operation = structuredClone(given) as Operation
		patched = apply(patched, operation, index)
		changed(operation, patched)
	}
	return patched
}

function apply(document: Json, operation: Operation, index: number): Json {
	try {
		refuseIntoItself(operation)
		return applyInPlace(document, operation, true).newDocument
	} catch (thrown) {
		// The library repeats the whole document in the lines after the first one.
		const [sentence] = messageOf(thrown).split('\n')
		throw new Error(`operation ${index} (${operation?.op} ${operation?.path}): ${sentence}`, { cause: thrown })
	}
}

/** The one rule of RFC 6902 that the library keeps only by chance. */
function refuseIntoItself(operation: Operation): void {
	if (operation?.op !== 'move' || !`${operation.path}`.startsWith(`${operation.from}/`)) return
	throw new Error('A value cannot be moved into itself')
}
