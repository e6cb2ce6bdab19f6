import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { type TypeCheck, TypeCompiler, type ValueError } from '@sinclair/typebox/compiler'
import { MseError } from '../../kernel/error.ts'
import { expectation } from './failure.ts'
import { frameOf } from './frame.ts'

/** The part of Elysia's context a parser uses. */
interface ParseContext {
	readonly request: Request
	readonly store: object
}

/** What walks JSON recursively must not run out of stack. Blueprints have a lower limit of their own. */
const DEEPEST = 1500

/**
 * Hooks of a route with a JSON body: `.post(path, handler, { ...jsonBody(schema) })`. Wrong content type is 415, broken
 * JSON 400, a wrong shape 422, too large 413. We check ourselves: Elysia lets a missing `Type.Unknown()` pass.
 * A schema of a compatible wire needs `additionalProperties: true`, or unknown keys are refused.
 */
export function jsonBody<Schema extends TSchema>(schema: Schema) {
	const check = checker(schema)
	return { body: schema, parse: async (context: ParseContext): Promise<Static<Schema>> => check(await readJson(context)) }
}

/** As `jsonBody`, where no body at all is fine, with any content type, and reads as `undefined`. */
export function optionalJsonBody<Schema extends TSchema>(schema: Schema) {
	const check = checker(schema)
	return {
		body: Type.Optional(schema),
		parse: async (context: ParseContext): Promise<Static<Schema> | undefined> => {
			const text = new TextDecoder().decode(await readBytes(context))
			if (text.trim() === '') return undefined
			requireJsonType(context.request)
			return check(parseText(text))
		},
	}
}

/** Hooks of a route that takes the bytes of any content type, or none: `body` is a `Uint8Array`. */
export function rawBody() {
	const bytes = Type.Unsafe<Uint8Array>(Type.Any({ contentEncoding: 'binary', description: 'bytes of any content type' }))
	return { body: bytes, parse: (context: ParseContext): Promise<Uint8Array> => readBytes(context) }
}

/** The JSON value of the body, whatever its shape. */
export async function readJson(context: ParseContext): Promise<unknown> {
	requireJsonType(context.request)
	return parseText(new TextDecoder().decode(await readBytes(context)))
}

/** What a body that is too large is told, with the limit. */
export function bodyTooLarge(limit: number): MseError {
	return new MseError('too_large', `The body is larger than ${limit} bytes.`, {
		code: 'body_too_large',
		hint: 'Send less, or raise `limits.body_bytes`.',
		details: { limit_bytes: limit },
	})
}

function checker<Schema extends TSchema>(schema: Schema): (value: unknown) => Static<Schema> {
	// With the first request: most routes are never asked anything, and starting does not wait for them.
	let compiled: TypeCheck<Schema> | undefined
	return (value) => {
		compiled ??= TypeCompiler.Compile(schema)
		if (compiled.Check(value)) return value
		throw wrongShape(compiled.Errors(value).First())
	}
}

function wrongShape(error: ValueError | undefined): MseError {
	const path = error?.path.slice(1).replaceAll('/', '.') ?? ''
	const name = path === '' ? 'The body' : `\`${path}\``
	const sentence = /Unexpected property/.test(error?.message ?? '')
		? `${name} is not a known key.`
		: `${name} has to be ${expectation(error?.schema)}.`
	return new MseError('invalid', sentence, { code: 'invalid_body', details: { path } })
}

function requireJsonType(request: Request): void {
	const type = request.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
	if (type === 'application/json' || /^[\w.+-]+\/[\w.-]+\+json$/.test(type)) return
	throw new MseError('unsupported_media', 'This route takes a JSON body.', {
		code: 'unsupported_media_type',
		hint: 'Send `Content-Type: application/json`.',
	})
}

function parseText(text: string): unknown {
	if (text.length > 2 * DEEPEST && isTooDeep(text))
		throw new MseError('malformed', `The JSON nests deeper than ${DEEPEST} levels.`, { code: 'json_too_deep' })
	try {
		return JSON.parse(text)
	} catch {
		throw new MseError('malformed', text.trim() === '' ? 'The body is empty; JSON is expected.' : 'The body is not valid JSON.', {
			code: 'invalid_json',
		})
	}
}

function isTooDeep(text: string): boolean {
	let depth = 0
	let inString = false
	for (let at = 0; at < text.length; at++) {
		const char = text.charCodeAt(at)
		if (inString) {
			if (char === 92) at++
			else if (char === 34) inString = false
		} else if (char === 34) inString = true
		else if (char === 91 || char === 123) {
			if (++depth > DEEPEST) return true
		} else if (char === 93 || char === 125) depth--
	}
	return false
}

/** Bun would answer 413 without a body, so its own limit is out of reach and bodies are counted here. */
async function readBytes({ request, store }: ParseContext): Promise<Uint8Array> {
	const limit = frameOf(store).bodyBytes
	const announced = Number(request.headers.get('content-length') ?? Number.NaN)
	if (announced > limit) throw bodyTooLarge(limit)
	if (announced >= 0 || request.body === null) return new Uint8Array(await request.arrayBuffer())
	return readChunks(request.body, limit)
}

async function readChunks(body: ReadableStream<Uint8Array>, limit: number): Promise<Uint8Array> {
	const chunks: Uint8Array[] = []
	let size = 0
	for await (const chunk of body) {
		size += chunk.length
		if (size > limit) throw bodyTooLarge(limit)
		chunks.push(chunk)
	}
	return Buffer.concat(chunks)
}
