import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { MseError, messageOf } from '../../kernel/error.ts'
import { type FaultPoint, noFault } from '../../kernel/fault.ts'
import { randomHex, sha256Hex } from '../../kernel/hash.ts'
import { isJsonObject, type Json } from '../../kernel/json.ts'
import type { Values } from './value.ts'

/** Larger values, in bytes of JSON, go to a file of their own. */
export const INLINE_BYTES = 256 * 1024

export interface OpenBlobs extends Values {
	/** Null when there are no files, or a sweep is under way. Files that `pack` uses from now on are kept. */
	beginSweep(): BlobSweep | null
}

export interface BlobSweep {
	keep(hash: string): void
	/** Removes every file that was not kept; resolves with how many. */
	removeRest(): number
	end(): void
}

/**
 * JSON columns whose large values lie in content-addressed files under `dir`. A file and its folders are on disk before
 * `pack` returns, so a committed row never points at nothing. Without a `dir` everything stays inline.
 */
export function openBlobs(dir: string | undefined, fault: FaultPoint = noFault): OpenBlobs {
	let sweep: Set<string> | null = null
	return {
		beginSweep() {
			if (dir === undefined || !existsSync(dir) || sweep !== null) return null
			const kept = new Set<string>()
			sweep = kept
			return {
				keep: (hash) => void kept.add(hash),
				removeRest: () => removeBut(dir, kept),
				end() {
					sweep = null
				},
			}
		},
		pack(value) {
			const text = JSON.stringify(isMarker(value) ? { $inline: value } : value)
			if (dir === undefined || Buffer.byteLength(text) <= INLINE_BYTES) return text
			const hash = sha256Hex(text)
			sweep?.add(hash)
			try {
				keep(dir, hash, text, fault)
			} catch (cause) {
				throw notWritten(dir, cause)
			}
			return JSON.stringify({ $blob: hash })
		},
		unpack(text) {
			const value = JSON.parse(text) as Json
			if (!isMarker(value)) return value
			if (value.$inline !== undefined) return value.$inline
			return unescaped(JSON.parse(read(dir, String(value.$blob))) as Json)
		},
	}
}

/** Whether a packed value stands in its column, rather than in a file. */
export const isInline = (text: string): boolean => !text.startsWith('{"$blob"')

/** The two shapes that mean something in a column; a caller's value of such a shape is wrapped. */
function isMarker(value: Json | undefined): value is { $blob?: Json; $inline?: Json } {
	if (!isJsonObject(value)) return false
	const keys = Object.keys(value)
	return keys.length === 1 && (keys[0] === '$blob' || keys[0] === '$inline')
}

function unescaped(value: Json): Json {
	return isMarker(value) && value.$inline !== undefined ? value.$inline : value
}

/** The first two digits of the hash name the folder. A file is visible only whole, by its rename. */
function keep(dir: string, hash: string, text: string, fault: FaultPoint): void {
	const folder = join(dir, hash.slice(0, 2))
	const path = join(folder, hash)
	if (existsSync(path)) return
	if (mkdirSync(folder, { recursive: true, mode: 0o700 }) !== undefined) {
		syncFolder(dir)
		syncFolder(join(dir, '..'))
	}
	const unfinished = `${path}.${randomHex(4)}`
	fault('blob.before_write')
	const file = openSync(unfinished, 'wx', 0o600)
	try {
		writeWhole(file, Buffer.from(text))
		fault('blob.before_fsync')
		fsyncSync(file)
	} finally {
		closeSync(file)
	}
	fault('blob.before_rename')
	renameSync(unfinished, path)
	fault('blob.after_rename')
	syncFolder(folder)
	fault('blob.after_sync')
}

/** Files of a write that never ended are removed as well: writes are never open between two turns. */
function removeBut(dir: string, kept: ReadonlySet<string>): number {
	const folders = readdirSync(dir)
	const files = folders.flatMap((folder) => readdirSync(join(dir, folder)).map((name) => ({ name, path: join(dir, folder, name) })))
	const loose = files.filter(({ name }) => !kept.has(name))
	for (const { path } of loose) rmSync(path, { force: true })
	return loose.length
}

/** One write call may take only a part. */
function writeWhole(file: number, bytes: Buffer): void {
	for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done)
}

function syncFolder(folder: string): void {
	const handle = openSync(folder, 'r')
	try {
		fsyncSync(handle)
	} finally {
		closeSync(handle)
	}
}

function notWritten(dir: string, cause: unknown): MseError {
	return new MseError('unavailable', `A large value could not be written to ${dir}: ${messageOf(cause)}.`, {
		code: 'storage_unavailable',
		hint: 'Nothing of this request was kept. Check the disk of the data directory, then try again.',
		cause,
	})
}

/** A file is what its name says, or nothing at all. */
function read(dir: string | undefined, hash: string): string {
	if (dir === undefined) throw damaged(hash, 'has no file, since there is no data directory', undefined)
	const text = readWhole(dir, hash)
	if (sha256Hex(text) !== hash) throw damaged(hash, 'has a file in the data directory with something else in it', undefined)
	return text
}

function readWhole(dir: string, hash: string): string {
	try {
		return readFileSync(join(dir, hash.slice(0, 2), hash), 'utf8')
	} catch (cause) {
		throw damaged(hash, 'has no file in the data directory', cause)
	}
}

function damaged(hash: string, how: string, cause: unknown): MseError {
	return new MseError('internal', `The stored value ${hash} ${how}.`, {
		code: 'storage_damaged',
		hint: 'Restore the data directory whole: the database and its folder of values belong together.',
		cause,
	})
}
