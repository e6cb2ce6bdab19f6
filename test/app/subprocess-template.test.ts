import { expect, test } from 'bun:test'
import { samples } from '../../src/core/blueprint/samples.ts'
import { appWorld } from '../support/app-world.ts'
import { path, step } from '../support/blueprints.ts'
import { verifies } from '../support/verifies.ts'

const blueprint = (argv: readonly string[], agent: object = {}) => ({
	id: 'templated',
	flow: step('coder', path('$.goal'), '$.out'),
	agents: [{ name: 'coder', kind: 'subprocess', runner: { backend: 'subprocess', template: 'tool' }, ...agent }],
	subprocesses: [{ name: 'tool', argv, stdin: '{prompt}' }],
})

const launched = { init_ctx: { goal: 'ship it' } }

test('a program started from a template finds the system prompt it was given at the worker route too', async () => {
	await using app = await appWorld()
	const ask = `const { MSE_BASE_URL: url, MSE_TASK_ID: id, MSE_WORKER_HANDLE: handle } = process.env
		const asked = await fetch(url + '/v1/worker/prompt?task_id=' + id, { headers: { authorization: 'Bearer ' + handle } })
		console.log(JSON.stringify([process.argv[1], (await asked.json()).system]))`
	const argv = [process.execPath, '-e', ask, '{system}']
	const { status, body } = await app.launch(blueprint(argv, { profile: { system_prompt: 'Do: {{ directive }}' } }), launched)
	expect([status, body.final_ctx?.out]).toEqual([200, ['Do: ship it', 'Do: ship it']])
})

test('a value that breaks the verdict contract of the agent fails the step, and says so', async () => {
	verifies('06.20')
	await using app = await appWorld()
	const verdict = { channel: 'body', values: ['PASS', 'BLOCKED'] }
	const { status, body } = await app.launch(blueprint(['echo', '"MAYBE"'], { verdict }), launched)
	expect(status).toBeGreaterThanOrEqual(400)
	expect(body.error).toContain('Final rejected before output_tail: ')
})

test('a streamed artifact is the verdict of an agent that declares one as a part, and no part of other values', async () => {
	verifies('06.28')
	await using app = await appWorld()
	const inline = (value: string) => ({ kind: 'inline', value })
	const printed = (verdict: string) =>
		[
			{ type: 'artifact', name: 'notes', content: inline('n') },
			{ type: 'artifact', name: 'verdict', content: inline(verdict) },
			{ type: 'final', content: inline('reviewed'), ok: true },
		].map((event) => JSON.stringify(event))
	const outcome = async (verdict: string, agent: object) => {
		const subprocesses = [{ name: 'tool', argv: ['printf', '%s\\n', ...printed(verdict)], stream_mode: 'ndjson_lines' }]
		const { body } = await app.launch({ ...blueprint([], agent), subprocesses }, launched)
		return body.final_ctx?.out ?? body.error
	}
	const declared = { verdict: { channel: 'part', values: ['PASS'] } }
	expect(await outcome('PASS', declared)).toEqual({ out: 'reviewed', parts: { verdict: 'PASS' } })
	expect(await outcome('MAYBE', declared)).toContain('"MAYBE" is not a member of the declared values ["PASS"]')
	expect(await outcome('PASS', {})).toBe('reviewed')
})

test('the sample cli-agent answers with what its program printed', async () => {
	await using app = await appWorld()
	const { document } = samples.find(({ name }) => name === 'cli-agent') ?? {}
	const { status, body } = await app.launch(document)
	expect([status, body.final_ctx?.answer]).toEqual([200, 'Write about tides in plain words.'])
})
