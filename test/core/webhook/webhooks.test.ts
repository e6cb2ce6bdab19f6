import { describe, expect, test } from 'bun:test'
import { createHmac } from 'node:crypto'
import type { Post, Webhook } from '../../../src/core/webhook/attempt.ts'
import { secretBytes, signedHeaders } from '../../../src/core/webhook/signature.ts'
import { startWebhooks } from '../../../src/core/webhook/webhooks.ts'
import { silentLogger } from '../../../src/kernel/log.ts'
import { SqliteWebhookStore } from '../../../src/store/sqlite/webhook-store.ts'
import { testDatabase } from '../../store/sqlite/support.ts'
import { eventually } from '../../support/eventually.ts'
import { fakeClock } from '../../support/fake-clock.ts'
import { memoryEventLog } from '../../support/memory-event-log.ts'

type Answer = { status: number; retryAfter?: string } | 'hang' | Error

/** An address that answers what the test says, 204 otherwise, and a server that tells it. */
function world(over: Partial<Webhook> = {}) {
	const clock = fakeClock()
	const events = memoryEventLog()
	const at = testDatabase('memory')
	const store = new SqliteWebhookStore(at.db)
	const got: { seq: number; id: string; body: string }[] = []
	const answers: Answer[] = []
	const post: Post = async ({ headers, body, signal }) => {
		got.push({ seq: (JSON.parse(body) as { data: { seq: number } }).data.seq, id: headers['webhook-id'] ?? '', body })
		const answer = answers.shift() ?? { status: 204 }
		if (answer instanceof Error) throw answer
		if (answer === 'hang') return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
		return { status: answer.status, retryAfter: answer.retryAfter ?? null }
	}
	const hook: Webhook = {
		name: 'chat',
		url: 'http://chat.test/in?token=hidden',
		secret: secretBytes('s'),
		kinds: [],
		timeoutMs: 10_000,
		maxAttempts: 3,
		...over,
	}
	const start = () => startWebhooks({ log: events.log, store, post, clock, logger: silentLogger }, [hook])
	let webhooks = start()
	const begun = (): Promise<unknown> => eventually(() => store.progress('chat'), { what: 'the webhook began' })
	return {
		...{ clock, events, store, got, answers, begun },
		get webhooks() {
			return webhooks
		},
		seqs: () => got.map(({ seq }) => seq),
		stands: (cursor: number) =>
			eventually(async () => (await store.progress('chat'))?.cursor === cursor, { what: `the webhook stands at ${cursor}` }),
		tried: (attempts: number) =>
			eventually(async () => (await store.progress('chat'))?.trying?.attempts === attempts, { what: `${attempts} attempts were noted` }),
		async restart() {
			await webhooks.stop()
			webhooks = start()
		},
		async [Symbol.asyncDispose]() {
			await webhooks.stop()
			at[Symbol.dispose]()
		},
	}
}

describe('a webhook', () => {
	test('is told what is committed after it began, in order, each under an id of its own', async () => {
		await using it = world()
		it.events.commit(['run.started'])
		await it.restart()
		await it.begun()
		it.events.commit(['run.done', 'run.started'])
		it.events.commit(['run.failed'])
		await it.stands(4)
		const from = it.seqs()[0] ?? 0
		expect(it.seqs()).toEqual([1, 2, 3, 4].slice(from - 1))
		expect(it.got.at(-1)?.id).toBe('evt_4')
		expect(JSON.parse(it.got.at(-1)?.body ?? '')).toMatchObject({ type: 'run.failed', data: { seq: 4, kind: 'run.failed' } })
	})

	test('is told only of the kinds it names', async () => {
		await using it = world({ kinds: ['run.', 'approval.'] })
		await it.begun()
		it.events.commit(['step.completed', 'run.done', 'session.joined'])
		await it.stands(2)
		expect(it.seqs()).toEqual([2])
	})

	test('that answers 500 is tried again, and later events wait for their turn', async () => {
		await using it = world()
		await it.begun()
		it.answers.push({ status: 500 }, new Error('connection refused'))
		it.events.commit(['run.started', 'run.done'])
		await it.tried(1)
		expect((await it.webhooks.list())[0]?.trying).toMatchObject({ event_seq: 1, attempts: 1, error: 'it answered 500' })
		await it.clock.advance(1000)
		await it.tried(2)
		await it.clock.advance(2000)
		await it.stands(2)
		expect(it.seqs()).toEqual([1, 1, 1, 2])
	})

	test('that does not answer in time is cut off', async () => {
		await using it = world()
		await it.begun()
		it.answers.push('hang')
		it.events.commit(['run.done'])
		await eventually(() => it.got.length === 1, { what: 'the event was sent' })
		await it.clock.advance(10_000)
		await it.tried(1)
		expect((await it.store.progress('chat'))?.trying?.error).toBe('no answer within 10 s')
	})

	test('that asks for patience gets it', async () => {
		await using it = world()
		await it.begun()
		it.answers.push({ status: 429, retryAfter: '120' })
		it.events.commit(['run.done'])
		await it.tried(1)
		await it.clock.advance(119_000)
		expect(it.got.length).toBe(1)
		await it.clock.advance(1000)
		await it.stands(1)
	})

	test('a redirect is no delivery', async () => {
		await using it = world()
		await it.begun()
		it.answers.push({ status: 307 })
		it.events.commit(['run.done'])
		await it.tried(1)
	})

	test('an event that is refused to the end is kept aside, shown, and delivered when somebody asks', async () => {
		await using it = world({ maxAttempts: 1 })
		await it.begun()
		it.answers.push({ status: 400 }, { status: 400 })
		it.events.commit(['run.started', 'run.failed', 'run.done'])
		await it.stands(3)
		expect((await it.webhooks.list())[0]).toMatchObject({
			url: 'http://chat.test/in',
			delivered: 1,
			undelivered_total: 2,
			undelivered: [{ event_seq: 2, kind: 'run.failed', attempts: 1, error: 'it answered 400' }, { event_seq: 1 }],
		})
		it.answers.push({ status: 200 }, { status: 500 })
		expect(await it.webhooks.retry('chat')).toEqual({ delivered: 1, left: 1, error: 'it answered 500' })
		expect(await it.webhooks.retry('chat')).toEqual({ delivered: 1, left: 0 })
		const refused = await it.webhooks.retry('nobody').catch((error) => error)
		expect([refused.kind, refused.message]).toEqual(['not_found', "There is no webhook 'nobody'."])
	})

	test('goes on in the next life where it stopped, with its attempts counted and its wait kept', async () => {
		await using it = world()
		await it.begun()
		it.answers.push({ status: 500 })
		it.events.commit(['run.started', 'run.done'])
		await it.tried(1)
		await it.restart()
		await it.clock.advance(500)
		expect(it.got.length).toBe(1)
		it.answers.push({ status: 500 })
		await it.clock.advance(500)
		await it.tried(2)
		await it.clock.advance(2000)
		await it.stands(2)
		expect(it.seqs()).toEqual([1, 1, 1, 2])
	})

	test('whose place was dropped by retention goes on with what is left', async () => {
		await using it = world()
		await it.begun()
		await it.webhooks.stop()
		it.events.commit(['run.started', 'run.done', 'run.started', 'run.done'])
		it.events.drop(3)
		await it.restart()
		await it.stands(4)
		expect(it.seqs()).toEqual([3, 4])
	})

	test('that nothing concerns for long still notes its place', async () => {
		await using it = world({ kinds: ['approval.'] })
		await it.begun()
		it.events.commit(['run.started', 'run.done'])
		await it.clock.elapse(120_000)
		await it.stands(2)
	})
})

test('the signature is over id, time and body, and a secret may be written in base64', () => {
	const secret = Buffer.from('a key of some length')
	const headers = signedHeaders(secretBytes(`whsec_${secret.toString('base64')}`), { id: 'evt_1', at: 1_700_000_000_999, body: '{}' })
	const expected = createHmac('sha256', secret).update('evt_1.1700000000.{}').digest('base64')
	expect(headers).toEqual({ 'webhook-id': 'evt_1', 'webhook-timestamp': '1700000000', 'webhook-signature': `v1,${expected}` })
})
