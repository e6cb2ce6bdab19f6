import { compare } from 'fast-json-patch'
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
