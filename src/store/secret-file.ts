import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { SecretKeeper } from '../core/access/secret.ts'
import { randomHex } from '../kernel/hash.ts'

/** The token secret in a file of the data directory that only its owner may read. */
export function secretFile(dataDir: string): SecretKeeper {
	const path = join(dataDir, 'token-secret')
	const read = (): string | undefined => readIfThere(path)
	return {
		read,
		keep(hex) {
			mkdirSync(dataDir, { recursive: true, mode: 0o700 })
			linkWhole(path, dataDir, `${hex}\n`)
			return read() ?? hex
		},
	}
}

function readIfThere(path: string): string | undefined {
	try {
		return readFileSync(path, 'utf8')
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
		throw error
	}
}

/** The name appears only once the content is on disk, and never replaces one that is there. */
function linkWhole(path: string, folder: string, text: string): void {
	const unfinished = `${path}.${randomHex(4)}`
	writeDurably(unfinished, text)
	try {
		linkSync(unfinished, path)
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
	} finally {
		rmSync(unfinished, { force: true })
	}
	const handle = openSync(folder, 'r')
	fsyncSync(handle)
	closeSync(handle)
}

function writeDurably(path: string, text: string): void {
	const file = openSync(path, 'wx', 0o600)
	try {
		writeSync(file, text)
		fsyncSync(file)
	} finally {
		closeSync(file)
	}
}
