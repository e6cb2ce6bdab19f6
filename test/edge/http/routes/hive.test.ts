import { describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { mseClient } from '../../../../src/edge/client/client.ts'
import { verifies } from '../../../support/verifies.ts'
import { diff, hiveHttpWorld } from '../hive-http-world.ts'

const key = (name: string) => ({ 'idempotency-key': name })

describe('the lives of agents', () => {
	test('a spawned agent is shown with its cage, and is listed', async () => {
		await using world = await hiveHttpWorld()
		const spawned = await world.call('POST', '/v1/hive/agents', { name: 'alice' })
		expect([spawned.status, spawned.body]).toEqual([
			201,
			expect.objectContaining({ name: 'alice', role: 'agent', state: 'running', backend: 'fake', live: { exists: true, running: true } }),
		])
		expect((await world.call('GET', '/v1/hive/agents')).body).toEqual({
			agents: [expect.objectContaining({ name: 'alice', state: 'running', unread: 0, paused: false })],
			kept: [],
		})
		expect((await world.call('GET', '/v1/hive/agents/alice')).body).toEqual(spawned.body)
	})

	test('nothing of its environment is shown', async () => {
		await using world = await hiveHttpWorld()
		world.world.applied.set('alice', { argv: ['serve'], env: { SECRET: 'hunter2' } })
		await world.spawn('alice')
		const answers = [await world.call('GET', '/v1/hive/agents'), await world.call('GET', '/v1/hive/agents/alice')]
		expect(JSON.stringify(answers.map(({ body }) => body))).not.toContain('hunter2')
		expect(answers[1]?.body).toMatchObject({ argv: ['serve'], applied_sha: 'sha-serve' })
	})

	test('each move does what it says and shows the agent afterwards', async () => {
		await using world = await hiveHttpWorld()
		await world.spawn('alice')
		const moved = async (verb: string): Promise<unknown> => {
			const { status, body } = await world.call('POST', `/v1/hive/agents/alice/${verb}`)
			return status === 200 && [body.state, body.paused, body.live.running]
		}
		expect(await moved('stop')).toEqual(['stopped', false, false])
		expect(await moved('start')).toEqual(['running', false, true])
		expect(await moved('pause')).toEqual(['running', true, true])
		expect(await moved('resume')).toEqual(['running', false, true])
		expect(await moved('restart')).toEqual(['running', false, true])
		expect(await moved('rebuild')).toEqual(['running', false, true])
		expect(world.world.events()).toEqual(['spawned', 'stopped', 'started', 'paused', 'resumed', 'started', 'rebuilt'])
	})

	test('a start of the manager makes it', async () => {
		await using world = await hiveHttpWorld()
		expect((await world.call('POST', '/v1/hive/agents/manager/start')).body).toMatchObject({ role: 'manager', state: 'running' })
	})

	test('a destroyed agent leaves its name among those kept, and a purge takes that too', async () => {
		await using world = await hiveHttpWorld()
		await world.spawn('alice')
		await world.call('POST', '/v1/hive/agents/alice/messages', { body: 'for the next of your name' })
		const gone = await world.call('DELETE', '/v1/hive/agents/alice')
		expect([gone.status, gone.body]).toEqual([200, { name: 'alice', purged: false }])
		expect((await world.call('GET', '/v1/hive/agents')).body).toEqual({ agents: [], kept: ['alice'] })
		expect((await world.call('GET', '/v1/hive/agents/alice/inbox')).body).toMatchObject({ unread: 1 })
		expect((await world.call('DELETE', '/v1/hive/agents/alice?purge=true')).body).toEqual({ name: 'alice', purged: true })
		expect(existsSync(join(world.world.stateDir, 'agents/alice'))).toBe(false)
		expect((await world.call('GET', '/v1/hive/agents')).body).toEqual({ agents: [], kept: [] })
	})

	test('what is refused says why', async () => {
		await using world = await hiveHttpWorld()
		await world.spawn('alice')
		const refusal = async (method: string, path: string, body?: unknown) => {
			const answer = await world.call(method, `/v1/hive/agents${path}`, body)
			return [answer.status, answer.body.code, answer.body.error]
		}
		expect(await refusal('POST', '', { name: 'alice' })).toEqual([409, 'agent_exists', 'agent "alice" already exists'])
		expect(await refusal('POST', '', { name: 'system' })).toEqual([400, 'reserved_name', '"system" is reserved'])
		expect(await refusal('POST', '', { name: '../x' })).toEqual([400, 'invalid_name', expect.stringContaining('invalid agent name')])
		expect(await refusal('POST', '', { name: 'bob', parent: 'alice' })).toEqual([422, 'invalid_body', expect.stringContaining('parent')])
		expect(await refusal('DELETE', '/manager')).toEqual([403, 'is_manager', 'refusing to destroy the manager'])
		for (const [method, path] of [
			...[['GET', '/bob'] as const, ['DELETE', '/bob'] as const, ['GET', '/bob/logs'] as const, ['GET', '/bob/inbox'] as const],
			...['start', 'stop', 'restart', 'rebuild', 'pause', 'resume'].map((verb) => ['POST', `/bob/${verb}`] as const),
		])
			expect([path, ...(await refusal(method, path))]).toEqual([path, 404, 'no_such_agent', 'no such agent'])
	})

	test('the newest lines of the log are given, as many as are asked for', async () => {
		await using world = await hiveHttpWorld()
		await world.spawn('alice')
		const { status, body } = await world.call('GET', '/v1/hive/agents/alice/logs?tail=1')
		expect([status, body]).toEqual([200, { name: 'alice', text: expect.any(String) }])
		expect((await world.call('GET', '/v1/hive/agents/alice/logs?tail=-1')).body.code).toBe('invalid_query')
	})
})

describe('inboxes', () => {
	test('a message of the operator waits in the inbox, where reading delivers nothing', async () => {
		await using world = await hiveHttpWorld()
		await world.spawn('alice')
		const sent = await world.call('POST', '/v1/hive/agents/alice/messages', { body: 'hello' })
		expect([sent.status, sent.body]).toEqual([201, { message_id: 1, from: 'operator', to: 'alice' }])
		for (let round = 0; round < 2; round++)
			expect((await world.call('GET', '/v1/hive/agents/alice/inbox')).body).toEqual({
				unread: 1,
				messages: [{ id: 1, from: 'operator', body: 'hello', via: 'api', sent_at: expect.any(Number), delivered_at: null }],
				next: null,
			})
	})

	test('what agents write to the operator is in the inbox of operator', async () => {
		await using world = await hiveHttpWorld()
		await world.broker.send({ from: 'alice', to: 'operator', body: 'done', via: 'agent-socket' })
		expect((await world.call('GET', '/v1/hive/agents/operator/inbox')).body.messages).toEqual([
			expect.objectContaining({ from: 'alice', body: 'done', via: 'agent-socket' }),
		])
	})

	test('a message to the operator is taken as read once that is said, and stays in the inbox until then', async () => {
		await using world = await hiveHttpWorld()
		for (const body of ['one', 'two']) await world.broker.send({ from: 'alice', to: 'operator', body, via: 'agent-socket' })
		await world.broker.send({ from: 'alice', to: 'manager', body: 'not yours', via: 'agent-socket' })
		const unread = async () => {
			const { body } = await world.call('GET', '/v1/hive/agents/operator/inbox')
			return [body.unread, body.messages.map((message: { body: string }) => message.body)]
		}
		for (let round = 0; round < 2; round++) {
			expect((await world.call('POST', '/v1/hive/inbox/1/read')).status).toBe(204)
			expect(await unread()).toEqual([1, ['two']])
		}
		for (const id of ['3', '9', '0', 'x', '1e3']) {
			const { status, body } = await world.call('POST', `/v1/hive/inbox/${id}/read`)
			expect([status, body.code, body.error]).toEqual([404, 'no_such_message', `the operator has no message ${id}`])
		}
	})

	test('pages follow one another by id, and delivered messages are shown on request', async () => {
		await using world = await hiveHttpWorld()
		for (const body of ['1', '2', '3']) await world.broker.send({ from: 'alice', to: 'manager', body, via: 'agent-socket' })
		await world.broker.receive('manager', { patienceMs: 0, signal: new AbortController().signal, handOver: () => true })
		const page = async (query: string) => {
			const { body } = await world.call('GET', `/v1/hive/agents/manager/inbox?${query}`)
			return [body.messages.map((message: { body: string }) => message.body), body.next, body.unread]
		}
		expect(await page('limit=1')).toEqual([['2'], 2, 2])
		expect(await page('limit=2&after=2')).toEqual([['3'], null, 2])
		expect(await page('delivered=true')).toEqual([['1', '2', '3'], null, 2])
		expect(await page('newest=true&limit=1')).toEqual([['3'], 3, 2])
		expect(await page('newest=true&delivered=true&after=3')).toEqual([['2', '1'], null, 2])
	})

	test('nobody writes to a name that is not there, nor more than an inbox takes', async () => {
		await using world = await hiveHttpWorld()
		const unknown = await world.call('POST', '/v1/hive/agents/bob/messages', { body: 'hello' })
		expect([unknown.status, unknown.body.code, unknown.body.error]).toEqual([404, 'unknown_recipient', 'unknown recipient "bob"'])
		const long = await world.call('POST', '/v1/hive/agents/manager/messages', { body: 'x'.repeat(1001) })
		expect([long.status, long.body.code, long.body.error]).toEqual([413, 'message_too_large', expect.stringContaining('1000')])
	})
})

describe('a repeated key', () => {
	test('spawns once and sends once', async () => {
		await using world = await hiveHttpWorld()
		for (let round = 0; round < 2; round++) {
			expect((await world.call('POST', '/v1/hive/agents', { name: 'alice' }, key('a'))).status).toBe(201)
			const sent = await world.call('POST', '/v1/hive/agents/alice/messages', { body: 'hello' }, key('b'))
			expect([sent.status, sent.body.message_id]).toEqual([201, 1])
		}
		expect((await world.call('GET', '/v1/hive/agents/alice/inbox')).body.unread).toBe(1)
		const other = await world.call('POST', '/v1/hive/agents/alice/messages', { body: 'other' }, key('b'))
		expect([other.status, other.body.code]).toEqual([422, 'idempotency_mismatch'])
	})

	test('moves and ends an agent once, whatever became of it since', async () => {
		await using world = await hiveHttpWorld()
		await world.spawn('alice')
		await world.call('POST', '/v1/hive/agents/alice/stop', undefined, key('stop'))
		await world.call('POST', '/v1/hive/agents/alice/start')
		const again = await world.call('POST', '/v1/hive/agents/alice/stop', undefined, key('stop'))
		expect([again.status, again.body.state]).toEqual([200, 'running'])
		for (let round = 0; round < 2; round++)
			expect((await world.call('DELETE', '/v1/hive/agents/alice', undefined, key('end'))).status).toBe(200)
		expect(world.world.events().filter((kind) => kind === 'destroyed')).toHaveLength(1)
	})

	test('of a spawn that failed is tried anew', async () => {
		await using world = await hiveHttpWorld()
		world.world.cage.script.push({ start: 'no such program' })
		expect((await world.call('POST', '/v1/hive/agents', { name: 'alice' }, key('a'))).status).toBeGreaterThanOrEqual(400)
		expect((await world.call('POST', '/v1/hive/agents', { name: 'alice' }, key('a'))).status).toBe(201)
	})
})

test('the commit that was fetched for a proposal is shown with what it changes', async () => {
	verifies('08.71')
	await using world = await hiveHttpWorld()
	const shown = await world.call('GET', '/v1/hive/config/alice/proposals/7/diff')
	expect([shown.status, shown.body]).toEqual([200, diff])
	for (const path of ['alice/proposals/8', 'bob/proposals/7', 'alice/proposals/x', '..%2f..%2fetc/proposals/7'])
		expect((await world.call('GET', `/v1/hive/config/${path}/diff`)).status).toBe(404)
})

test('nobody but the operator may use it: with an admin token every other credential is 401', async () => {
	await using world = await hiveHttpWorld({ http: { adminToken: 'right' } })
	for (const authorization of ['', 'Bearer wh-0123456789abcdef', 'Bearer 0123456789abcdef0123456789abcdef'])
		expect((await world.call('POST', '/v1/hive/agents', { name: 'alice' }, { authorization })).status).toBe(401)
	expect((await world.call('GET', '/v1/hive/agents', undefined, { authorization: 'Bearer right' })).status).toBe(200)
})

test('a server without a hive says so on every route', async () => {
	await using world = await hiveHttpWorld({ hive: false })
	for (const path of ['', '/alice', '/alice/logs', '/alice/inbox']) {
		const { status, body } = await world.call('GET', `/v1/hive/agents${path}`)
		expect([path, status, body.code]).toEqual([path, 503, 'no_hive'])
	}
	expect((await world.call('POST', '/v1/hive/agents', { name: 'alice' })).status).toBe(503)
})

test('types: the client knows the moves, the bodies and the answers', () => {
	const prove = async () => {
		const { v1 } = mseClient({ url: 'http://localhost' })
		const spawned = await v1.hive.agents.post({ name: 'alice' })
		if (spawned.data && 'live' in spawned.data) spawned.data.live?.running satisfies boolean | undefined
		// @ts-expect-error an agent has a name
		await v1.hive.agents.post({})
		// @ts-expect-error a page is a number
		await v1.hive.agents({ name: 'alice' }).inbox.get({ query: { limit: 'all' } })
		// @ts-expect-error no such move
		await v1.hive.agents({ name: 'alice' }).freeze.post()
		const diff = await v1.hive.config({ name: 'alice' }).proposals({ id: '7' }).diff.get()
		if (diff.data && 'patch' in diff.data) diff.data.fetched_sha satisfies string
	}
	expect(prove).toBeFunction()
})
