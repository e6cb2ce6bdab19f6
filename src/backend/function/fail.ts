import { asText, type JsonObject } from '../../kernel/json.ts'
import type { FunctionDef } from './function.ts'

/** Fails on purpose: blocks the step with the prompt, or with `spec.mode: "error"` throws the prompt's text. */
export const fail: FunctionDef = {
	pure: true,
	check: checkMode,
	run({ prompt }, spec) {
		if (spec.mode === 'error') throw new Error(asText(prompt))
		return { value: prompt, ok: false }
	},
}

function checkMode({ mode }: JsonObject): void {
	if (mode === undefined || mode === 'blocked' || mode === 'error') return
	throw new Error(`'mode' of function 'fail' must be "blocked" or "error"`)
}
