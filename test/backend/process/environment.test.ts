import { afterAll, describe, expect, test } from 'bun:test'
import { realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import type { ProcessOptions } from '../../../src/backend/process/backend.ts'
import type { AgentContext } from '../../../src/core/dispatch/backend.ts'
import type { JsonObject } from '../../../src/kernel/json.ts'
import { newAttempt, type ScriptedAttempt } from '../../support/attempt.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { verifies } from '../../support/verifies.ts'
import { perform, sh, textOf } from './perform.ts'

const SECRETS = { MSE_ADMIN_TOKEN: 's3cret', ANTHROPIC_API_KEY: 'k', BUN_OPTIONS: '--print', BUN_BE_BUN: '1', MSE_DATA_DIR: '/d' }

async function environmentOf(attempt: ScriptedAttempt, spec: JsonObject = {}, options: Partial<ProcessOptions> = {}) {
	const { raw } = textOf(await perform(sh('env -0 | base64 -w0', spec), attempt, options))
	const pairs = atob(raw)
		.split('\0')
		.filter((pair) => pair !== '')
	return Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]))
}

test('a child learns who it is and where to report', async () => {
	verifies('04.70')
	const attempt = newAttempt({ n: 2, agent: 'coder', context: { input_refs: ['out-1', 'out-2'] } })
	expect(await environmentOf(attempt)).toMatchObject({
		MSE_TOKEN_AGENT_ID: `worker-of-${attempt.stepId}`,
		MSE_TOKEN_NONCE: 'a-nonce',
		MSE_TASK_ID: attempt.stepId,
		MSE_ATTEMPT: '2',
		MSE_CTX_AGENT: 'coder',
		MSE_BASE_URL: 'http://127.0.0.1:7777',
		MSE_WORKER_HANDLE: 'wh-0123456789abcdef',
		MSE_RUN_ID: attempt.runId,
		MSE_STEP: attempt.stepId,
		MSE_ATTEMPT_KEY: attempt.key,
		MSE_IN_REFS: 'out-1,out-2',
	})
})

test('the token itself and the secrets of the server stay out', async () => {
	verifies('04.70')
	const environment = { PATH: process.env.PATH, LANG: 'C', LC_TIME: 'C', TZ: 'UTC', ...SECRETS }
	const seen = await environmentOf(newAttempt(), {}, { environment })
	expect(Object.values(seen)).not.toContain('a-token')
	expect(Object.keys(seen).filter((name) => name in SECRETS)).toEqual([])
	expect(seen).toMatchObject({ LANG: 'C', LC_TIME: 'C', TZ: 'UTC' })
})

test('more is inherited when the server is told so, but never its own settings', async () => {
	const environment = { PATH: process.env.PATH, ...SECRETS }
	const inherit = ['ANTHROPIC_API_KEY', 'MSE_ADMIN_TOKEN', 'BUN_BE_BUN']
	const seen = await environmentOf(newAttempt(), {}, { environment, inherit })
	expect(Object.keys(seen).filter((name) => name in SECRETS)).toEqual(['ANTHROPIC_API_KEY'])
})

test('the spec adds variables, and cannot forge who the child is', async () => {
	const attempt = newAttempt()
	const seen = await environmentOf(attempt, { env: { MODE: 'fast', MSE_ATTEMPT_KEY: 'forged', LANG: 'de' } })
	expect(seen).toMatchObject({ MODE: 'fast', LANG: 'de', MSE_ATTEMPT_KEY: attempt.key })
})

describe('the folder a child runs in', () => {
	const folders = [tempDir(), tempDir()]
	const [work = '', project = ''] = folders.map(({ path }) => realpathSync(path))
	afterAll(() => {
		for (const dir of folders) dir[Symbol.dispose]()
	})
	const seen = async (context: AgentContext, spec: JsonObject = {}) =>
		textOf(await perform(sh('pwd -P', spec), newAttempt({ context }))).raw

	test('is the one of the spec', async () => expect(await seen({ work_dir: work }, { cwd: project })).toBe(project))
	test('is seen from the folder of the task', async () =>
		expect(await seen({ work_dir: work }, { cwd: '..' })).toBe(realpathSync(tmpdir())))
	test('or else the working folder of the task', async () => expect(await seen({ work_dir: work, project_root: project })).toBe(work))
	test('or else the root of its project', async () => expect(await seen({ project_root: project })).toBe(project))
	test("or else the server's own", async () => expect(await seen({})).toBe(realpathSync(process.cwd())))
})

describe('a child that cannot start says why', () => {
	const cases: readonly [JsonObject, string][] = [
		[{ program: 'no-such-program' }, "program 'no-such-program' not found"],
		[{ program: '/no/such/program' }, "program '/no/such/program' not found"],
		[{ program: '/etc/passwd' }, "program '/etc/passwd' may not be executed"],
		[{ program: 'true', cwd: '/no/such/folder' }, "the folder '/no/such/folder' in which 'true' is to run does not exist"],
		[
			{ program: 'true', args: ['x'.repeat(300_000)] },
			"the arguments of 'true' are too long; a long prompt goes through stdin (use_stdin)",
		],
		[{ program: 'true', args: ['a\0b'] }, "an argument of 'true' holds a NUL byte"],
	]
	for (const [spec, why] of cases) test(why, async () => expect(perform(spec)).rejects.toThrow(new Error(`internal: spawn failed: ${why}`)))
})
