import { describe, expect, test } from 'bun:test'
import { asRunId } from '../../../../src/kernel/id.ts'
import { blueprintOf, lit, step } from '../../../support/blueprints.ts'
import { eventually } from '../../../support/eventually.ts'
import { parsedBlueprint } from '../../../support/parsed-blueprint.ts'
import { joinedOperator, testServer } from '../../../support/test-server.ts'
import { verifies } from '../../../support/verifies.ts'
import { httpWorld } from '../support.ts'

const subject = { type: 'deploy', id: 'web' }
const asks = blueprintOf(step('identity', lit('hello'), '$.said'), ['identity'], { metadata: { policy: { approve: 'before_spawn' } } })

describe('a question of one’s own', () => {
	test('is asked, shown, listed by its keys and granted', async () => {
		await using world = httpWorld()
		const asked = await world.call('POST', '/v1/approvals', { subject, payload: { version: 2 }, requester: 'ci', required: 2 })
		expect([asked.status, asked.body]).toMatchObject([
			201,
			{
				...{
					kind: 'custom',
					status: 'pending',
					applying: false,
					subject,
					requester: 'ci',
					required: 2,
					grants: [],
					payload: { version: 2 },
				},
				...{ on_timeout: 'deny', deadline_at: null, run_id: null, answer: null, age_secs: 0 },
			},
		])
		const { id } = asked.body
		expect((await world.call('GET', `/v1/approvals/${id}`)).body).toEqual(asked.body)
		const { payload, diff, form, answer, ...summary } = asked.body
		const list = async (query: string) => (await world.call('GET', `/v1/approvals?${query}`)).body
		expect(await list('')).toEqual({ approvals: [summary], next: null })
		expect((await list('status=approved')).approvals).toEqual([])
		expect((await list('kind=custom&status=pending&limit=1')).next).toBe(id)
		expect((await list(`after=${id}`)).approvals).toEqual([])
		const first = await world.call('POST', `/v1/approvals/${id}/approve`, { by: 'ada' })
		expect([first.status, first.body.status, first.body.grants]).toMatchObject([200, 'pending', [{ by: 'ada' }]])
		const second = await world.call('POST', `/v1/approvals/${id}/approve`)
		expect([second.status, second.body]).toMatchObject([200, { status: 'approved', by: 'operator' }])
	})

	test('is known by the name that its asker gave it', async () => {
		await using world = httpWorld()
		await world.call('POST', '/v1/approvals', { subject: { ...subject, name: 'the shop' } })
		await world.call('POST', '/v1/approvals', { subject })
		const { approvals } = (await world.call('GET', '/v1/approvals')).body
		expect(approvals.map((approval: { subject: object }) => approval.subject)).toEqual([{ ...subject, name: 'the shop' }, subject])
	})

	test('is listed newest first when that is asked for, and `after` then leads to older ones', async () => {
		await using world = httpWorld()
		for (const id of ['a', 'b', 'c']) await world.call('POST', '/v1/approvals', { subject: { type: 'deploy', id } })
		const list = async (query: string) => {
			const { body } = await world.call('GET', `/v1/approvals?newest=true&${query}`)
			return [body.approvals.map((approval: { subject: { id: string } }) => approval.subject.id), body.next]
		}
		expect(await list('limit=2')).toEqual([['c', 'b'], 2])
		expect(await list('after=2')).toEqual([['a'], null])
	})

	test('is refused when its form is no JSON Schema, its shape is wrong or the queue is full', async () => {
		await using world = httpWorld({ gate: { maxPending: 1 } })
		expect(await world.call('POST', '/v1/approvals', { subject, form: { type: 'sentence' } })).toMatchObject({
			...{ status: 422, body: { code: 'form_invalid' } },
		})
		expect((await world.call('POST', '/v1/approvals', { subject, colour: 'red' })).status).toBe(422)
		await world.call('POST', '/v1/approvals', { subject })
		const full = await world.call('POST', '/v1/approvals', { subject })
		expect([full.status, full.body.error]).toEqual([429, 'approval queue is full'])
	})

	test('with a key is asked once, and granted once', async () => {
		await using world = httpWorld()
		const key = (name: string) => ({ 'idempotency-key': name })
		const first = await world.call('POST', '/v1/approvals', { subject }, key('a'))
		const again = await world.call('POST', '/v1/approvals', { subject }, key('a'))
		expect(again.body).toEqual(first.body)
		const path = `/v1/approvals/${first.body.id}/approve`
		const granted = await world.call('POST', path, { by: 'ada' }, key('b'))
		expect(await world.call('POST', path, { by: 'ada' }, key('b'))).toMatchObject({ status: 200, body: { status: granted.body.status } })
		expect((await world.call('POST', path, { by: 'eve' }, key('b'))).body.code).toBe('idempotency_mismatch')
		expect((await world.call('POST', path, { by: 'ada' })).status).toBe(409)
	})

	test('can be waited for', async () => {
		await using world = httpWorld()
		const { id } = (await world.call('POST', '/v1/approvals', { subject })).body
		const waiting = world.call('GET', `/v1/approvals/${id}?wait=60`)
		await world.call('POST', `/v1/approvals/${id}/deny`, { by: 'ada', note: 'no' })
		expect((await waiting).body).toMatchObject({ status: 'denied', by: 'ada', note: 'no' })
		expect((await world.call('GET', `/v1/approvals/${id}?wait=60`)).body.status).toBe('denied')
		expect((await world.call('GET', `/v1/approvals/${id}?wait=soon`)).status).toBe(400)
	})
})

describe('answers', () => {
	test('that cannot be are refused with stable sentences', async () => {
		verifies('08.61')
		await using world = httpWorld()
		for (const id of ['99', 'x', '99999999999999999999']) {
			const { status, body } = await world.call('POST', `/v1/approvals/${id}/approve`)
			expect([status, body.error]).toEqual([404, `no such approval ${id}`])
		}
		const { id } = (await world.call('POST', '/v1/approvals', { subject, approvers: ['ada'] })).body
		expect((await world.call('POST', `/v1/approvals/${id}/approve`, { by: 'eve' })).status).toBe(403)
		await world.call('POST', `/v1/approvals/${id}/deny`, { by: 'ada' })
		for (const verb of ['approve', 'deny']) {
			const { status, body } = await world.call('POST', `/v1/approvals/${id}/${verb}`, { by: 'ada' })
			expect([status, body.error]).toEqual([409, `approval ${id} is already denied`])
		}
	})

	test('that do not fit the form are 422', async () => {
		await using world = httpWorld()
		const form = { type: 'object', properties: { go: { type: 'boolean' } }, required: ['go'] }
		const { id } = (await world.call('POST', '/v1/approvals', { subject, form })).body
		expect((await world.call('POST', `/v1/approvals/${id}/approve`, { answer: { go: 'yes' } })).body).toMatchObject({
			...{ code: 'answer_invalid', error: `The answer to approval ${id} does not fit its form: go must be boolean.` },
		})
		expect((await world.call('POST', `/v1/approvals/${id}/approve`, { answer: { go: true } })).body.answer).toEqual({ go: true })
	})

	test('begin what takes longer than the wait, and say so with 202; what fails is 409', async () => {
		const done = Promise.withResolvers<void>()
		await using world = httpWorld({ gate: { waitMs: 10 } })
		world.gate.register('custom', { perform: () => done.promise, reconcile: async () => 'done' })
		const { id } = (await world.call('POST', '/v1/approvals', { subject })).body
		const running = await world.call('POST', `/v1/approvals/${id}/approve`)
		expect([running.status, running.body]).toMatchObject([202, { status: 'pending', applying: true }])
		expect((await world.call('POST', `/v1/approvals/${id}/deny`)).body.error).toBe(`approval ${id} is being applied`)
		done.reject(new Error('the disk is full'))
		expect((await world.call('GET', `/v1/approvals/${id}?wait=9`)).body).toMatchObject({ status: 'failed', note: 'the disk is full' })
		world.gate.register('custom', { perform: () => Promise.reject(new Error('no room')), reconcile: async () => 'done' })
		const other = (await world.call('POST', '/v1/approvals', { subject })).body.id
		const failed = await world.call('POST', `/v1/approvals/${other}/approve`)
		expect([failed.status, failed.body.error]).toEqual([409, `approval ${other} failed: no room`])
	})
})

test('a run that waits says for what and for how long, and goes on when it is granted', async () => {
	await using world = httpWorld()
	const { run_id } = (await world.launch(asks, { detach: true })).body
	const waiting = async () => {
		const { body } = await world.call('GET', `/v1/runs/${run_id}`)
		return body.phase === 'waiting_approval' && body.approvals && body
	}
	const { approvals, status, step_entries } = await eventually(waiting, { what: 'the run waits' })
	expect([status, approvals]).toEqual([
		'running',
		[{ id: expect.any(Number), age_secs: 0, step_id: step_entries[0].step_id, deadline_at: null }],
	])
	const [{ id }] = approvals
	expect((await world.call('GET', `/v1/approvals?run=${run_id}`)).body.approvals).toMatchObject([{ id, kind: 'step_spawn', run_id }])
	await world.call('POST', `/v1/approvals/${id}/approve`, { by: 'ada' })
	const ended = await world.service.wait(asRunId(run_id), new AbortController().signal)
	expect(ended.result).toEqual({ said: 'hello' })
	expect((await world.call('GET', `/v1/runs/${run_id}`)).body.approvals).toBeUndefined()
	const events = (await world.call('GET', '/v1/events?kind=approval&follow=false')).body as string
	const kinds = [...events.matchAll(/"kind":"(approval\.\w+)"/g)].map(([, kind]) => kind)
	expect(kinds).toEqual(['approval.requested', 'approval.granted', 'approval.approved'])
})

describe('a gated commit', () => {
	const first = blueprintOf(step('identity', lit(1), '$.out'), ['identity'])
	const second = blueprintOf(step('identity', lit(2), '$.out'), ['identity'])
	const third = blueprintOf(step('identity', lit(3), '$.out'), ['identity'])
	const head = async (world: ReturnType<typeof httpWorld>) => (await world.call('GET', '/v1/blueprints/test/head')).body.version

	test('leaves the head until it is granted, with what would change beside it', async () => {
		verifies('08.73')
		await using world = httpWorld({ gateBlueprints: true })
		const proposed = await world.call('POST', '/v1/blueprints/test?author=bob&message=one', first)
		expect([proposed.status, proposed.body]).toEqual([
			202,
			{ id: 'test', version: expect.stringMatching(/^[0-9a-f]{64}$/), approval_id: 1, diagnostics: expect.any(Array) },
		])
		expect((await world.call('GET', '/v1/blueprints/test/head')).status).toBe(404)
		expect((await world.call('POST', '/v1/approvals/1/approve', { by: 'ada' })).body.status).toBe('approved')
		expect(await head(world)).toBe(proposed.body.version)
		expect((await world.call('GET', '/v1/blueprints/test/history')).body.entries).toMatchObject([{ author: 'bob', rationale: 'one' }])
		const change = await world.call('POST', '/v1/blueprints/test', second)
		const { body } = await world.call('GET', `/v1/approvals/${change.body.approval_id}`)
		expect(body).toMatchObject({
			...{ kind: 'blueprint_commit', subject: { type: 'blueprint', id: 'test' }, digest: change.body.version },
			...{ diff: [{ op: 'replace', path: '/flow/in/value', value: 2 }], payload: { expected_head: proposed.body.version } },
		})
	})

	test('that is denied leaves head and history, and keeps the note', async () => {
		verifies('08.73')
		await using world = httpWorld({ gateBlueprints: true })
		await world.blueprints.commit(proposalOf(first))
		const before = await head(world)
		const { approval_id } = (await world.call('POST', '/v1/blueprints/test', second)).body
		const denied = await world.call('POST', `/v1/approvals/${approval_id}/deny`, { by: 'ada', note: 'too soon' })
		expect(denied.body).toMatchObject({ status: 'denied', note: 'too soon' })
		expect([await head(world), (await world.blueprints.history('test', { limit: 10 })).length]).toEqual([before, 1])
	})

	test('fails when the head moved meanwhile', async () => {
		await using world = httpWorld({ gateBlueprints: true })
		await world.blueprints.commit(proposalOf(first))
		const ids = []
		for (const document of [second, third]) ids.push((await world.call('POST', '/v1/blueprints/test', document)).body.approval_id)
		await world.call('POST', `/v1/approvals/${ids[0]}/approve`)
		const late = await world.call('POST', `/v1/approvals/${ids[1]}/approve`)
		expect([late.status, late.body.error]).toEqual([409, expect.stringContaining('the head of blueprint test is not')])
	})

	test('of what the head is already, and of a head that is not expected, asks nothing', async () => {
		await using world = httpWorld({ gateBlueprints: true })
		await world.blueprints.commit(proposalOf(first))
		expect(await world.call('POST', '/v1/blueprints/test', first)).toMatchObject({ status: 200, body: { seeded: false } })
		expect((await world.call('POST', '/v1/blueprints/test?expected_head=none', second)).status).toBe(409)
		expect((await world.call('POST', '/v1/blueprints/.bad', { ...second, id: '.bad' })).status).toBe(400)
		expect((await world.call('GET', '/v1/approvals')).body.approvals).toEqual([])
	})

	test('with a key asks once; restoring asks too', async () => {
		await using world = httpWorld({ gateBlueprints: true })
		const key = { 'idempotency-key': 'k' }
		const asked = await world.call('POST', '/v1/blueprints/test', first, key)
		expect((await world.call('POST', '/v1/blueprints/test', first, key)).body).toEqual(asked.body)
		await world.call('POST', `/v1/approvals/${asked.body.approval_id}/approve`)
		await world.blueprints.commit(proposalOf(second))
		const restore = await world.call('POST', '/v1/blueprints/test/restore', { version: asked.body.version })
		expect([restore.status, restore.body]).toEqual([202, { id: 'test', version: asked.body.version, approval_id: 2 }])
		await world.call('POST', '/v1/approvals/2/approve')
		expect(await head(world)).toBe(asked.body.version)
		expect((await world.call('POST', '/v1/blueprints/test/restore', { version: '0'.repeat(64) })).status).toBe(404)
	})
})

describe('who may answer', () => {
	const admin = { authorization: 'Bearer secret' }

	test('without its admin token is nobody, on a server that has one', async () => {
		await using world = httpWorld({ http: { adminToken: 'secret' } })
		const { id } = (await world.call('POST', '/v1/approvals', { subject }, admin)).body
		expect((await world.call('POST', `/v1/approvals/${id}/approve`)).status).toBe(401)
		expect((await world.call('GET', '/v1/approvals')).status).toBe(401)
		expect((await world.call('POST', `/v1/approvals/${id}/approve`, { by: 'ada' }, admin)).body.by).toBe('ada')
	})

	test('is an operator by sid and roles, and never a worker', async () => {
		await using server = await testServer()
		const { body: session } = await server.call('POST', '/v1/operators', { roles: ['lead'] })
		const theirs = { authorization: `Bearer ${session.token}` }
		using worker = await joinedOperator(server, 'main')
		const flow = { kind: 'step', ref: 'w', in: lit('go'), out: { op: 'path', at: '$.out' } }
		const agents = [{ name: 'w', kind: 'operator', spec: { operator_ref: 'main' } }]
		const launch = { blueprint: { kind: 'inline', value: { id: 'b', flow, agents, operators: [{ name: 'main' }] } }, init_ctx: {} }
		const { body: run } = await server.call('POST', '/v1/tasks', { ...launch, detach: true })
		const { bearer } = await worker.spawned()
		const byWorker = { authorization: bearer }
		const asked = await server.call('POST', '/v1/approvals', { subject, approvers: ['lead'] }, byWorker)
		expect([asked.status, asked.body.requester, asked.body.run_id]).toEqual([201, 'w', run.run_id])
		const { id } = asked.body
		const path = `/v1/approvals/${id}/approve`
		expect((await server.call('POST', path, {}, byWorker)).status).toBe(403)
		expect((await server.call('POST', path, {}, { authorization: 'Bearer wh-0000000000000000' })).status).toBe(403)
		expect((await server.call('POST', path, {}, { authorization: 'Bearer stale' })).status).toBe(401)
		expect((await server.call('POST', path, { by: 'ada' }, theirs)).body.code).toBe('foreign_name')
		const other = (await server.call('POST', '/v1/approvals', { subject })).body.id
		expect((await server.call('GET', `/v1/approvals/${other}`, undefined, byWorker)).status).toBe(404)
		expect((await server.call('GET', '/v1/approvals', undefined, byWorker)).body.approvals.map((it: { id: number }) => it.id)).toEqual([id])
		const granted = await server.call('POST', path, {}, theirs)
		expect([granted.status, granted.body.by]).toEqual([200, session.sid])
		await server.call('POST', `/v1/runs/${run.run_id}/cancel`)
	})
})

function proposalOf(document: ReturnType<typeof blueprintOf>) {
	return { id: 'test', document, blueprint: parsedBlueprint(document), author: 'ann', message: 'seed' }
}
