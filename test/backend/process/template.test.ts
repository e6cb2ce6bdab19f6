import { describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { type ProcessOptions, processBackend } from '../../../src/backend/process/backend.ts'
import type { Attempt } from '../../../src/core/dispatch/backend.ts'
import type { Json, JsonObject } from '../../../src/kernel/json.ts'
import { newAttempt } from '../../support/attempt.ts'
import { parsedBlueprint } from '../../support/parsed-blueprint.ts'
import { processOptions } from '../../support/process-options.ts'
import { verifies } from '../../support/verifies.ts'

const OUTER = { work_dir: tmpdir() }
const STEP = 'ST-00000000000000aa'

interface Given {
	readonly profile?: JsonObject
	readonly overrides?: JsonObject
	readonly attempt?: Partial<Attempt>
	readonly options?: Partial<ProcessOptions>
}

/** One attempt of an agent that runs from this template. */
async function perform(template: JsonObject, { profile = {}, overrides = {}, attempt = {}, options = {} }: Given = {}) {
	const blueprint = parsedBlueprint({
		...{ id: 'test', flow: { kind: 'seq', children: [] } },
		agents: [{ name: 'worker', kind: 'subprocess', profile, runner: { backend: 'subprocess', template: 't', overrides } }],
		subprocesses: [{ name: 't', ...template }],
	})
	const [agent] = blueprint.agents
	if (!agent) throw new Error('the Blueprint has no agent')
	return processBackend(processOptions(options)).prepare(agent, blueprint).perform(newAttempt(attempt))
}

/** What the child was given, an argument a line. */
const shows = (...args: string[]): JsonObject => ({ argv: ['printf', '%s\n', ...args] })
const lines = async (template: JsonObject, given?: Given) => {
	const value = (await perform(template, given)).final?.value
	return String((value as { raw?: unknown } | undefined)?.raw ?? JSON.stringify(value)).split('\n')
}

describe('placeholders', () => {
	test('are all eight filled, in arguments, standard input, variables and folder', async () => {
		verifies('04.73', '06.29', '03.SubprocessDef.argv', '03.SubprocessDef.stdin', '03.SubprocessDef.env', '03.SubprocessDef.cwd')
		const given: Given = {
			profile: { system_prompt: 'You are {{ who }}.', model: 'small', tools: ['Read', 'Bash'] },
			attempt: { prompt: { who: 'Ada' }, n: 3, context: OUTER },
		}
		const words = ['{system}', '{prompt}', '{model}', '{tools_csv}', '{work_dir}', '{task_id}', '{attempt}']
		const filled = ['You are Ada.', '{"who":"Ada"}', 'small', 'Read,Bash', tmpdir(), STEP, '3']
		expect(await lines(shows(...words), given)).toEqual(filled)
		const shell = (script: string) => ({ argv: ['sh', '-c', script] })
		expect(await lines({ ...shell('cat; echo " $MODE"'), stdin: 'in {attempt}', env: { MODE: 'm-{attempt}' } }, given)).toEqual([
			'in 3 m-3',
		])
		expect(await lines({ ...shell('pwd'), cwd: '{work_dir}/..' }, { attempt: { context: { work_dir: '/usr/bin' } } })).toEqual(['/usr'])
	})

	test('take the model, the tools and the folder of the runner before those of profile and template', async () => {
		verifies(
			'03.SubprocessOverrides.model',
			'03.SubprocessOverrides.tools',
			'03.SubprocessOverrides.cwd',
			'03.Runner.template',
			'03.SubprocessDef.name',
		)
		verifies('04.73')
		const given: Given = {
			profile: { model: 'small', tools: ['Read'] },
			overrides: { model: 'big', tools: ['Bash', 'Write'], cwd: '/usr' },
		}
		expect(await lines({ argv: ['sh', '-c', 'echo {model} {tools_csv}; pwd'], cwd: '/' }, given)).toEqual(['big Bash,Write', '/usr'])
	})

	test('in {system_file} name a file with the system prompt, gone with the attempt', async () => {
		verifies('04.73')
		const given: Given = { profile: { system_prompt: 'Be brief.' } }
		const [path = '', text] = await lines({ argv: ['sh', '-c', 'echo "$1"; cat "$1"', 'sh', '{system_file}'] }, given)
		expect([text, existsSync(path)]).toEqual(['Be brief.', false])
	})

	test('are filled once: what is filled in is not looked at again, other braces are text, and those within braces are found', async () => {
		verifies('04.73')
		const given: Given = { attempt: { prompt: '{model} {task_id} $& $1' } }
		expect(await lines(shows('{prompt}', '{"at": {attempt}}', '{{attempt}}', '{}', '{A}', '{a b}', '$x'), given)).toEqual([
			...['{model} {task_id} $& $1', '{"at": 1}', '{1}', '{}', '{A}', '{a b}', '$x'],
		])
	})

	test('without a system prompt are empty text; every other missing value is told by name', async () => {
		verifies('04.73')
		expect(await lines(shows('[{system}]'))).toEqual(['[]'])
		for (const name of ['model', 'work_dir', 'system_file'])
			await expect(perform(shows(`{${name}}`))).rejects.toThrow(new RegExp(`^placeholder \\{${name}\\}: .+`))
	})

	test('that do not exist are refused before anything runs', async () => {
		verifies('04.73')
		await expect(perform(shows('{promt}'))).rejects.toMatchObject({
			code: 'invalid_agent_spec',
			message: expect.stringContaining("'{promt}'"),
		})
		await expect(perform({ argv: [] })).rejects.toMatchObject({ code: 'invalid_agent_spec' })
	})

	test('leave the child without standard input where none is declared, and in the folder of the task', async () => {
		expect(await lines({ argv: ['sh', '-c', 'cat; pwd'] }, { attempt: { prompt: 'unread', context: { work_dir: '/usr' } } })).toEqual([
			'/usr',
		])
	})

	test('may stand before a stream of events', async () => {
		verifies('03.SubprocessDef.stream_mode')
		const event = JSON.stringify({ type: 'final', ok: true, content: { kind: 'inline', value: 'streamed' } })
		expect((await perform({ argv: ['echo', event], stream_mode: 'ndjson_lines' })).final).toEqual({ value: 'streamed', ok: true })
	})
})

describe('the system prompt of an attempt from a template', () => {
	const kept: unknown[] = []
	const options = { attempts: { setSystem: async (...given: unknown[]) => void kept.push(given) } }

	test('is kept whether or not the template uses it, unless the agent has none', async () => {
		await perform({ argv: ['true'] }, { options })
		await perform({ argv: ['true'] }, { options, profile: { system_prompt: 'Fix {{ what }}.' }, attempt: { n: 3, prompt: { what: 'it' } } })
		expect(kept).toEqual([[STEP, 3, 'Fix it.']])
	})

	test('fails the attempt where it cannot be rendered', async () => {
		const performing = perform({ argv: ['true'] }, { profile: { system_prompt: '{{ what }}' } })
		await expect(performing).rejects.toThrow(/^internal: render system_prompt: template render failed: /)
	})
})

describe('declared output', () => {
	const printing = (text: string, output: JsonObject, code = 0) =>
		perform({ argv: ['sh', '-c', `printf '%s' "$1"; echo oops >&2; exit ${code}`, 'sh', text], output })
	const cases: readonly [string, string, JsonObject, number, Json, boolean][] = [
		['JSON is the value', '{"a":1}', {}, 0, { a: 1 }, true],
		['a bad exit blocks', '{"a":1}', {}, 1, { a: 1 }, false],
		['text passes where no JSON is asked for', 'hi ', {}, 0, { raw: 'hi', stderr: 'oops\n' }, true],
		['text is the value where that is asked for', ' {"a":1}\n', { format: 'text' }, 0, '{"a":1}', true],
		['text of a bad exit is kept with what was said', 'no', { format: 'text' }, 1, { raw: 'no', stderr: 'oops\n' }, false],
		['a pointer picks the result', '{"a":{"b/c":[1,2]}}', { result_ptr: '/a/b~1c/1' }, 0, 2, true],
		['a pointed true passes whatever the exit', '{"ok":true,"r":1}', { result_ptr: '/r', ok_from: '/ok' }, 9, 1, true],
		['anything but true blocks', '{"ok":1}', { ok_from: '/ok' }, 0, { ok: 1 }, false],
		['a missing flag blocks', '{"r":1}', { ok_from: '/ok' }, 0, { r: 1 }, false],
		['exit_code is the exit', '{"ok":false}', { ok_from: 'exit_code' }, 0, { ok: false }, true],
	]
	for (const [title, text, output, code, value, ok] of cases)
		test(title, async () => {
			verifies('04.74', '03.SubprocessOutput.ok_from')
			expect((await printing(text, output, code)).final).toEqual({ value, ok } as never)
		})

	test('that is not the JSON it has to be blocks, even after a good exit, and says why', async () => {
		verifies('03.SubprocessOutput.format', '04.74')
		const { final } = await printing('{"a":', { format: 'json' })
		expect(final).toEqual({ value: { raw: '{"a":', stderr: 'oops\n', parse_error: expect.stringContaining('JSON') }, ok: false } as never)
	})

	test('without its result blocks and says where it should have been', async () => {
		verifies('03.SubprocessOutput.result_ptr', '04.74')
		const { final } = await printing('{"a":1}', { result_ptr: '/toString' })
		const error = "result_ptr '/toString' not found in stdout JSON"
		expect(final).toEqual({ value: { error, raw: { a: 1 }, stderr: 'oops\n' }, ok: false } as never)
	})

	test('has its figures under either naming, some or all', async () => {
		verifies('03.SubprocessStats.usage_ptr', '03.SubprocessStats.model_ptr', '03.SubprocessStats.num_turns_ptr', '04.74')
		const stats = { usage_ptr: '/u', model_ptr: '/m', num_turns_ptr: '/n' }
		const adapter = (usage_raw: Json) => ({ worker_kind: 'subprocess', adapter_data: { exit_code: 0, usage_raw } })
		const usage = { prompt_tokens: 3, completion_tokens: 4 }
		expect((await printing(JSON.stringify({ u: usage, m: 'big', n: 2 }), { stats })).stats).toEqual({
			...adapter(usage),
			...{ model: 'big', num_turns: 2, usage: { input_tokens: 3, output_tokens: 4, total_tokens: 7 } },
		})
		expect((await printing('{"u":{"total_tokens":9},"m":7}', { stats })).stats).toEqual({
			...adapter({ total_tokens: 9 }),
			usage: { total_tokens: 9 },
		})
		expect((await printing('{}', { stats })).stats).toEqual({ worker_kind: 'subprocess', adapter_data: { exit_code: 0 } })
	})
})
