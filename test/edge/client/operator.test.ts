import { describe, expect, test } from 'bun:test'
import { connectOperator } from '../../../src/edge/client/operator.ts'
import { MseError } from '../../../src/kernel/error.ts'
import { eventually } from '../../support/eventually.ts'
import { verifies } from '../../support/verifies.ts'
import { connected, openWire, received, spawn } from './operator-wire.ts'

const refusal = (status: number, code: string) => Response.json({ error: `refused: ${code}`, code }, { status })

describe('a step', () => {
	test('is done with its prompt, submitted with its handle and acknowledged', async () => {
		verifies('01.C35', '06.26')
		await using wire = openWire()
		const works: unknown[] = []
		await using client = await connected(wire, {
			onSpawn(work) {
				works.push(work)
				return 'hello\n'
			},
		})
		wire.send({ ...spawn('a'), worker: { variant: 'coder', tools: [] } })
		expect(await wire.replyTo('a')).toEqual({ type: 'spawn_ack', req_id: 'a', value: {}, ok: true })
		expect(wire.submits).toEqual([{ handle: 'a', query: '', body: 'hello\n' }])
		const { signal: _, context: __, ...work } = works[0] as Record<string, unknown>
		expect(work).toEqual({
			...{ reqId: 'a', taskId: 'ST-a', runId: 'R-1', agent: 'worker', attempt: 1, prompt: 'do a', system: 'Be brief.' },
			...{ directive: 'start a worker', worker: { variant: 'coder', tools: [] }, handle: 'a', baseUrl: wire.url },
		})
		wire.send(received('a'))
		await client.event('receipted')
		expect(client.events.map(({ kind }) => kind)).toEqual(['joined', 'connected', 'started', 'ended', 'receipted'])
	})

	test('blocks with ok false, and a value that is no text goes out as JSON', async () => {
		await using wire = openWire()
		await using _client = await connected(wire, { onSpawn: () => ({ value: { n: [1] }, ok: false, stats: { num_turns: 2 } }) })
		wire.send(spawn('a'))
		expect(await wire.replyTo('a')).toEqual({ type: 'spawn_ack', req_id: 'a', value: {}, ok: true, stats: { num_turns: 2 } })
		expect(wire.submits).toEqual([{ handle: 'a', query: '?ok=false', body: '{"n":[1]}' }])
	})

	test('is halted without a submit', async () => {
		await using wire = openWire()
		await using _client = await connected(wire, { onSpawn: () => ({ halt: 3, reason: 'enough' }) })
		wire.send(spawn('a'))
		expect(await wire.replyTo('a')).toEqual({ type: 'spawn_halt', req_id: 'a', value: 3, reason: 'enough' })
		expect(wire.submits).toEqual([])
	})

	test('fails with what its handler threw, whatever that is', async () => {
		await using wire = openWire()
		await using _client = await connected(wire, {
			onSpawn() {
				throw new MseError('gone', 'my own file is gone')
			},
		})
		wire.send(spawn('a'))
		expect(await wire.replyTo('a')).toEqual({ type: 'spawn_ack', req_id: 'a', value: {}, ok: false, error: 'my own file is gone' })
	})

	test('fails with the sentence of a refused submit', async () => {
		verifies('06.44')
		await using wire = openWire()
		wire.submitAnswers.push(refusal(422, 'verdict'))
		await using _client = await connected(wire)
		wire.send(spawn('a'))
		expect(await wire.replyTo('a')).toMatchObject({ ok: false, error: 'refused: verdict' })
	})

	test.each([
		[410, 'run_cancelled'],
		[409, 'seat_moved'],
	])('that nobody wants any more (%d) is dropped without a reply', async (status, code) => {
		await using wire = openWire()
		wire.submitAnswers.push(refusal(status, code))
		await using client = await connected(wire)
		wire.send(spawn('a'))
		expect(await client.event('withdrawn')).toMatchObject({ reqId: 'a', message: `refused: ${code}` })
		wire.send(spawn('b'))
		await wire.replyTo('b')
		expect(wire.replies.map(({ req_id }) => req_id)).toEqual(['b'])
	})

	test('that is cancelled while it is being done ends, and others go on', async () => {
		await using wire = openWire()
		const ended = Promise.withResolvers<unknown>()
		const gates: (() => void)[] = []
		await using client = await connected(wire, {
			onSpawn: ({ reqId, signal }) =>
				new Promise<string>((resolve) => {
					gates.push(() => resolve(`done ${reqId}`))
					signal.addEventListener('abort', () => ended.resolve([reqId, signal.reason]))
				}),
		})
		wire.pending = [{ req_id: 'b', state: 'delivered' }]
		wire.send(spawn('a'))
		wire.send(spawn('b'))
		expect(await ended.promise).toMatchObject(['a', { code: 'request_withdrawn' }])
		expect(await client.event('withdrawn')).toMatchObject({ reqId: 'a', message: 'The server no longer waits for this step.' })
		for (const open of gates) open()
		await wire.replyTo('b')
		expect(wire.replies.map(({ req_id }) => req_id)).toEqual(['b'])
	})

	test('is submitted again while the server cannot take it', async () => {
		await using wire = openWire()
		wire.submitAnswers.push(refusal(503, 'storage_unavailable'), refusal(503, 'storage_unavailable'))
		await using _client = await connected(wire)
		wire.send(spawn('a'))
		expect(await wire.replyTo('a')).toMatchObject({ type: 'spawn_ack', ok: true })
		expect(wire.submits).toHaveLength(3)
	})

	test('waits while as many as allowed are being done', async () => {
		await using wire = openWire()
		const open = new Map<string, () => void>()
		await using _client = await connected(wire, {
			concurrency: 2,
			onSpawn: ({ reqId }) => new Promise<string>((resolve) => open.set(reqId, () => resolve('done'))),
		})
		for (const name of ['a', 'b', 'c']) wire.send(spawn(name))
		await eventually(() => open.size === 2, { what: 'two are being done' })
		wire.send({ type: 'ask', req_id: 'q', task_id: 'ST-q', question: null })
		await wire.replyTo('q')
		expect([...open.keys()]).toEqual(['a', 'b'])
		open.get('a')?.()
		await eventually(() => open.has('c'), { what: 'the third begins' })
	})

	test('is not begun twice when its frame comes again, and an answered one is answered again', async () => {
		await using wire = openWire()
		let begun = 0
		const gate = Promise.withResolvers<string>()
		await using _client = await connected(wire, {
			onSpawn() {
				begun++
				return gate.promise
			},
		})
		wire.send(spawn('a'))
		await eventually(() => begun === 1, { what: 'it begins' })
		wire.send(spawn('a'))
		wire.drop()
		await eventually(() => wire.greetings.length === 2, { what: 'the client is back' })
		wire.send(spawn('a'))
		gate.resolve('done')
		await wire.replyTo('a')
		wire.send(spawn('a'))
		await eventually(() => wire.replies.length === 2, { what: 'the reply comes again' })
		expect([begun, wire.submits.length]).toEqual([1, 1])
	})
})

describe('a question', () => {
	test('is refused where nobody answers questions, and every step may start', async () => {
		await using wire = openWire()
		await using _client = await connected(wire)
		wire.send({ type: 'ask', req_id: 'q', task_id: 'ST-1', question: { reason: 'worker reported ok=false' } })
		wire.send({ type: 'hook_before', req_id: 'h', task_id: 'ST-1', agent: 'worker', attempt: 1 })
		expect(await wire.replyTo('q')).toMatchObject({ type: 'answer', value: { verdict: 'reject' } })
		expect(await wire.replyTo('h')).toEqual({ type: 'hook_ack', req_id: 'h', ok: true })
	})

	test('goes to its handler; one that throws refuses', async () => {
		verifies('01.C34')
		await using wire = openWire()
		const hooks: unknown[] = []
		await using _client = await connected(wire, {
			onAsk: ({ question }) => ({ answer: question }),
			onHook(hook) {
				hooks.push(hook)
				if (hook.agent === 'deployer') throw new Error('not on a Friday')
				return hook.agent === 'worker'
			},
		})
		const hook = (req_id: string, agent: string) => ({ type: 'hook_before', req_id, task_id: 'ST-1', agent, attempt: 1 })
		wire.send({ type: 'ask', req_id: 'q', task_id: 'ST-1', question: 7 })
		for (const name of ['worker', 'deployer', 'other']) wire.send(hook(name, name))
		wire.send({ ...hook('after', 'worker'), type: 'hook_after', result: 1 })
		expect(await wire.replyTo('q')).toEqual({ type: 'answer', req_id: 'q', value: { answer: 7 } })
		expect(await wire.replyTo('worker')).toEqual({ type: 'hook_ack', req_id: 'worker', ok: true })
		expect(await wire.replyTo('deployer')).toEqual({ type: 'hook_ack', req_id: 'deployer', ok: false, reason: 'not on a Friday' })
		expect(await wire.replyTo('other')).toEqual({ type: 'hook_ack', req_id: 'other', ok: false })
		await eventually(() => hooks.length === 4, { what: 'the hook after the step is told' })
		expect(hooks[3]).toEqual({ when: 'after', reqId: 'after', taskId: 'ST-1', agent: 'worker', attempt: 1, result: 1 })
		expect(wire.replies).toHaveLength(4)
	})
})

describe('a reply', () => {
	test('without a receipt is sent again on the next socket, in its order', async () => {
		await using wire = openWire()
		await using client = await connected(wire, { concurrency: 1 })
		for (const name of ['a', 'b', 'c']) wire.send(spawn(name))
		await wire.replyTo('c')
		wire.send(received('b'))
		await client.event('receipted')
		wire.drop()
		await eventually(() => wire.replies.length === 5, { what: 'two replies come again' })
		expect(wire.replies.slice(3).map(({ req_id }) => req_id)).toEqual(['a', 'c'])
	})

	test('that the server cannot take now is sent again; one it never will is given up', async () => {
		await using wire = openWire()
		await using client = await connected(wire, { concurrency: 1 })
		wire.send(spawn('a'))
		await wire.replyTo('a')
		wire.send({ type: 'error', code: 'storage_unavailable', req_id: 'a', message: 'the disk is full' })
		await eventually(() => wire.replies.length === 2, { what: 'the reply comes again' })
		wire.send({ type: 'error', code: 'unknown_request', req_id: 'a', message: 'nobody asked' })
		await eventually(() => client.events.filter(({ kind }) => kind === 'refused').length === 2, { what: 'both refusals are told' })
		wire.drop()
		await eventually(() => wire.greetings.length === 2, { what: 'the client is back' })
		wire.send(spawn('b'))
		await wire.replyTo('b')
		expect(wire.replies.map(({ req_id }) => req_id)).toEqual(['a', 'a', 'b'])
	})
})

describe('a session', () => {
	test('is joined with what was said of the operator, once the server is there', async () => {
		await using wire = openWire()
		wire.joinAnswers.push(refusal(503, 'storage_unavailable'))
		await using client = await connected(wire, { desc: 'mine', roles: ['reviewer'], scope: { blueprints: ['a'] } })
		expect(wire.joins).toEqual(Array(2).fill({ desc: 'mine', roles: ['reviewer'], scope: { blueprints: ['a'] } }))
		expect(client.operator.session).toEqual({ sid: 'S-2', token: 'token of S-2' })
		await eventually(() => wire.greetings[0], { what: 'the client greets' })
		expect(wire.greetings).toEqual([{ type: 'hello', api_version: 'v1', features: ['received', 'error', 'going_away'] }])
	})

	test('that is refused rejects with the refusal', async () => {
		await using wire = openWire()
		wire.joinAnswers.push(refusal(409, 'roles_conflict'))
		const refused = connectOperator({ url: wire.url, onSpawn: () => '' })
		await expect(refused).rejects.toMatchObject({ kind: 'conflict', code: 'roles_conflict', message: 'refused: roles_conflict' })
	})

	test('of its own that is gone is joined anew, and its work ends', async () => {
		await using wire = openWire()
		const ended = Promise.withResolvers<unknown>()
		await using client = await connected(wire, {
			onSpawn: ({ signal }) => new Promise<string>(() => signal.addEventListener('abort', () => ended.resolve(signal.reason))),
		})
		wire.send(spawn('a'))
		await client.event('started')
		wire.gone.add('S-1')
		wire.drop(1000, 'operator session torn down')
		expect(await ended.promise).toMatchObject({ code: 'session_gone' })
		await eventually(() => client.operator.session.sid === 'S-2' && wire.isOpen, { what: 'it has a seat again' })
	})

	test('that was given and is gone ends the operator', async () => {
		await using wire = openWire()
		const session = { sid: 'S-9', token: 't' }
		await using client = await connected(wire, { session })
		expect(wire.joins).toEqual([])
		wire.gone.add('S-9')
		wire.drop()
		await expect(client.operator.ended).rejects.toMatchObject({ code: 'session_gone' })
		await expect(connected(wire, { session })).rejects.toMatchObject({ code: 'session_gone' })
		await using another = await connected(wire, { session, rejoin: true })
		expect(another.operator.session.sid).toBe('S-1')
	})

	test('that comes back asks for what an earlier client was sent and never answered', async () => {
		await using wire = openWire()
		wire.pending = [
			{ req_id: 'lost', state: 'delivered' },
			{ req_id: 'on its way', state: 'sent' },
		]
		await using _client = await connected(wire, { session: { sid: 'S-9', token: 't' } })
		await eventually(() => wire.redelivered.length > 0, { what: 'it asks' })
		expect(wire.redelivered).toEqual(['lost'])
	})

	test('that another socket took over is given up, with what was being done', async () => {
		await using wire = openWire()
		await using client = await connected(wire, { onSpawn: () => new Promise<string>(() => {}) })
		wire.send(spawn('a'))
		await client.event('started')
		wire.drop(4001, 'replaced')
		expect(await client.operator.ended).toBe('replaced')
		expect(wire.redelivered).toEqual(['a'])
		expect([wire.isOpen, wire.greetings.length]).toEqual([false, 1])
	})
})

describe('closing', () => {
	test('waits for what runs and its receipt, and hands back what had not begun', async () => {
		await using wire = openWire()
		const gate = Promise.withResolvers<string>()
		await using client = await connected(wire, { concurrency: 1, onSpawn: () => gate.promise })
		wire.send(spawn('a'))
		wire.send(spawn('b'))
		await client.event('started')
		const closed = client.operator.close()
		wire.send(spawn('c'))
		gate.resolve('done')
		await wire.replyTo('a')
		expect(wire.isOpen).toBe(true)
		wire.send(received('a'))
		await closed
		expect(await client.operator.ended).toBe('closed')
		expect(wire.redelivered).toEqual(['b', 'c'])
		expect(wire.submits.map(({ handle }) => handle)).toEqual(['a'])
		expect(wire.left).toEqual([])
	})

	test('gives the session up when that is asked for', async () => {
		await using wire = openWire()
		await using client = await connected(wire)
		await client.operator.close({ leave: true })
		expect(wire.left).toEqual(['S-1'])
	})

	test('by the signal ends what runs; a client without a seat stops trying', async () => {
		await using wire = openWire()
		const stop = new AbortController()
		await using client = await connected(wire, { signal: stop.signal, onSpawn: () => new Promise<string>(() => {}) })
		wire.send(spawn('a'))
		await client.event('started')
		stop.abort()
		expect(await client.operator.ended).toBe('closed')
		const early = new AbortController()
		const nowhere = connectOperator({ url: 'http://127.0.0.1:1', signal: early.signal, onSpawn: () => '' })
		early.abort()
		await expect(nowhere).rejects.toMatchObject({ code: 'operator_closed' })
	})
})

test('a frame that is none of ours is told and left aside', async () => {
	verifies('01.C33')
	await using wire = openWire()
	await using client = await connected(wire)
	wire.send({ type: 'spawn', req_id: 'half' })
	expect(await client.event('unreadable')).toEqual({ kind: 'unreadable', text: '{"type":"spawn","req_id":"half"}' })
	wire.send(spawn('a'))
	await wire.replyTo('a')
})
