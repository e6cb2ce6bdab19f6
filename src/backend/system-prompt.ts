import { messageOf } from '../kernel/error.ts'
import type { Json } from '../kernel/json.ts'
import { promptSlots, renderTemplate } from '../kernel/template.ts'

/**
 * An agent's system prompt for one attempt: members of an object prompt fill the template's slots, any other prompt is its
 * `directive`. Null for a blank one; throws where it cannot be rendered.
 */
export function renderSystem(source: string, prompt: Json): string | null {
	if (source.trim() === '') return null
	try {
		return renderTemplate(source, promptSlots(prompt))
	} catch (error) {
		throw new Error(`internal: render system_prompt: ${messageOf(error)}`)
	}
}
