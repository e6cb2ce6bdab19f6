import { MseError } from '../../kernel/error.ts'

/** Throws unless a Blueprint may have this id in a store. */
export function checkBlueprintId(id: string): void {
	if (/^(?!\.)[A-Za-z0-9._-]{1,128}$/.test(id)) return
	throw new MseError('malformed', `invalid blueprint id ${JSON.stringify(id.slice(0, 140))}`, {
		code: 'invalid_blueprint_id',
		hint: 'Use 1 to 128 letters, digits, dots, dashes and underscores, not starting with a dot.',
	})
}

/** Refuses to read the head of an archived Blueprint, or to write it (the sentence of mlua-swarm 0.1.0). */
export function blueprintArchived(id: string): MseError {
	return new MseError('conflict', `blueprint ${id} is archived; POST /v1/blueprints/${id}/unarchive first`, { code: 'blueprint_archived' })
}

/** Throws when somebody else moved the head since the writer looked. */
export function checkHead(id: string, expected: string | null | undefined, head: string | null): void {
	if (expected === undefined || expected === head) return
	const found = head === null ? 'it has none' : `it is ${head}`
	throw new MseError('conflict', `the head of blueprint ${id} is not ${expected ?? 'absent'}: ${found}`, {
		code: 'head_moved',
		hint: 'Read the head, put your change on top of it, and try again.',
		details: { head },
	})
}
