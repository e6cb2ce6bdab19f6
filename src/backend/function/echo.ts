import type { FunctionDef } from './function.ts'

/** The prompt itself, as it came. */
export const echo: FunctionDef = {
	pure: true,
	run: ({ prompt }) => ({ value: prompt }),
}
