import { closeSync, existsSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { MseError, messageOf } from '../kernel/error.ts'

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

/** Opens, and makes, the file. Throws `hand_over_unusable`, which names it. */
export function openHandOverRing(path: string): HandOverRing {
	const { before, file } = openFile(path)
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

function openFile(path: string): { readonly before: ReadonlySet<number> | null; readonly file: number } {
	try {
		const before = existsSync(path) ? idsIn(readFileSync(path)) : null
		return { before, file: before === null ? newFile(path) : openSync(path, 'r+') }
	} catch (cause) {
		throw new MseError('unavailable', `${path}, where the hive notes what it hands over, cannot be written: ${messageOf(cause)}`, {
			code: 'hand_over_unusable',
			hint: 'Make that file writable, then start the server again.',
			cause,
		})
	}
}

/** Its whole length at once: a full disk must not be noticed later. */
function newFile(path: string): number {
	const file = openSync(path, 'w', 0o600)
	try {
		writeSync(file, Buffer.alloc(SLOTS * SLOT_BYTES))
		return file
	} catch (error) {
		closeSync(file)
		rmSync(path, { force: true })
		throw error
	}
}

function idsIn(bytes: Buffer): ReadonlySet<number> {
	const count = Math.floor(bytes.byteLength / SLOT_BYTES)
	return new Set(Array.from({ length: count }, (_, at) => Number(bytes.readBigUInt64LE(at * SLOT_BYTES))))
}
