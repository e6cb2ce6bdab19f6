import { describe, expect, test } from 'bun:test'
import { functionBackend } from '../../src/backend/function/backend.ts'
import { builtinFunctions } from '../../src/backend/function/builtin.ts'
import type { FunctionDef } from '../../src/backend/function/function.ts'
import type { Completion } from '../../src/core/dispatch/backend.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import type { Json, JsonObject } from '../../src/kernel/json.ts'
import { type BackendSubject, backendContract } from '../contract/backend.ts'
import { emptyBlueprint, newAgent, newAttempt, type ScriptedAttempt } from '../support/attempt.ts'
import { verifies } from '../support/verifies.ts'

backendContract('function', async () => openSubject())

function openSubject(): BackendSubject {
	const working = new Set<string>()
	const waits: FunctionDef = {
		pure: false,
		run: ({ key, signal }) =>
			new Promise((_, reject) => {
				working.add(key)
				signal.addEventListener('abort', () => {
					working.delete(key)
					reject(signal.reason)
				})
			}),
	}
	return {
		backend: functionBackend(new Map([...builtinFunctions(systemClock), ['waits', waits]])),
		passes: agent({ fn_id: 'echo' }),
		blocks: agent({ fn_id: 'fail' }),
		fails: agent({ fn_id: 'fail', mode: 'error' }),
		waits: agent({ fn_id: 'waits' }),
		invalid: agent({}),
		workingOn: (attempts) => attempts.filter(({ key }) => working.has(key)).length,
		[Symbol.asyncDispose]: async () => {},
	}
}

describe('a spec of a function', () => {
	const refused: readonly [JsonObject, string][] = [
		[{}, "rust_fn spec: 'fn_id' (string) required"],
		[{ fn_id: 7 }, "rust_fn spec: 'fn_id' (string) required"],
		[{ fn_id: 'nope' }, "fn_id 'nope' not registered in factory"],
		[{ fn_id: 'template' }, "rust_fn spec: 'template' (string) required by function 'template'"],
		[{ fn_id: 'sleep', ms: 'soon' }, "rust_fn spec: 'ms' of function 'sleep' must be a number of milliseconds"],
		[{ fn_id: 'fail', mode: 'loud' }, `rust_fn spec: 'mode' of function 'fail' must be "blocked" or "error"`],
	]
	for (const [spec, message] of refused)
		test(`${JSON.stringify(spec)} is refused: ${message}`, () => expect(() => perform(spec, 'x')).toThrow(message))
})

test('identity says who was asked what, with the prompt as text', async () => {
	verifies('04.40', '06.30')
	expect((await perform({ fn_id: 'identity' }, 'do it')).final).toEqual({
		value: { by: 'baseline-identity', agent: 'worker', echoed: 'do it' },
		ok: true,
	})
	expect((await perform({ fn_id: 'identity' }, { b: [1], a: { d: 1, c: 2 } })).final?.value).toHaveProperty(
		'echoed',
		'{"a":{"c":2,"d":1},"b":[1]}',
	)
})

test('a pure function completes in the same turn of the event loop', () => {
	expect(perform({ fn_id: 'echo' }, 1)).toEqual({ final: { value: 1, ok: true } })
})

test('what is pure and what is not is known before it runs', () => {
	const isPure = (spec: JsonObject): boolean => backend().prepare(agent(spec), emptyBlueprint).pure
	expect(isPure({ fn_id: 'identity' })).toBe(true)
	expect(isPure({ fn_id: 'template', template: '' })).toBe(true)
	expect(isPure({ fn_id: 'sleep' })).toBe(false)
})

test('sleep takes its time from the spec, or else from the prompt', async () => {
	expect((await perform({ fn_id: 'sleep', ms: 1 }, 'x')).final?.value).toEqual({ slept_ms: 1 })
	expect((await perform({ fn_id: 'sleep' }, 2)).final?.value).toEqual({ slept_ms: 2 })
	expect((await perform({ fn_id: 'sleep' }, { ms: 3 })).final?.value).toEqual({ slept_ms: 3 })
	await expect(perform({ fn_id: 'sleep' }, 'long') as Promise<Completion>).rejects.toThrow('sleep needs a number of milliseconds')
})

test('a sleep that is aborted wakes at once', async () => {
	const attempt = newAttempt({ prompt: 3_600_000 })
	const outcome = Promise.resolve(perform({ fn_id: 'sleep' }, 3_600_000, attempt)).catch((thrown: unknown) => thrown)
	attempt.abort('enough')
	expect(await outcome).toBe('enough')
})

test('template renders with the members of the prompt, or with the prompt as its directive', async () => {
	const spec = { fn_id: 'template', template: '{{ name|default("nobody") }}: {{ directive|default("-") }}' }
	expect((await perform(spec, { name: 'Ada' })).final?.value).toBe('Ada: -')
	expect((await perform(spec, 'do it')).final?.value).toBe('nobody: do it')
	expect(() => perform({ fn_id: 'template', template: '{{ gone }}' }, {})).toThrow('template render failed: undefined value')
})

test('a function that ignores its signal does not hold the attempt', async () => {
	const deaf: FunctionDef = { pure: false, run: () => new Promise(() => {}) }
	const attempt = newAttempt()
	const worker = functionBackend(new Map([['deaf', deaf]])).prepare(agent({ fn_id: 'deaf' }), emptyBlueprint)
	const outcome = Promise.resolve(worker.perform(attempt)).catch((thrown: unknown) => thrown)
	attempt.abort('stop')
	expect(await outcome).toBe('stop')
})

const agent = (spec: JsonObject) => newAgent('rust_fn', spec)
const backend = () => functionBackend(builtinFunctions(systemClock))

function perform(spec: JsonObject, prompt: Json, attempt: ScriptedAttempt = newAttempt({ prompt })): Completion | Promise<Completion> {
	return backend().prepare(agent(spec), emptyBlueprint).perform(attempt)
}
