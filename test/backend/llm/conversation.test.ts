import { describe, expect, test } from 'bun:test'
import { WorkerFailed } from '../../../src/core/dispatch/worker-failed.ts'
import { newAttempt } from '../../support/attempt.ts'
import { eventually } from '../../support/eventually.ts'
import { fakeClock } from '../../support/fake-clock.ts'
import type { Turn } from '../../support/llm-server.ts'
import { verifies } from '../../support/verifies.ts'
import { calling, KEY, llmWorld } from './llm-world.ts'

const FORMATS = ['anthropic', 'openai'] as const

describe.each(FORMATS)('a conversation with %s', (provider) => {
	const worldOf = (script: Parameters<typeof llmWorld>[0]['script'], llm = {}, over = {}) =>
		llmWorld({ script, llm: { provider, ...llm }, over })

	test('ends with the text of the last turn, and says what it took', async () => {
		verifies('06.32')
		await using world = worldOf([{ text: 'let me see', ...calling('stage_part', { name: 'a', content: 1 }) }, { text: 'the answer' }], {
			price: { input: 3, output: 15 },
		})
		const { final, stats } = await world.perform(world.agent())
		expect(final).toEqual({ value: 'the answer', ok: true })
		expect(stats).toMatchObject({ worker_kind: 'agent_block', num_turns: 2, model: expect.stringContaining('scripted-1') })
		expect(stats?.usage?.output_tokens).toBe(20)
		const { usage } = stats ?? {}
		expect(stats?.cost_usd).toBe(((usage?.input_tokens ?? 0) * 3 + 20 * 15) / 1e6)
		expect(stats?.adapter_data).toEqual({ provider, cost_usd: ((usage?.input_tokens ?? 0) * 3 + 20 * 15) / 1e6 })
	})

	test('gives the model its system prompt as it is written, the prompt, and what is known of the task', async () => {
		await using world = worldOf([{ text: 'ok' }])
		const context = { work_dir: '/w', extra: { colour: 'blue' } }
		await world.perform(world.agent({}, { system_prompt: 'Be {{ kind }}.' }), newAttempt({ prompt: { do: 'it' }, context }))
		const body = JSON.stringify(world.server.requests[0]?.body)
		for (const told of ['Be {{ kind }}.', String.raw`{\"do\":\"it\"}`, String.raw`\"colour\": \"blue\"`, String.raw`\"work_dir\": \"/w\"`])
			expect(body).toContain(told)
		expect(body).not.toContain(String.raw`\"extra\"`)
	})

	test('asks the model to think as hard as the profile says, in words that it knows', async () => {
		verifies('03.AgentProfile.effort')
		await using world = worldOf(() => ({ text: 'ok' }))
		const asked = async (effort: string | null) => {
			await world.perform(world.agent({}, { effort }))
			const { thinking = null, reasoning_effort = null } = world.server.requests.at(-1)?.body ?? {}
			return provider === 'openai' ? reasoning_effort : thinking
		}
		expect(await asked('High')).toEqual(provider === 'openai' ? 'high' : expect.objectContaining({ type: expect.any(String) }))
		for (const effort of [null, '', 'as you like']) expect(await asked(effort)).toBeNull()
	})

	test('stages named parts, of any JSON', async () => {
		verifies('06.46')
		await using world = worldOf([
			{
				calls: [
					{ name: 'stage_part', input: { name: 'verdict', content: 'PASS' } },
					{ name: 'stage_part', input: { name: 'list', content: [1] } },
				],
			},
			{ text: 'done' },
		])
		const attempt = newAttempt()
		await world.perform(world.agent(), attempt)
		expect(attempt.emitted.filter(({ type }) => type === 'artifact')).toEqual([
			{ type: 'artifact', name: 'verdict', content: { kind: 'inline', value: 'PASS' } },
			{ type: 'artifact', name: 'list', content: { kind: 'inline', value: [1] } },
		])
	})

	test('a part without a name, and one too many, are errors the model is told', async () => {
		const script: Turn[] = [
			calling('stage_part', { content: 'x' }),
			...Array.from({ length: 9 }, (_, n) => calling('stage_part', { name: `p${n}`, content: n })),
		]
		await using world = worldOf([...script, { text: 'done' }])
		const attempt = newAttempt()
		expect((await world.perform(world.agent(), attempt)).final?.ok).toBe(true)
		expect(attempt.emitted.filter(({ type }) => type === 'artifact')).toHaveLength(8)
		const told = JSON.stringify(world.server.requests.at(-1)?.body)
		for (const sentence of ['a part needs a name', 'there are 8 parts already']) expect(told).toContain(sentence)
	})

	test('is blocked by a failure the model reports', async () => {
		await using world = worldOf([calling('report_failure', { reason: 'no such file' })])
		expect((await world.perform(world.agent())).final).toEqual({ value: 'no such file', ok: false })
		expect(world.server.requests).toHaveLength(1)
	})

	test('ends after max_turns, and when the budget of tokens is used up', async () => {
		const script = () => calling('stage_part', { name: 'again', content: 1 })
		await using world = worldOf(script)
		const turns = await world.perform(world.agent({ max_turns: 3 }))
		expect([turns.final?.ok, turns.final?.value, turns.stats?.num_turns]).toEqual([
			false,
			expect.stringContaining('3 turns (spec.max_turns)'),
			3,
		])
		const policy = { budget: { tokens: 150 } } as never
		const tokens = await world.perform({ ...world.agent(), policy })
		expect([tokens.final?.value, tokens.stats?.num_turns]).toEqual([expect.stringContaining('of 150 tokens'), 2])
	})

	test('tells a model that calls what it was not given, or with input that is no JSON, and goes on', async () => {
		await using world = worldOf([calling('rm_rf', { path: '/' }), calling('stage_part', '{"name": '), { text: 'sorry' }])
		const attempt = newAttempt()
		expect((await world.perform(world.agent(), attempt)).final).toEqual({ value: 'sorry', ok: true })
		expect(attempt.emitted.filter(({ type }) => type === 'artifact')).toEqual([])
	})

	test('fails when the answer is cut, is no event stream, or breaks off', async () => {
		await using world = worldOf([
			{ text: 'half', stop: 'length' },
			{ raw: 'data: {nonsense\n\n' },
			{ raw: '<html>a proxy</html>' },
			{ text: 'hal', cut: true },
		])
		const failure = () => world.perform(world.agent()).then(String, (thrown: Error) => thrown.message)
		expect(await failure()).toContain('spec.max_output_tokens')
		for (const _ of ['nonsense', 'html', 'cut']) expect(await failure()).not.toContain('[object Object]')
		expect(world.server.requests).toHaveLength(4)
	})

	test('waits as long as Retry-After says, and tries again', async () => {
		const clock = fakeClock()
		await using world = worldOf(
			[{ status: 429, headers: { 'retry-after': '90' } }, { status: 529 }, { text: 'at last' }],
			{ retries: 2 },
			{ clock },
		)
		const attempt = newAttempt()
		const done = world.perform(world.agent(), attempt)
		await eventually(() => attempt.emitted.length === 1, { what: 'it waits' })
		await clock.advance(89_000)
		expect(world.server.requests).toHaveLength(1)
		await clock.advance(1000)
		await eventually(() => attempt.emitted.length === 2, { what: 'it waits again' })
		await clock.advance(2000)
		expect((await done).final).toEqual({ value: 'at last', ok: true })
		expect(attempt.emitted[0]).toEqual({ type: 'progress', stage: 'waiting', note: expect.stringMatching(/^90000 ms, .*answers 429/) })
	})

	test('gives up at once when the wait would be absurd', async () => {
		await using world = worldOf([{ status: 429, headers: { 'retry-after': '86400' } }], { retries: 4 })
		await expect(world.perform(world.agent())).rejects.toThrow('asks to wait 86400 s')
	})

	test('tells who retries its step what Retry-After asked for, and what was used before it failed', async () => {
		await using world = worldOf([calling('stage_part', { name: 'a', content: 1 }), { status: 429, headers: { 'retry-after': '7' } }], {
			price: { input: 3, output: 15 },
		})
		const failure = await world.perform(world.agent()).catch((thrown: unknown) => thrown)
		expect(failure).toBeInstanceOf(WorkerFailed)
		const { stats, retryAfterMs } = failure as WorkerFailed
		expect(retryAfterMs).toBe(7000)
		expect(stats).toMatchObject({ num_turns: 1, usage: { output_tokens: 10 }, cost_usd: expect.any(Number) })
	})

	test('what a stopped attempt used is counted', async () => {
		await using world = worldOf([calling('stage_part', { name: 'a', content: 1 }), { text: 'well', hang: 'midway' }])
		const attempt = newAttempt()
		const outcome = world.perform(world.agent(), attempt).catch((thrown: unknown) => thrown)
		await eventually(() => world.server.requests.length === 2, { what: 'it asks again' })
		attempt.abort('timed out')
		expect(await outcome).toMatchObject({ stats: { num_turns: 1 }, cause: 'timed out' })
	})

	test('gives up after its tries', async () => {
		const clock = fakeClock()
		await using world = worldOf([{ status: 503 }, { status: 503 }], { retries: 1 }, { clock })
		const failure = world.perform(world.agent()).catch((thrown: Error) => thrown.message)
		const over = await eventually(
			async () => {
				await clock.advance(1000)
				return Promise.race([failure, Bun.sleep(1)])
			},
			{ what: 'it gives up' },
		)
		expect([over, world.server.requests.length]).toEqual([expect.stringMatching(/answers 503.*tried 2 times/), 2])
	})

	test.each(['at once', 'midway'] as const)('fails when the server falls silent %s', async (hang) => {
		const clock = fakeClock()
		await using world = worldOf([{ text: 'well', hang }], { idle_timeout_secs: 60 }, { clock })
		const failure = world.perform(world.agent()).catch((thrown: Error) => thrown.message)
		await eventually(() => world.server.requests.length === 1, { what: 'it asks' })
		const over = await eventually(
			async () => {
				await clock.advance(61_000)
				return Promise.race([failure, Bun.sleep(1)])
			},
			{ what: 'it gives up' },
		)
		expect(over).toContain('silent for 60 s')
		await eventually(() => world.server.open === 0, { what: 'the request is gone' })
	})

	test('a cancel ends the request on the server too', async () => {
		await using world = worldOf([{ text: 'well', hang: 'midway' }])
		const attempt = newAttempt()
		const outcome = world.perform(world.agent(), attempt).catch((thrown: unknown) => thrown)
		await eventually(() => world.server.open === 1, { what: 'it asks' })
		attempt.abort('cancelled')
		expect(await outcome).toBe('cancelled')
		await eventually(() => world.server.open === 0, { what: 'the request is gone' })
	})

	test('the key goes to the server and nowhere else', async () => {
		const raw = JSON.stringify({ error: { type: 'auth', message: `Incorrect API key provided: ${KEY}` } })
		await using world = worldOf(
			[
				{ status: 401, raw },
				{ status: 503, raw },
				{ status: 503, raw },
			],
			{},
		)
		const attempt = newAttempt()
		const failures = []
		for (const _ of [1, 2])
			failures.push(await world.perform(world.agent(), attempt).catch((thrown: Error) => Bun.inspect(thrown) + thrown.stack))
		expect(failures[0]).toContain('Incorrect API key provided: [secret]')
		expect(failures.join() + JSON.stringify(attempt.emitted)).not.toContain(KEY)
		const headers = world.server.requests[0]?.headers
		expect([headers?.get('x-api-key'), headers?.get('authorization')]).toContain(provider === 'anthropic' ? KEY : `Bearer ${KEY}`)
	})
})

test('what the model writes is shown while it writes, at most twice a second', async () => {
	const text = 'word '.repeat(400)
	await using world = llmWorld({ script: [{ text }] })
	const attempt = newAttempt()
	await world.perform(world.agent(), attempt)
	const notes = attempt.emitted.map((event) => (event.type === 'progress' ? event.note : null))
	expect(notes.length).toBeLessThan(5)
	expect(notes.join('')).toBe(text)
})
