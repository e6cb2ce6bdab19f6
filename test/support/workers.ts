import type { Attempt, Completion, Worker } from '../../src/core/dispatch/backend.ts'
import type { Json } from '../../src/kernel/json.ts'

export const pass = (value: Json): Completion => ({ final: { value, ok: true } })
export const pure = (fn: (prompt: Json) => Json): Worker => ({ pure: true, perform: ({ prompt }) => pass(fn(prompt)) })
export const effect = (perform: (attempt: Attempt) => Promise<Completion>): Worker => ({ pure: false, perform })

/** Never answers by itself; ends with the signal's reason. */
export const hang: Worker = effect(
	({ signal }) =>
		new Promise((_, reject) => {
			if (signal.aborted) reject(signal.reason)
			signal.addEventListener('abort', () => reject(signal.reason), { once: true })
		}),
)

/** Answers with its prompt once it is let go; `prompts` are those it was given so far. */
export function gated(): Worker & { readonly prompts: Json[]; release(): void } {
	const opened = Promise.withResolvers<void>()
	const prompts: Json[] = []
	const worker = effect(async (attempt) => {
		prompts.push(attempt.prompt)
		await Promise.race([opened.promise, hang.perform(attempt)])
		return pass(attempt.prompt)
	})
	return { ...worker, prompts, release: opened.resolve }
}
