import type { Json } from '../../kernel/json.ts'
import { parseJson } from '../../kernel/json.ts'

/**
 * Text that is a JSON object or array, or that begins with one in a Markdown code fence, as structure; any other value as
 * it is. Scalars such as `true` or `42` stay text, because flows compare them as text (mlua-swarm 0.26.0).
 */
export function unfoldText(value: Json): Json {
	if (typeof value !== 'string') return value
	return container(value) ?? container(withoutFence(value)) ?? value
}

function container(text: string): Json | undefined {
	const first = text.trimStart().charAt(0)
	return first === '{' || first === '[' ? parseJson(text) : undefined
}

/** What stands inside the fence the text begins with; empty when there is none or it never closes. */
function withoutFence(text: string): string {
	const fence = /^\s*(`{3,}|~{3,})[^\n]*\n/.exec(text)
	if (!fence?.[1]) return ''
	const inside = text.slice(fence[0].length)
	const end = inside.search(new RegExp(`^\\s{0,3}${fence[1]}`, 'm'))
	return end < 0 ? '' : inside.slice(0, end)
}
