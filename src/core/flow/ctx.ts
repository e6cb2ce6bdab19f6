import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type { Path } from '../blueprint/path.ts'
import { pathNotFound, typeError } from './flow-error.ts'
import { debugText } from './render.ts'

/**
 * The ctx of one lane. What it was given and what it has given away never changes; written objects are kept as drafts (a base and
 * the keys changed since) until something asks for them, so a write costs the depth of its path, however large or wide ctx is.
 */
export class Ctx {
	#root: Json | Draft
	/** Drafts made for this owner may be changed in place. A save takes a new owner, which freezes all drafts before it. */
	#owner: object = {}

	constructor(initial: Json) {
		this.#root = initial
	}

	/** Throws PathNotFound. A null at the path is found. */
	read(path: Path): Json {
		let parent: Json | Draft | undefined
		let name = ''
		let here: Json | Draft | undefined = this.#root
		for (const key of path.keys) {
			parent = here
			name = key
			here = childOf(here, key)
			if (here === undefined) throw pathNotFound(path.text)
		}
		if (!(here instanceof Draft)) return here
		const plain = toPlain(here)
		if (parent instanceof Draft) parent.changes.set(name, plain)
		else this.#root = plain
		return plain
	}

	/** Whether the path leads to anything but null; gives nothing away. */
	has(path: Path): boolean {
		let here: Json | Draft | undefined = this.#root
		for (const key of path.keys) {
			here = childOf(here, key)
			if (here === undefined) return false
		}
		return here !== null
	}

	/** Missing and null parents become objects; a parent of another type is a TypeError, and ctx stays as it was. */
	write(path: Path, value: Json): void {
		let parent: Draft | undefined
		let name = ''
		for (const key of path.keys) {
			const held: Json | Draft | undefined = parent === undefined ? this.#root : childOf(parent, name)
			const draft = this.#draft(held, path, key)
			if (parent === undefined) this.#root = draft
			else parent.changes.set(name, draft)
			parent = draft
			name = key
		}
		if (parent === undefined) this.#root = value
		else parent.changes.set(name, value)
	}

	/** The whole ctx. */
	value(): Json {
		if (this.#root instanceof Draft) this.#root = toPlain(this.#root)
		return this.#root
	}

	/** A ctx that starts with this one's value and shares no change with it. */
	fork(): Ctx {
		return new Ctx(this.value())
	}

	/** What `restore` takes to undo every later write. Costs nothing until the next write. */
	save(): SavedCtx {
		this.#owner = {}
		return { root: this.#root }
	}

	restore(saved: SavedCtx): void {
		this.#root = saved.root
		this.#owner = {}
	}

	#draft(value: Json | Draft | undefined, path: Path, key: string): Draft {
		if (value instanceof Draft) return value.owner === this.#owner ? value : new Draft(this.#owner, value.base, value.changes)
		if (value === undefined || value === null) return new Draft(this.#owner)
		if (isJsonObject(value)) return new Draft(this.#owner, value)
		const where = `cannot write path '${path.text}' at segment '${key}'`
		throw typeError('path.write', `${where}: existing value at this position is not an object (${debugText(value)})`)
	}
}

export interface SavedCtx {
	readonly root: Json | Draft
}

/** An object being written to: `changes` over `base`. Flows cannot delete keys, and their paths are fixed, so `changes` stays small. */
class Draft {
	readonly owner: object
	readonly base: JsonObject | undefined
	readonly changes: Map<string, Json | Draft>

	constructor(owner: object, base?: JsonObject, changes?: ReadonlyMap<string, Json | Draft>) {
		this.owner = owner
		this.base = base
		this.changes = new Map(changes)
	}
}

function childOf(value: Json | Draft, key: string): Json | Draft | undefined {
	if (!(value instanceof Draft)) return ownOf(value, key)
	const changed = value.changes.get(key)
	return changed === undefined && value.base !== undefined ? ownOf(value.base, key) : changed
}

function ownOf(value: Json, key: string): Json | undefined {
	return isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
}

/** The draft as a new object. Inner drafts are replaced by their plain form, which is equal, so that it is made once. */
function toPlain(draft: Draft): Json {
	const plain: Record<string, Json> = { ...draft.base }
	for (const [key, value] of draft.changes) {
		const settled = value instanceof Draft ? toPlain(value) : value
		if (settled !== value) draft.changes.set(key, settled)
		// Plain assignment to this one key would set the prototype.
		if (key === '__proto__') Object.defineProperty(plain, key, { value: settled, writable: true, enumerable: true, configurable: true })
		else plain[key] = settled
	}
	return plain
}
