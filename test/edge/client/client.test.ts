import { describe, expect, test } from 'bun:test'
import { type MseClient, mseClient, pathId } from '../../../src/edge/client/client.ts'
import { MseError } from '../../../src/kernel/error.ts'
import { httpWorld } from '../http/support.ts'

const answering = (status: number, body: string, type = 'application/json') =>
	mseClient({
		url: 'http://localhost:1',
		fetch: Object.assign(async () => new Response(body, { status, headers: { 'content-type': type } }), { preconnect() {} }),
	})
const failureOf = (client: MseClient): Promise<unknown> =>
	client.answer(client.v1.status.get()).then(
		() => null,
		(thrown: unknown) => thrown,
	)

describe('an answer', () => {
	test('is the body as it was sent; text that looks like a date stays text', async () => {
		await using world = httpWorld()
		const client = mseClient({ url: world.listen() })
		const flow = { kind: 'assign', at: { op: 'path', at: '$.b' }, value: { op: 'lit', value: '1' } }
		const init_ctx = { at: '2024-01-01T00:00:00.000Z', b: '' }
		const launched = await client.answer(
			client.v1.tasks.post({ blueprint: { kind: 'inline', value: { id: 'x', flow, agents: [] } }, init_ctx }),
		)
		expect(launched.final_ctx).toEqual({ at: '2024-01-01T00:00:00.000Z', b: '1' })
	})

	test('without a body is empty', async () => {
		await using world = httpWorld()
		const client = mseClient({ url: world.listen() })
		const flow = { kind: 'seq', children: [] }
		const { run_id } = await client.answer(
			client.v1.tasks.post({ blueprint: { kind: 'inline', value: { id: 'x', flow, agents: [] } }, init_ctx: {} }),
		)
		expect(await client.answer(client.v1.runs(pathId(run_id)).cancel.post())).toBeFalsy()
	})

	test('may be about an id with any characters in it', async () => {
		await using world = httpWorld()
		const client = mseClient({ url: world.listen() })
		await expect(client.answer(client.v1.runs(pathId('a/b?c#d %')).get())).rejects.toThrow('Run a/b?c#d % does not exist.')
	})
})

describe('what a server refuses is thrown', () => {
	test('with its kind, sentence, code, hint and details', async () => {
		const body = { error: 'No.', code: 'not_so', hint: 'Do that.', details: { limit: 3 } }
		const thrown = await failureOf(answering(409, JSON.stringify(body)))
		expect(thrown).toBeInstanceOf(MseError)
		expect(thrown).toMatchObject({ kind: 'conflict', message: 'No.', code: 'not_so', hint: 'Do that.', details: { limit: 3 } })
	})

	test('in the shape of the worker runtime as well', async () => {
		const thrown = await failureOf(answering(404, '{"error":{"code":"worker_not_found","message":"no such worker"}}'))
		expect(thrown).toMatchObject({ kind: 'not_found', message: 'no such worker', code: 'worker_not_found' })
	})

	test('as unexpected when it is something else than a server of ours', async () => {
		const thrown = await failureOf(answering(502, '<html>Bad gateway</html>', 'text/html'))
		expect(thrown).toMatchObject({ kind: 'internal', code: 'unexpected_answer', message: expect.stringContaining('502 <html>Bad') })
	})

	test('with what to send where the admin token is missing, which `token` then does', async () => {
		await using world = httpWorld({ http: { adminToken: 'secret' } })
		const url = world.listen()
		expect(await failureOf(mseClient({ url }))).toMatchObject({ kind: 'unauthenticated', code: 'admin_token_required' })
		expect(await failureOf(mseClient({ url, token: 'secret' }))).toBeNull()
	})
})

test('nobody at the address is `unreachable`, with the address and the next step', async () => {
	const free = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
	free.stop(true)
	const url = `http://127.0.0.1:${free.port}`
	expect(await failureOf(mseClient({ url }))).toMatchObject({
		kind: 'unavailable',
		code: 'unreachable',
		message: `No server answers at ${url}.`,
		hint: expect.stringContaining('mse-server serve'),
	})
})

test('types: a wrong path, body, query or use of an answer does not compile', () => {
	const prove = async (client: MseClient) => {
		const { v1 } = client
		const run = await client.answer(v1.runs(pathId('R-1')).get())
		run.status satisfies 'pending' | 'running' | 'done' | 'failed' | 'interrupted' | 'cancelled'
		// @ts-expect-error a run has no such status
		run.status satisfies 'ended'
		// @ts-expect-error there is no such route
		v1.run
		// @ts-expect-error the route has no such method
		v1.runs(pathId('R-1')).patch()
		// @ts-expect-error a launch needs its context
		await client.answer(v1.tasks.post({ blueprint: { kind: 'id', id: 'x' } }))
		// @ts-expect-error a limit is a number
		await client.answer(v1.runs.get({ query: { limit: 'many' } }))
		const resumed = await client.answer(v1.runs(pathId('R-1')).resume.post())
		resumed.replayed_steps satisfies number
		const { checks } = await client.answer(v1.doctor.get({ query: { probe: true } }))
		checks?.[0]?.status satisfies 'ok' | 'missing' | 'broken' | undefined
	}
	expect(prove).toBeFunction()
})
