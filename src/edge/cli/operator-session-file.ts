import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { MseError } from '../../kernel/error.ts'
import { parseJson } from '../../kernel/json.ts'
import type { OperatorCredential } from '../client/operator-api.ts'

const SessionFileSchema = Type.Object({ url: Type.String(), sid: Type.String(), token: Type.String() })

/** The session kept for that server; null when there is none, or one of another server. */
export function readSession(path: string, url: string): OperatorCredential | null {
	const kept = readKept(path)
	return kept?.url === url ? { sid: kept.sid, token: kept.token } : null
}

/** Readers see the whole file or the one before, and nobody but this user sees either. */
export function writeSession(path: string, url: string, { sid, token }: OperatorCredential): void {
	const draft = `${path}.${process.pid}.tmp`
	mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
	const file = openSync(draft, 'w', 0o600)
	try {
		writeSync(file, `${JSON.stringify({ url, sid, token })}\n`)
		fsyncSync(file)
	} finally {
		closeSync(file)
	}
	renameSync(draft, path)
}

function readKept(path: string): Static<typeof SessionFileSchema> | null {
	const text = readIfThere(path)
	if (text === null) return null
	const kept: unknown = parseJson(text)
	if (Value.Check(SessionFileSchema, kept)) return kept
	throw new MseError('invalid', `${path} holds no operator session.`, {
		code: 'usage',
		hint: 'Name another --session-file, or delete this one.',
	})
}

function readIfThere(path: string): string | null {
	try {
		return readFileSync(path, 'utf8')
	} catch (thrown) {
		if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return null
		throw thrown
	}
}
