import { describe, expect, test } from 'bun:test'
import type { JsonObject } from '../../../src/kernel/json.ts'
import { newAttempt } from '../../support/attempt.ts'
import { eventually } from '../../support/eventually.ts'
import { markedProcesses } from '../../support/marked-process.ts'
import { verifies } from '../../support/verifies.ts'
import { perform, program, sh, textOf } from './perform.ts'

describe('what a child prints becomes the value', () => {
	const cases: readonly [string, string, unknown, boolean][] = [
		['JSON is the value', `echo ' {"a": [1, 2]} '`, { a: [1, 2] }, true],
		['null is a value', 'echo null', null, true],
		['text is kept, right-trimmed, with stderr beside it', `printf '  hi \\n\\n'; echo oops >&2`, { raw: '  hi', stderr: 'oops\n' }, true],
		['silence is empty text', 'true', { raw: '', stderr: '' }, true],
		['stderr beside JSON is left out', `echo 1; echo oops >&2`, 1, true],
		['bytes that are no UTF-8 are replaced', `printf 'a\\377b'`, { raw: 'a\ufffdb', stderr: '' }, true],
		['a non-zero exit blocks', `echo '{"why": "tests fail"}'; exit 3`, { why: 'tests fail' }, false],
		['a death by signal blocks', 'echo 1; kill -9 $$', 1, false],
	]
	for (const [title, script, value, ok] of cases)
		test(title, async () => {
			verifies('04.69')
			expect((await perform(sh(script))).final).toEqual({ value, ok } as never)
		})
})

test('how the child ended is in the stats', async () => {
	expect((await perform(sh('exit 3'))).stats).toEqual({ worker_kind: 'subprocess', adapter_data: { exit_code: 3 } })
	expect((await perform(sh('kill -9 $$'))).stats).toEqual({
		worker_kind: 'subprocess',
		adapter_data: { exit_code: null, signal: 'SIGKILL' },
	})
})

describe('the prompt', () => {
	test('goes to stdin, objects as JSON with sorted keys', async () => {
		verifies('04.71', '06.27')
		expect((await perform(sh('cat'), newAttempt({ prompt: 'do it' }))).final?.value).toEqual({ raw: 'do it', stderr: '' })
		expect((await perform(sh(`printf 'got '; cat`), newAttempt({ prompt: { b: 1, a: 2 } }))).final?.value).toHaveProperty(
			'raw',
			'got {"a":2,"b":1}',
		)
	})

	test('is the last argument when stdin is not used, and stdin is empty then', async () => {
		verifies('04.71')
		const spec = { program: 'sh', args: ['-c', 'printf "%s|" "$@"; cat', 'sh', 'first'], use_stdin: false }
		expect((await perform(spec, newAttempt({ prompt: 'a $b c' }))).final?.value).toHaveProperty('raw', 'first|a $b c|')
	})

	test('may be large, to a child that fills stderr first and gives it all back', async () => {
		const prompt = 'x'.repeat(8_000_000)
		const { raw } = textOf(await perform(program('chatty-cat'), newAttempt({ prompt })))
		expect(raw === prompt).toBe(true)
	})

	test('may be left unread', async () => {
		const { final } = await perform(sh('exec 0<&-; echo done'), newAttempt({ prompt: 'x'.repeat(8_000_000) }))
		expect(final).toEqual({ value: { raw: 'done', stderr: '' }, ok: true })
	})
})

test('only the end of a long stderr is kept, and what is missing is said', async () => {
	const { stderr } = textOf(await perform(sh('head -c 1000000 /dev/zero | tr "\\0" e >&2; echo last words >&2')))
	expect(stderr.slice(0, 45)).toBe('[934475 bytes before this are not kept]\neeeee')
	expect(stderr.slice(-13)).toBe('eelast words\n')
	expect(stderr.length).toBeLessThan(66_000)
})

describe('optional keys of the wrong type count as absent', () => {
	test('args, use_stdin, stream_mode', async () => {
		const spec = { program: 'cat', args: 'no', use_stdin: 'no', stream_mode: 7 }
		expect((await perform(spec, newAttempt({ prompt: '1' }))).final?.value).toBe(1)
		expect((await perform({ program: 'echo', args: [1, 'a', null] })).final?.value).toHaveProperty('raw', 'a')
	})
})

describe('a spec is refused', () => {
	const refused: readonly [JsonObject, string][] = [
		[{}, "shell spec: 'program' (string) required"],
		[{ program: 7 }, "shell spec: 'program' (string) required"],
		[{ program: 'x', stream_mode: 'morse' }, 'unknown stream_mode: morse'],
		[{ program: 'x', env: ['A=b'] }, "shell spec: 'env' must be an object of strings"],
		[{ program: 'x', env: { A: 1 } }, "shell spec: 'env.A' must be a string"],
		[{ program: 'x', cwd: 1 }, "shell spec: 'cwd' must be a string"],
	]
	for (const [spec, message] of refused)
		test(`${JSON.stringify(spec)}: ${message}`, async () => expect(perform(spec)).rejects.toThrow(message))
})

test('an empty prompt is an empty stdin', async () => {
	expect(textOf(await perform(sh('cat; echo end'), newAttempt({ prompt: '' }))).raw).toBe('end')
})

test('an abort while a large prompt is still being written ends the child', async () => {
	const attempt = newAttempt({ prompt: 'x'.repeat(50_000_000) })
	const outcome = perform(sh('sleep 1000'), attempt).catch((thrown: unknown) => thrown)
	await eventually(() => markedProcesses(attempt.key).length > 0, { what: 'the child runs' })
	attempt.abort('enough')
	expect(await outcome).toBe('enough')
	expect(markedProcesses(attempt.key)).toEqual([])
})
