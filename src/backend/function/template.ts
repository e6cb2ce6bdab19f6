import { promptSlots, renderTemplate } from '../../kernel/template.ts'
import type { FunctionDef } from './function.ts'

/** Renders `spec.template` (Jinja) with the members of the prompt as variables; any other prompt is the variable `directive`. */
export const template: FunctionDef = {
	pure: true,
	check({ template: source }) {
		if (typeof source !== 'string') throw new Error("'template' (string) required by function 'template'")
	},
	run: ({ prompt }, spec) => ({ value: renderTemplate(String(spec.template), promptSlots(prompt)) }),
}
