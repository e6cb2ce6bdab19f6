import type { TObject, TSchema } from '@sinclair/typebox'
import { type TypeCheck, TypeCompiler } from '@sinclair/typebox/compiler'
import { MseError } from '../../kernel/error.ts'
import { isInteger, isOddNumber, readJson } from './read-json.ts'

/** What a verb may need of the connection it came by. */
export interface Exchange {
	/** Fires when the client is gone, or when the server stops and nothing may wait any longer. */
	readonly signal: AbortSignal
	/** Sends a response that the verb cannot leave to its end; see `Outgoing.write`. */
	write(response: object): boolean | Promise<boolean>
}

/** All that one kind of socket understands. */
export interface Vocabulary {
	/** The response to one line; undefined when it went out already. Throws an MseError for whatever is refused. */
	answer(line: string, exchange: Exchange): Promise<object | undefined>
	/** How this socket says no. */
	refusal(sentence: string): object
}

/** The schema of one verb. */
type Verb = TObject & { readonly properties: { readonly cmd: { readonly const: string } } }
/** What each verb of the request type does. */
type Verbs<Request extends { readonly cmd: string }, Response> = {
	readonly [Cmd in Request['cmd']]: (request: Extract<Request, { readonly cmd: Cmd }>, exchange: Exchange) => Promise<Response | undefined>
}

/** What a socket does besides, for clients of ours alone: nothing tells others of it. Each takes its line as it came. */
export type QuietVerbs = ReadonlyMap<string, (line: string) => Promise<object>>

/** What is understood and told nobody of. */
export interface Besides {
	readonly untold?: readonly Verb[]
	readonly quiet?: QuietVerbs | undefined
}

interface Reader {
	readonly check: TypeCheck<TObject>
	readonly fields: readonly (readonly [name: string, schema: TSchema, check: TypeCheck<TSchema>])[]
}

/**
 * Verbs in the order in which an unknown one is told of them, and what each does. Whatever is not listed does not exist on this socket;
 * `untold` ones exist, and are not in that sentence, which is part of the wire.
 */
export function newVocabulary<Request extends { readonly cmd: string }, Response extends object>(
	verbs: readonly Verb[],
	does: Verbs<Request, Response>,
	refusal: (sentence: string) => Response,
	{ untold = [], quiet = new Map() }: Besides = {},
): Vocabulary {
	const told = verbs.map((verb) => verb.properties.cmd.const)
	const readers = new Map([...verbs, ...untold].map((verb) => [verb.properties.cmd.const, readerOf(verb)]))
	const run = new Map(Object.entries(does)) as Map<string, (request: unknown, exchange: Exchange) => Promise<Response | undefined>>
	return {
		refusal,
		async answer(line, exchange) {
			const raw = readJson(line)
			if (!isObject(raw)) throw invalid('expected an object')
			const besides = typeof raw.cmd === 'string' && quiet.get(raw.cmd)
			if (besides) return await besides(line)
			const cmd = commandOf(raw, readers, told)
			return await run.get(cmd)?.(readRequest(raw, readers.get(cmd)), exchange)
		},
	}
}

function readerOf(verb: Verb): Reader {
	const fields = Object.entries<TSchema>(verb.properties).filter(([name]) => name !== 'cmd')
	return {
		check: TypeCompiler.Compile(verb),
		fields: fields.map(([name, schema]) => [name, schema, TypeCompiler.Compile(schema)] as const),
	}
}

function commandOf(raw: Record<string, unknown>, readers: ReadonlyMap<string, Reader>, told: readonly string[]): string {
	const { cmd } = raw
	if (!Object.hasOwn(raw, 'cmd')) throw invalid('missing field `cmd`')
	if (typeof cmd !== 'string') throw invalid(`invalid type: ${shown(cmd)}, expected a string`)
	if (readers.has(cmd)) return cmd
	throw invalid(`unknown variant \`${cmd}\`, expected one of ${told.map((name) => `\`${name}\``).join(', ')}`)
}

/** The request with its own fields alone; those that are optional may be null. */
function readRequest(raw: Record<string, unknown>, reader: Reader | undefined): unknown {
	const request: Record<string, unknown> = { cmd: raw.cmd }
	for (const [name, schema, check] of reader?.fields ?? []) {
		const value = Object.hasOwn(raw, name) ? raw[name] : undefined
		const isOptional = !reader?.check.Schema().required?.includes(name)
		if (isOptional && (value === undefined || value === null)) continue
		if (value === undefined) throw invalid(`missing field \`${name}\``)
		if (!check.Check(value)) throw invalid(mismatch(value, schema))
		request[name] = value
	}
	return request
}

function mismatch(value: unknown, schema: TSchema): string {
	const wantsInteger = schema.type === 'integer' || schema.anyOf !== undefined
	const isOutside = wantsInteger && (typeof value === 'number' || typeof value === 'bigint' || (isOddNumber(value) && isInteger(value)))
	return `invalid ${isOutside ? 'value' : 'type'}: ${shown(value)}, expected ${expected(schema)}`
}

function expected({ type, minimum, maximum }: TSchema): string {
	if (type === 'string') return 'a string'
	if (type === 'boolean') return 'a boolean'
	return type === 'integer' ? `a whole number from ${minimum} to ${maximum}` : 'i64'
}

/** A value as other readers of this wire call it; text only as far as it helps. */
function shown(value: unknown): string {
	if (isOddNumber(value)) return `${isInteger(value) ? 'integer' : 'floating point'} \`${cut(value.odd)}\``
	if (typeof value === 'number' || typeof value === 'bigint') return `integer \`${value}\``
	if (typeof value === 'string') return `string ${JSON.stringify(cut(value))}`
	if (typeof value === 'boolean') return `boolean \`${value}\``
	if (value === null) return 'null'
	return Array.isArray(value) ? 'sequence' : 'map'
}

const cut = (text: string): string => (text.length > 64 ? `${text.slice(0, 64)}…` : text)

const isObject = (value: unknown): value is Record<string, unknown> =>
	typeof value === 'object' && value !== null && !Array.isArray(value) && !isOddNumber(value)

const invalid = (why: string): MseError => new MseError('malformed', `invalid request: ${why}`)
