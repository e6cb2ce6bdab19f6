import { type CallToolResult, ErrorCode, McpError } from '@modelcontextprotocol/sdk/types.js'
import { MseError, messageOf } from '../../kernel/error.ts'
import { isJsonObject } from '../../kernel/json.ts'
import type { Tool } from './tool.ts'

/** Every result is one text with pretty JSON, as that of mlua-swarm. */
export function toResult({ isWhole = false }: Pick<Tool, 'isWhole'>, value: unknown): CallToolResult {
	return { content: [{ type: 'text', text: JSON.stringify((isWhole ? value : fitted(value)) ?? null, null, 2) }] }
}

/** What a tool threw: an error of the protocol to throw on, or, for tools of ours, a result that the model reads. */
export function toFailure({ isOwn }: Pick<Tool, 'isOwn'>, thrown: unknown): CallToolResult {
	if (thrown instanceof McpError) throw thrown
	const { code, hint, details } = thrown instanceof MseError ? thrown : new MseError('internal', messageOf(thrown))
	const message = messageOf(thrown)
	if (code === 'invalid_params') throw new McpError(ErrorCode.InvalidParams, [message, hint].filter(Boolean).join(' '))
	if (!isOwn) throw new McpError(ErrorCode.InternalError, [message, `(${code})`, hint].filter(Boolean).join(' '))
	const told = { error: message, code, ...(hint !== undefined && { hint }), ...(details !== undefined && { details }) }
	return { content: [{ type: 'text', text: JSON.stringify(fitted(told), null, 2) }], isError: true }
}

/** A client of ours keeps some ten thousand tokens of a result; more is cut off where nobody chose. */
const MOST_CHARS = 40_000
/** Longest text and longest list, ever shorter until it fits; texts first, since a page of a list should stay a page. */
const CUTS = [
	[8000, Number.POSITIVE_INFINITY],
	[2000, Number.POSITIVE_INFINITY],
	[500, Number.POSITIVE_INFINITY],
	[500, 100],
	[200, 30],
	[80, 10],
	[80, 3],
] as const

const CUT_NOTE = 'Long values were cut to fit. Ask for less at a time (limit, filters), or for one part (mse_run with pointer).'

/** The value, with its long texts and lists cut when it is too much for one answer, and a word about that. */
export function fitted(value: unknown): unknown {
	if (length(value) <= MOST_CHARS) return value
	const tries = CUTS.map(([chars, items]) => cut(value, chars, items))
	const found = tries.find((shorter) => length(shorter) <= MOST_CHARS) ?? String(JSON.stringify(value)).slice(0, MOST_CHARS / 2)
	return isJsonObject(found) ? { ...found, cut: CUT_NOTE } : { value: found, cut: CUT_NOTE }
}

const length = (value: unknown): number => JSON.stringify(value, null, 2)?.length ?? 0

function cut(value: unknown, chars: number, items: number): unknown {
	if (typeof value === 'string')
		return value.length <= chars ? value : `${value.slice(0, chars)}… (${value.length - chars} more characters)`
	if (Array.isArray(value)) {
		const shown = value.slice(0, items).map((member) => cut(member, chars, items))
		return value.length <= items ? shown : [...shown, `… (${value.length - items} more)`]
	}
	if (!isJsonObject(value)) return value
	return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, cut(member, chars, items)]))
}
