import { expect, test } from 'bun:test'
import { llmProfile } from '../../../src/backend/llm/worker.ts'
import type { TranscriptLine } from '../../../src/core/worker/worker.ts'
import type { ProtocolEvent } from '../../../src/protocol/runtime-frame.ts'
import type { LlmProfile } from '../../../src/protocol/runtime-profile.ts'
import { eventually } from '../../support/eventually.ts'
import type { Turn } from '../../support/llm-server.ts'
import { KEY, llmWorld } from './llm-world.ts'

type Line = Pick<TranscriptLine, 'role' | 'content' | 'attachments'>

/** A worker of that profile in front of a scripted model, with a conversation so far. */
async function started(script: readonly Turn[], lines: readonly Line[], settings: Partial<LlmProfile> = {}, llm = {}) {
	const world = llmWorld({ script, llm })
	const events: ProtocolEvent[] = []
	const profile = llmProfile('test', { kind: 'llm', ...settings }, world.options)
	const execution = await profile.spawn({
		...{ workerId: 'worker-00000001', generation: 1, isRestored: false, flushed: async () => {} },
		attachment: async (id) => (id === 'OUT-1' ? { id, name: 'notes.md', text: 'the sky is green' } : null),
		request: { intent: { kind: 'assistant' }, profile: { kind: 'runtime_default' } },
		publish: (event) => void events.push(event),
		transcript: async () => lines.map((line, at) => ({ ...line, sequence: at + 1, eventId: 1 })),
	})
	const answer = await execution.input({ kind: 'user', content: lines.at(-1)?.content ?? '' })
	if ('outcome' in answer) throw new Error(answer.message)
	answer.begin(lines.length)
	return {
		execution,
		events,
		requests: world.server.requests,
		end: () => eventually(() => events.find(({ event }) => event === 'run_end' || event === 'error'), { what: 'the end of the turn' }),
		[Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
	}
}

const hello: Line = { role: 'user', content: 'hello' }

test('the model is given the conversation, and its answer is told piece by piece', async () => {
	const lines: Line[] = [
		hello,
		{ role: 'assistant', content: 'yes?' },
		{ role: 'system', content: 'error: broken' },
		{ role: 'user', content: 'go on' },
	]
	await using worker = await started([{ text: 'going on and on' }], lines, { system: 'Be brief.', max_output_tokens: 50 })
	expect((await worker.end()).data).toEqual({ result: 'finished' })
	const { messages, max_tokens } = (worker.requests[0]?.body ?? {}) as {
		messages: { role: string; content: unknown }[]
		max_tokens: number
	}
	expect(messages.map(({ role, content }) => [role, content])).toEqual([
		['system', 'Be brief.'],
		['user', 'hello'],
		['assistant', 'yes?'],
		['user', 'go on'],
	])
	expect(max_tokens).toBe(50)
	const pieces = worker.events.filter(({ event }) => event === 'text_delta').map(({ data }) => (data as { text: string }).text)
	expect([pieces.length > 1, pieces.join('')]).toEqual([true, 'going on and on'])
	expect(worker.events.filter(({ event }) => !event.startsWith('text_delta')).map(({ event }) => event)).toEqual([
		...['status', 'llm_call_start', 'usage', 'llm_call_end', 'text_done', 'run_end'],
	])
	expect(worker.events.find(({ event }) => event === 'usage')?.data).toMatchObject({ input_tokens: 100, output_tokens: 10 })
})

test('attachments of turns are written out for the model, and one that is gone is named', async () => {
	const lines: Line[] = [{ role: 'user', content: 'what colour?', attachments: ['OUT-1', 'OUT-2'] }]
	await using worker = await started([{ text: 'green' }], lines)
	await worker.end()
	const { messages } = (worker.requests[0]?.body ?? {}) as { messages: { content: string }[] }
	expect(messages[0]?.content).toBe(
		'what colour?\n\n<attachment name="notes.md">\nthe sky is green\n</attachment>\n\n[The attachment OUT-2 is no longer kept.]',
	)
})

test('the format of Anthropic works likewise, and an answer at its limit says so', async () => {
	await using worker = await started([{ text: 'cut sh', stop: 'length' }], [hello], {}, { provider: 'anthropic' })
	expect((await worker.end()).data).toEqual({ result: 'limit_reached' })
	expect(worker.events.find(({ event }) => event === 'text_done')?.data).toEqual({ text: 'cut sh' })
})

test('a model server that is broken is an error without the key, and the next turn can come', async () => {
	await using worker = await started([{ status: 401, raw: `{"error":{"message":"bad key ${KEY}"}}` }, { text: 'ok' }], [hello])
	const { event, data } = await worker.end()
	expect([event, JSON.stringify(data).includes(KEY), JSON.stringify(data)]).toEqual(['error', false, expect.stringContaining('401')])
	expect('begin' in (await worker.execution.input({ kind: 'user', content: 'again' }))).toBe(true)
})

test('a turn is cancelled on the wire, and refused while another one is under way', async () => {
	await using worker = await started([{ text: 'half', hang: 'midway' }], [hello])
	await eventually(() => worker.events.some(({ event }) => event === 'text_delta'), { what: 'the first piece' })
	expect(await worker.execution.input({ kind: 'user', content: 'more' })).toMatchObject({ outcome: 'busy' })
	expect(await worker.execution.method?.({ method: 'cancel' })).toBe(true)
	expect((await worker.end()).data).toMatchObject({ message: 'the turn was cancelled' })
})

test('a profile whose model has no server or no key cannot run, and says what is missing', async () => {
	await using world = llmWorld({ script: [] })
	const reasonOf = (name: string, settings: Partial<LlmProfile> = {}, over = {}) =>
		llmProfile(name, { kind: 'llm', ...settings }, { ...world.options, ...over }).unavailable()
	expect(reasonOf('test')).toBeNull()
	expect(reasonOf('other', { llm: 'test', model: 'small' })).toBeNull()
	expect(reasonOf('other')).toBe('the config file has no [llm.other]')
	expect(reasonOf('test', {}, { environment: {} })).toContain('TEST_KEY')
})
