import { applyDelta } from './delta.ts'
import { type Budget, damaged, type GitObject, type GitObjectType, inflate, objectId } from './git-object.ts'

/** More objects than any config repository has. */
const MOST_OBJECTS = 50_000
const TYPES: { readonly [code: number]: GitObjectType } = { 1: 'commit', 2: 'tree', 3: 'blob', 4: 'tag' }
const OFFSET_DELTA = 6
const REFERENCE_DELTA = 7
/** The SHA-1 at the end of a pack. */
const TRAILER = 20
const BREATH_BYTES = 1024 * 1024

/**
 * All objects of a pack by their ids, which are computed here: its index is not asked. Read from front to back and never twice, so
 * that no pack makes more than the budget or goes in circles. A delta whose base is nowhere in the pack is left out.
 */
export async function unpack(pack: Uint8Array, budget: Budget): Promise<ReadonlyMap<string, GitObject>> {
	const found = newFindings(budget)
	let at = 12
	let breath = budget.left
	for (let left = objectCount(pack); left > 0; left--) {
		at = readEntry(pack, at, budget, found)
		if (breath - budget.left < BREATH_BYTES) continue
		breath = budget.left
		await new Promise((resolve) => setImmediate(resolve))
	}
	return found.objects
}

function objectCount(pack: Uint8Array): number {
	const head = new DataView(pack.buffer, pack.byteOffset, pack.byteLength)
	if (pack.byteLength < 12 + TRAILER || head.getUint32(0) !== 0x5041434b || head.getUint32(4) !== 2) throw damaged('a pack has no header')
	const count = head.getUint32(8)
	if (count > MOST_OBJECTS) throw damaged(`a pack has ${count} objects, more than ${MOST_OBJECTS}`)
	return count
}

/** Reads the entry at an offset; returns the offset of the next. */
function readEntry(pack: Uint8Array, start: number, budget: Budget, found: Findings): number {
	const header = readHeader(pack, start)
	const base = readBase(pack, header.at, header.code, start)
	const { bytes, read } = inflate(pack.subarray(base.at, pack.byteLength - TRAILER), budget)
	if (bytes.byteLength !== header.size) throw damaged('an object of a pack has another size than it says')
	const type = TYPES[header.code]
	if (type !== undefined) found.add(start, { type, bytes })
	else found.addDelta(start, base.key, bytes)
	return base.at + read
}

function readHeader(pack: Uint8Array, start: number): { readonly code: number; readonly size: number; readonly at: number } {
	let at = start
	let byte = byteAt(pack, at++)
	const code = (byte >> 4) & 7
	let size = byte & 15
	for (let shift = 4; byte >= 0x80; shift += 7) {
		byte = byteAt(pack, at++)
		size += (byte & 0x7f) * 2 ** shift
	}
	return { code, size, at }
}

/** The key of the entry's base: an offset of this pack, or an object id. An entry that is no delta has none. */
function readBase(pack: Uint8Array, at: number, code: number, start: number): { readonly key: string; readonly at: number } {
	if (code === REFERENCE_DELTA) return { key: Buffer.from(pack.subarray(at, at + 20)).toString('hex'), at: at + 20 }
	if (code !== OFFSET_DELTA) {
		if (TYPES[code] === undefined) throw damaged('a pack has an object of an unknown kind')
		return { key: '', at }
	}
	let byte = byteAt(pack, at++)
	let back = byte & 0x7f
	while (byte >= 0x80) {
		byte = byteAt(pack, at++)
		back = (back + 1) * 128 + (byte & 0x7f)
	}
	return { key: offsetKey(start - back), at }
}

function byteAt(pack: Uint8Array, at: number): number {
	const byte = at < pack.byteLength - TRAILER ? pack[at] : undefined
	if (byte === undefined) throw damaged('a pack ends too early')
	return byte
}

const offsetKey = (offset: number): string => `@${offset}`

type Findings = ReturnType<typeof newFindings>

/** Objects found so far, and deltas that wait for their base, which may come later. */
function newFindings(budget: Budget) {
	const objects = new Map<string, GitObject>()
	const bases = new Map<string, GitObject>()
	const waiting = new Map<string, { readonly start: number; readonly delta: Uint8Array }[]>()
	const add = (start: number, object: GitObject): void => {
		const ready = [{ start, object }]
		for (let next = ready.pop(); next !== undefined; next = ready.pop()) {
			const id = objectId(next.object)
			objects.set(id, next.object)
			for (const key of [id, offsetKey(next.start)]) {
				bases.set(key, next.object)
				const { type, bytes } = next.object
				for (const { start, delta } of waiting.get(key) ?? [])
					ready.push({ start, object: { type, bytes: applyDelta(delta, bytes, budget) } })
				waiting.delete(key)
			}
		}
	}
	return {
		objects,
		add,
		addDelta(start: number, key: string, delta: Uint8Array) {
			const base = bases.get(key)
			if (base !== undefined) return add(start, { type: base.type, bytes: applyDelta(delta, base.bytes, budget) })
			const others = waiting.get(key)
			if (others === undefined) waiting.set(key, [{ start, delta }])
			else others.push({ start, delta })
		},
	}
}
