import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs'

/**
 * The newest ids that were noted. A process that is killed leaves them behind without an fsync; after a loss of power some may be
 * missing.
 */
export interface HandOverRing extends Disposable {
	/** Of the lives before; null when there was none. */
	readonly before: ReadonlySet<number> | null
	/** On return it outlives this process. */
	note(id: number): void
	/** One that was noted in this life; others are left alone. */
	forget(id: number): void
}

/** Far more than are ever unsettled at a time. */
const SLOTS = 4096
const SLOT_BYTES = 8

/** Opens, and makes, the file. */
export function openHandOverRing(path: string): HandOverRing {
	const before = existsSync(path) ? idsIn(readFileSync(path)) : null
	const file = openSync(path, before === null ? 'w' : 'r+', 0o600)
	// Its whole length at once: a full disk must not be noticed later.
	if (before === null) writeSync(file, Buffer.alloc(SLOTS * SLOT_BYTES))
	const slots = Array.from({ length: SLOTS }, () => 0)
	const bytes = Buffer.alloc(SLOT_BYTES)
	let next = 0
	let isOpen = true
	const put = (slot: number, id: number): void => {
		slots[slot] = id
		bytes.writeBigUInt64LE(BigInt(id))
		writeSync(file, bytes, 0, SLOT_BYTES, slot * SLOT_BYTES)
	}
	return {
		before,
		note: (id) => put(next++ % SLOTS, id),
		forget(id) {
			const slot = slots.lastIndexOf(id)
			if (slot >= 0) put(slot, 0)
		},
		[Symbol.dispose]() {
			if (isOpen) closeSync(file)
			isOpen = false
		},
	}
}

function idsIn(bytes: Buffer): ReadonlySet<number> {
	const count = Math.floor(bytes.byteLength / SLOT_BYTES)
	return new Set(Array.from({ length: count }, (_, at) => Number(bytes.readBigUInt64LE(at * SLOT_BYTES))))
}
