import { createHash } from 'node:crypto'
import { deflateSync } from 'node:zlib'

/** An entry as it stands in a pack. `base` is how many bytes before the entry its base begins, or its base's id. */
export interface PackEntry {
	readonly type: 'commit' | 'tree' | 'blob' | 'tag' | 'offset' | 'reference'
	readonly bytes: Uint8Array
	readonly base?: number | string
	/** What the header says, where that is not true. */
	readonly size?: number
}

const CODES = { commit: 1, tree: 2, blob: 3, tag: 4, offset: 6, reference: 7 }

/** The bytes of a pack, with the offset of each entry. */
export function packFile(entries: readonly PackEntry[]): { readonly bytes: Buffer; readonly offsets: readonly number[] } {
	const head = Buffer.alloc(12)
	head.write('PACK')
	head.writeUInt32BE(2, 4)
	head.writeUInt32BE(entries.length, 8)
	const parts: Buffer[] = [head]
	const offsets: number[] = []
	let at = head.length
	for (const entry of entries) {
		const part = Buffer.concat([header(CODES[entry.type], entry.size ?? entry.bytes.byteLength), base(entry), deflateSync(entry.bytes)])
		offsets.push(at)
		at += part.length
		parts.push(part)
	}
	const body = Buffer.concat(parts)
	return { bytes: Buffer.concat([body, createHash('sha1').update(body).digest()]), offsets }
}

/** A delta that copies the first `copied` bytes of its base and puts a text behind them. */
export function delta(baseSize: number, copied: number, text: string): Uint8Array {
	const put = Buffer.from(text)
	const copy = copied === 0 ? [] : [0x80 | 0x10 | 0x20 | 0x40, copied & 255, (copied >> 8) & 255, (copied >> 16) & 255]
	return Buffer.from([...varint(baseSize), ...varint(copied + put.length), ...copy, ...(put.length > 0 ? [put.length, ...put] : [])])
}

export function varint(value: number): readonly number[] {
	const bytes: number[] = []
	let left = value
	for (; left > 127; left = Math.floor(left / 128)) bytes.push((left % 128) | 0x80)
	return [...bytes, left]
}

function header(code: number, size: number): Buffer {
	const bytes = [(code << 4) | (size & 15)]
	for (let left = Math.floor(size / 16); left > 0; left = Math.floor(left / 128)) {
		bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) | 0x80
		bytes.push(left & 127)
	}
	return Buffer.from(bytes)
}

function base({ base }: PackEntry): Buffer {
	if (base === undefined) return Buffer.alloc(0)
	if (typeof base === 'string') return Buffer.from(base, 'hex')
	const bytes = [base & 127]
	for (let left = base >> 7; left > 0; left >>= 7) bytes.unshift((--left & 127) | 128)
	return Buffer.from(bytes)
}
