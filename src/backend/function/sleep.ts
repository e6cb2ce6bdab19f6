import { type Clock, sleep } from '../../kernel/clock.ts'
import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type { FunctionDef } from './function.ts'

/** Waits `ms` milliseconds, from the spec or else from the prompt (`50` or `{"ms": 50}`); the value is `{slept_ms}`. */
export function sleepFunction(clock: Clock): FunctionDef {
	return {
		pure: false,
		check({ ms }) {
			if (ms !== undefined && !isDuration(ms)) throw new Error("'ms' of function 'sleep' must be a number of milliseconds")
		},
		async run({ prompt, signal }, spec) {
			const ms = durationOf(spec, prompt)
			await sleep(clock, ms, signal)
			return { value: { slept_ms: ms } }
		},
	}
}

function durationOf(spec: JsonObject, prompt: Json): number {
	const ms = spec.ms ?? (isJsonObject(prompt) ? prompt.ms : prompt)
	if (isDuration(ms)) return ms
	throw new Error("sleep needs a number of milliseconds: 'ms' in the agent's spec, or the prompt itself")
}

function isDuration(ms: Json | undefined): ms is number {
	return typeof ms === 'number' && ms >= 0
}
