import { createHash } from 'node:crypto'
import { inflateSync } from 'node:zlib'
import { MseError } from '../../kernel/error.ts'

export type GitObjectType = 'commit' | 'tree' | 'blob' | 'tag'

/** An object without its header, as git hashes it. */
export interface GitObject {
	readonly type: GitObjectType
	readonly bytes: Uint8Array
}

/** What may still be unpacked. `take` throws `too_large` once more was asked for than there was. */
export interface Budget {
	readonly left: number
	take(bytes: number): void
}

export function newBudget(bytes: number): Budget {
	let left = bytes
	return {
		get left() {
			return left
		},
		take(wanted) {
			left -= wanted
			if (left < 0) throw tooMuch(bytes)
		},
	}
}

/** The name of an object: SHA-1 over its header and bytes, in hex. */
export function objectId({ type, bytes }: GitObject): string {
	return createHash('sha1').update(`${type} ${bytes.byteLength}\0`).update(bytes).digest('hex')
}

/** A loose object from its deflated file. Throws `invalid` for anything else. */
export function parseLoose(deflated: Uint8Array, budget: Budget): GitObject {
	const { bytes } = inflate(deflated, budget)
	const end = bytes.indexOf(0)
	const header = new TextDecoder().decode(bytes.subarray(0, Math.min(end, 32)))
	const [, type, size] = /^(commit|tree|blob|tag) (0|[1-9]\d{0,9})$/.exec(header) ?? []
	if (end < 0 || type === undefined || Number(size) !== bytes.byteLength - end - 1) throw damaged('an object has no header')
	return { type: type as GitObjectType, bytes: bytes.subarray(end + 1) }
}

/** The first zlib stream of the bytes, and how long it was. Never makes more bytes than the budget has. */
export function inflate(bytes: Uint8Array, budget: Budget): { readonly bytes: Uint8Array; readonly read: number } {
	const inflated = inflateWithin(bytes, budget)
	budget.take(inflated.bytes.byteLength)
	return inflated
}

export function damaged(how: string): MseError {
	return new MseError('invalid', `The repository is damaged: ${how}.`, { code: 'repository_refused', hint: 'git fsck says more.' })
}

/** With `info`, zlib also tells where the stream ended. */
interface InflateInfo {
	readonly buffer: Uint8Array
	readonly engine: { readonly bytesWritten: number }
}

function inflateWithin(bytes: Uint8Array, budget: Budget): { readonly bytes: Uint8Array; readonly read: number } {
	try {
		const limits = { info: true, maxOutputLength: Math.max(1, budget.left) }
		const { buffer, engine } = inflateSync(bytes, limits) as unknown as InflateInfo
		return { bytes: buffer, read: engine.bytesWritten }
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') budget.take(budget.left + 1)
		throw damaged('an object cannot be inflated')
	}
}

function tooMuch(bytes: number): MseError {
	return new MseError('too_large', `The repository unpacks to more than ${bytes} bytes.`, {
		code: 'repository_too_large',
		hint: 'Keep large files and long histories out of an agent’s config repository.',
	})
}
