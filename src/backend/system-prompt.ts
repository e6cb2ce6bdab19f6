import { messageOf } from '../kernel/error.ts'
import type { Json, JsonObject } from '../kernel/json.ts'
import { promptSlots, renderTemplate } from '../kernel/template.ts'
import { templateVariables } from '../kernel/template-variable.ts'

/**
 * An agent's system prompt for one attempt: members of an object prompt fill the template's slots, any other prompt is its
 * `directive`. Null for a blank one; throws where it cannot be rendered.
 */
export function renderSystem(source: string, prompt: Json): string | null {
	if (source.trim() === '') return null
	const slots = promptSlots(prompt)
	try {
		return renderTemplate(source, slots)
	} catch (error) {
		throw new Error(`internal: render system_prompt: ${messageOf(error)}${missingFrom(source, slots)}`)
	}
}

/** The engine says where, not what. */
function missingFrom(source: string, slots: JsonObject): string {
	const missing = (templateVariables(source) ?? []).filter((name) => !Object.hasOwn(slots, name))
	return missing.length === 0 ? '' : `; the prompt has no ${missing.join(', ')}`
}
