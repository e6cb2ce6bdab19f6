import { describe, expect, test } from 'bun:test'
import { verifies } from '../../../support/verifies.ts'
import { faceWorld } from '../face-world.ts'
import { forMain, operatorServer } from '../whole-server.ts'

const as = (bearer: string) => ({ authorization: `Bearer ${bearer}` })
const anOperator = { agent_id: 'a', role: 'operator', ttl_secs: 60 }

describe('an attach session', () => {
	test('is attached, and detached by its secret', async () => {
		verifies('01.C130')
		await using at = await faceWorld()
		const attached = await at.call('POST', '/v1/sessions', { ...anOperator, more: 1 })
		expect([attached.status, attached.body.ttl_enforced]).toEqual([200, false])
		const secret = attached.body.session_id
		const detached = await at.call('DELETE', '/v1/sessions', undefined, as(secret))
		expect([detached.status, detached.body]).toEqual([204, ''])
		expect((await at.call('DELETE', '/v1/sessions', undefined, as(secret))).status).toBe(404)
		expect((await at.call('DELETE', '/v1/sessions')).status).toBe(401)
	})

	test('of an unknown role is 400, without a key 422', async () => {
		await using at = await faceWorld()
		expect((await at.call('POST', '/v1/sessions', { ...anOperator, role: 'boss' })).status).toBe(400)
		for (const body of [
			{ agent_id: 'a', role: 'worker' },
			{ agent_id: 'a', role: 'worker', ttl_secs: '60' },
		])
			expect((await at.call('POST', '/v1/sessions', body)).status).toBe(422)
	})

	test('takes the admin token where there is one, and its own to be detached', async () => {
		await using at = await faceWorld({ http: { adminToken: 'admin' } })
		expect((await at.call('POST', '/v1/sessions', anOperator)).status).toBe(401)
		const attached = await at.call('POST', '/v1/sessions', anOperator, as('admin'))
		expect((await at.call('DELETE', '/v1/sessions', undefined, as(attached.body.session_id))).status).toBe(204)
	})
})

describe('the administrator', () => {
	test('lists live sessions, newest first and without their secrets, and ends any of them', async () => {
		await using at = await faceWorld({ http: { adminToken: 'admin' } })
		const attach = (over: object) => at.call('POST', '/v1/sessions', { ...anOperator, ...over }, as('admin'))
		const first = await attach({ ttl_secs: 1 })
		const second = await attach({ agent_id: 'b', role: 'Worker', ttl_secs: 60 })
		await attach({ agent_id: 'gone', role: 'observer', ttl_secs: 1 })
		await at.world.clock.advance(2000)
		const list = () => at.call('GET', '/v1/sessions', undefined, as('admin'))
		const { body } = await list()
		expect(body.sessions).toMatchObject([
			{ public_id: second.body.public_id, agent_id: 'b', role: 'worker', expire_at: expect.any(Number), operator_sid: null },
			{ public_id: first.body.public_id, agent_id: 'a', role: 'operator', expire_at: null },
		])
		expect(JSON.stringify(body)).not.toContain(first.body.session_id)
		const end = (id: string) => at.call('DELETE', `/v1/sessions/${id}`, undefined, as('admin'))
		for (const { public_id } of body.sessions) expect((await end(public_id)).status).toBe(204)
		expect((await list()).body.sessions).toEqual([])
		expect((await end(first.body.public_id)).status).toBe(404)
	})

	test('is the only one who may', async () => {
		await using at = await faceWorld({ http: { adminToken: 'admin' } })
		const attached = await at.call('POST', '/v1/sessions', anOperator, as('admin'))
		for (const headers of [{}, as(attached.body.session_id)]) {
			expect((await at.call('GET', '/v1/sessions', undefined, headers)).status).toBe(401)
			expect((await at.call('DELETE', `/v1/sessions/${attached.body.public_id}`, undefined, headers)).status).toBe(401)
		}
	})
})

/** An operator at work on a step, and an attach session of its own that is tied to it. */
async function tied() {
	const server = await operatorServer()
	const operator = await server.join({ roles: ['main'] })
	const peer = await server.connect(operator)
	await server.launch(forMain())
	const spawn = await peer.spawn(1)
	const { body: attached } = await server.call('POST', '/v1/sessions', { ...anOperator, agent_id: operator.sid }, operator.token)
	return { server, operator, spawn, attached }
}

describe('an attach session that is an operator’s own', () => {
	test('ends that operator’s session, and the credentials of what it works on', async () => {
		const { server, operator, spawn, attached } = await tied()
		await using _ = server
		expect((await server.call('DELETE', '/v1/sessions', undefined, attached.session_id)).status).toBe(204)
		expect((await server.call('GET', `/v1/operators/${operator.sid}`, undefined, operator.token)).status).toBe(404)
		for (const credential of [spawn.worker_handle ?? '', spawn.capability_token])
			expect([409, 410]).toContain((await server.submit({ ...spawn, worker_handle: credential }, 'late')).status)
	})

	test('ends with that operator’s session', async () => {
		const { server, operator, spawn, attached } = await tied()
		await using _ = server
		expect((await server.call('DELETE', `/v1/operators/${operator.sid}`, undefined, operator.token)).status).toBe(204)
		expect((await server.call('GET', '/v1/sessions')).body.sessions).toEqual([])
		expect((await server.call('DELETE', '/v1/sessions', undefined, attached.session_id)).status).toBe(404)
		expect([409, 410]).toContain((await server.submit(spawn, 'late')).status)
	})

	test('is so by proof alone: naming an operator ties nobody to it', async () => {
		const { server, operator } = await tied()
		await using _ = server
		const other = await server.join()
		for (const bearer of [undefined, other.token, 'nonsense']) {
			const { body } = await server.call('POST', '/v1/sessions', { ...anOperator, agent_id: operator.sid }, bearer)
			expect((await server.call('DELETE', '/v1/sessions', undefined, body.session_id)).status).toBe(204)
		}
		expect((await server.call('GET', `/v1/operators/${operator.sid}`, undefined, operator.token)).status).toBe(200)
	})
})
