import { MseError } from '../../kernel/error.ts'
import { type Json, parseJson } from '../../kernel/json.ts'
import type { AgentContext } from '../dispatch/backend.ts'

/** What `submit_format` in the agent's context says of its bodies; anything unknown counts as unsaid. */
export type SubmitFormat = 'json' | 'text' | 'unsaid'

export function formatOf(context: AgentContext): SubmitFormat {
	const format = context.extra?.submit_format
	return format === 'json' || format === 'text' ? format : 'unsaid'
}

const PREVIEW_CHARACTERS = 80

/** A submitted body as the value that is kept. Throws `invalid` (code `submit_not_json`) for a declared JSON that is none. */
export function toSubmittedValue(text: string, context: AgentContext): Json {
	if (formatOf(context) !== 'json') return text
	const value = parseJson(text)
	if (value !== undefined) return value
	const preview = [...text.slice(0, 2 * PREVIEW_CHARACTERS)].slice(0, PREVIEW_CHARACTERS).join('')
	throw new MseError('invalid', `The body is not JSON, which submit_format asks for. It begins: ${preview}`, {
		code: 'submit_not_json',
		hint: 'Send the JSON value alone, without prose or code fences around it.',
	})
}
