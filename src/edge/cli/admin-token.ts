import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { MseError } from '../../kernel/error.ts'
import { randomHex } from '../../kernel/hash.ts'

export interface AdminToken {
	readonly token: string
	/** This call made the file. */
	readonly created: boolean
}

/** The token in the file, which is made with a fresh token and mode 0600 when missing. Two starts at once agree on one token. */
export function adminTokenFromFile(path: string): AdminToken {
	return createToken(path) ?? { token: readToken(path), created: false }
}

/** Null when the file is there already. */
function createToken(path: string): AdminToken | null {
	mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
	const file = openNew(path)
	if (file === null) return null
	try {
		const token = randomHex(32)
		writeSync(file, `${token}\n`)
		fsyncSync(file)
		return { token, created: true }
	} finally {
		closeSync(file)
	}
}

function openNew(path: string): number | null {
	try {
		return openSync(path, 'wx', 0o600)
	} catch (thrown) {
		if (thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST') return null
		throw thrown
	}
}

function readToken(path: string): string {
	const token = readFileSync(path, 'utf8').trim()
	if (token !== '') return token
	throw new MseError('invalid', `The admin token file ${path} is empty.`, { hint: 'Write a token into it, or delete it to have one made.' })
}
