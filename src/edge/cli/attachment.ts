import { isUtf8 } from 'node:buffer'
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { Value } from '@sinclair/typebox/value'
import { messageOf } from '../../kernel/error.ts'
import { parseJson } from '../../kernel/json.ts'
import { RuntimeHttpAttachmentSchema } from '../../protocol/runtime-worker.ts'
import type { MseClient } from '../client/client.ts'
import { fromAnswer, unreachable } from '../client/failure.ts'
import { usageError } from './exit-code.ts'

/** Puts text files down where turns of workers can name them, under their own names; resolves to the ids. All are read before the first is sent. */
export async function keepAttachments(client: MseClient, paths: readonly string[]): Promise<readonly string[]> {
	const files = paths.map((path) => ({ name: basename(path), bytes: readText(path) }))
	const ids: string[] = []
	for (const { name, bytes } of files) ids.push(await keep(client, name, bytes))
	return ids
}

/** The typed calls write every body as JSON. */
async function keep({ url, fetch, headers }: MseClient, name: string, bytes: Uint8Array<ArrayBuffer>): Promise<string> {
	const address = `${url}/v1/runtime/attachments?name=${encodeURIComponent(name)}`
	const answer = await fetch(address, { method: 'POST', headers, body: bytes }).catch((cause) => {
		throw unreachable(url, cause)
	})
	const text = await answer.text()
	const body: unknown = parseJson(text)
	if (answer.ok && Value.Check(RuntimeHttpAttachmentSchema, body)) return body.attachment.id
	throw fromAnswer(url, answer.status, body ?? text)
}

function readText(path: string): Uint8Array<ArrayBuffer> {
	const bytes = readBytes(path)
	if (!isUtf8(bytes)) throw usageError(`${path} is no text, and workers read nothing else.`, 'Say in the turn where the file lies instead.')
	return bytes
}

function readBytes(path: string): Uint8Array<ArrayBuffer> {
	try {
		return new Uint8Array(readFileSync(path))
	} catch (error) {
		throw usageError(`${path} cannot be attached: ${messageOf(error)}`)
	}
}
