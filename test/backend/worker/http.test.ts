import { expect, test } from 'bun:test'
import { httpProfile } from '../../../src/backend/worker/http.ts'
import { LeaseDesk } from '../../../src/core/worker/lease-desk.ts'
import { systemClock } from '../../../src/kernel/clock.ts'
import { silentLogger } from '../../../src/kernel/log.ts'
import type { ProtocolEvent } from '../../../src/protocol/runtime-frame.ts'
import { eventually } from '../../support/eventually.ts'
import { memoryLeases } from './memory-lease.ts'

/** A worker whose address answers with these, one after another; a number is a status, null no answer. */
async function started(...answers: (string | number | null)[]) {
	const asked: { key: string | null; body: { content: string } }[] = []
	const events: ProtocolEvent[] = []
	const send = async (_url: unknown, init?: RequestInit): Promise<Response> => {
		asked.push({ key: new Headers(init?.headers).get('idempotency-key'), body: JSON.parse(String(init?.body)) })
		const next = answers.shift() ?? null
		if (next === null) throw new Error('connection refused')
		return typeof next === 'number' ? new Response('broken', { status: next }) : new Response(next)
	}
	const desk = new LeaseDesk({ store: memoryLeases(), clock: systemClock, log: silentLogger })
	const options = { desk, baseUrl: () => 'http://server.test', clock: systemClock, fetch: send as typeof fetch, outputBytes: 1000 }
	const execution = await httpProfile('test', { kind: 'http', url: 'http://worker.test/', attempts: 2 }, options).spawn({
		...{ workerId: 'worker-00000001', generation: 1, isRestored: false, flushed: async () => {} },
		attachment: async () => null,
		request: { intent: { kind: 'assistant' }, profile: { kind: 'runtime_default' } },
		publish: (event) => void events.push(event),
		transcript: async () => [{ sequence: 7, role: 'user', content: 'hello', eventId: 1 }],
	})
	const answer = await execution.input({ kind: 'user', content: 'hello' })
	if ('outcome' in answer) throw new Error(answer.message)
	answer.begin(7)
	const last = await eventually(() => events.find(({ event }) => event === 'run_end' || event === 'error'), { what: 'the end of the turn' })
	return { asked, events, last }
}

test('a turn is posted with its place in the transcript as key, and the answer is its text', async () => {
	const { asked, events } = await started('{"text":"done"}')
	expect(asked).toEqual([
		{
			key: 'worker-00000001:7',
			body: expect.objectContaining({ worker_id: 'worker-00000001', turn: 7, kind: 'user', content: 'hello' }),
		},
	])
	expect(events[0]).toEqual({ event: 'text_done', data: { text: 'done' } })
})

test('an address that is away is tried again with the same key, one that refuses is not', async () => {
	const away = await started(null, 'plain')
	expect([away.asked.map(({ key }) => key), away.events[0]?.data]).toEqual([['worker-00000001:7', 'worker-00000001:7'], { text: 'plain' }])
	const broken = await started(503, 503, 'too late')
	expect(broken.last.data).toMatchObject({ code: 'provider_error', message: "the worker's address answered 503: broken" })
	const refused = await started(422, 'too late')
	expect([refused.asked.length, refused.last.event]).toEqual([1, 'error'])
})

test('an answer over the limit is an error', async () => {
	const { last } = await started('x'.repeat(2000))
	expect(JSON.stringify(last)).toContain('limits.output_bytes')
})
