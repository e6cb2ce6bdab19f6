import { expect, test } from 'bun:test'
import { asSessionId } from '../../../../src/kernel/id.ts'
import { eventually } from '../../../support/eventually.ts'
import { settled, spawnAsking } from '../../../support/operator-world.ts'
import { verifies } from '../../../support/verifies.ts'
import { openSocket, operatorServer } from '../operator-server.ts'

test('each generation joins in its own way, and every way at once', async () => {
	verifies('01.C38')
	await using server = await operatorServer()
	const bodies = [
		{ roles: ['main'] },
		{ capability_manifest: null, desc: 'ann' },
		{},
		{ roles: [], desc: ' ', unknown: { key: 1 }, scope: { blueprints: ['b'] } },
		{ capability_manifest: { provider_id: 'p', capabilities: [{ launch_variant: 'v', evidence_digest: 'd' }] } },
	]
	for (const body of bodies) {
		const joined = await server.call('POST', '/v1/operators', { body })
		expect(joined).toEqual({
			status: 200,
			body: {
				sid: expect.stringMatching(/^S-[0-9a-f]{16}$/),
				token: expect.stringMatching(/^[0-9a-f]{32}$/),
				roles: 'roles' in body ? body.roles : [],
			},
		} as never)
	}
})

test('a join of the wrong shape is 422, and so is an unknown key of the manifest', async () => {
	await using server = await operatorServer()
	const manifests = [{ provider_id: 'p', more: 1 }, { provider_id: 7 }, {}, { provider_id: 'p', capabilities: [{ tools: [] }] }]
	for (const body of [...manifests.map((capability_manifest) => ({ capability_manifest })), { roles: 'main' }, { roles: [''] }, [], 'x'])
		expect((await server.call('POST', '/v1/operators', { body })).status).toBe(422)
})

test('a join with an owned role is 409 with the conflicts beside the error, until the owner leaves', async () => {
	verifies('01.C37')
	await using server = await operatorServer()
	const owner = await server.join({ roles: ['main', 'review'] })
	const refused = await server.call('POST', '/v1/operators', { body: { roles: ['review', 'x'] } })
	expect(refused).toMatchObject({ status: 409, body: { error: 'roles conflict', code: 'roles_conflict', conflicts: ['review'] } })
	expect((await server.call('DELETE', `/v1/operators/${owner.sid}`, { token: owner.token })).status).toBe(204)
	expect((await server.call('POST', '/v1/operators', { body: { roles: ['review'] } })).status).toBe(200)
})

test('a session shows itself to its bearer', async () => {
	verifies('01.C4')
	await using server = await operatorServer()
	const manifest = { provider_id: 'p' }
	const { sid, token } = await server.join({ roles: ['main'], desc: 'ann', capability_manifest: manifest })
	const own = () => server.call('GET', `/v1/operators/${sid}`, { token })
	const info = { sid, roles: ['main'], desc: 'ann', capability_manifest: manifest, observed: [], observed_total: 0 }
	expect(await own()).toEqual({ status: 200, body: { ...info, connected: false } })
	const peer = await openSocket(server.wsUrl(sid), token)
	expect((await own()).body.connected).toBe(true)
	peer.socket.close()
	await eventually(async () => (await own()).body.connected === false, { what: 'the session reads as disconnected' })
})

test('credentials fail in the same order on every route of a session: 401, 404, 401', async () => {
	verifies('01.C5', '01.C6', '01.C45', '01.C7')
	await using server = await operatorServer()
	const { sid } = await server.join()
	for (const [method, path] of [
		['GET', ''],
		['DELETE', ''],
		['GET', '/requests'],
		['POST', '/requests/x/redeliver'],
	] as const) {
		const at = (of: string) => `/v1/operators/${of}${path}`
		expect(await server.call(method, at('S-nobody'))).toMatchObject({ status: 401, body: { error: 'missing or empty Bearer token' } })
		expect(await server.call(method, at('S-nobody'), { token: 'x' })).toMatchObject({ status: 404, body: { code: 'unknown_sid' } })
		expect(await server.call(method, at(sid), { token: 'x' })).toMatchObject({ status: 401, body: { error: 'token mismatch' } })
	}
	expect((await fetch(`${server.url}/v1/operators/${sid}`, { headers: { authorization: 'Basic eDp5' } })).status).toBe(401)
})

test('a deleted session is gone: its socket is closed, and it is 404', async () => {
	verifies('01.C46')
	await using server = await operatorServer()
	const { sid, token } = await server.join()
	const peer = await openSocket(server.wsUrl(sid), token)
	expect(await server.call('DELETE', `/v1/operators/${sid}`, { token })).toEqual({ status: 204, body: null })
	expect(await peer.closed).toEqual({ code: 1000, reason: 'operator session torn down' })
	expect((await server.call('DELETE', `/v1/operators/${sid}`, { token })).status).toBe(404)
	expect((await server.call('GET', `/v1/operators/${sid}`, { token })).status).toBe(404)
})

test('what waits is listed with age and deadline, and can be sent again', async () => {
	await using server = await operatorServer()
	const { sid, token } = await server.join({ roles: ['main'] })
	const run = await server.world.newRun()
	const asking = spawnAsking(run, 'main')
	void server.world.hub.ask(asking).catch(() => {})
	await settled()
	const listed = await server.call('GET', `/v1/operators/${sid}/requests`, { token })
	expect(listed.body).toEqual({
		requests: [
			{
				...{ req_id: expect.stringContaining(`${sid}-spawn-`), kind: 'spawn', state: 'parked', slot: 'main', agent: 'coder' },
				...{ run_id: run.id, step_id: asking.stepId, attempt: 1, age_secs: expect.any(Number) },
				...{ created_at_secs: server.world.clock.now() / 1000, deadline_at_secs: server.world.clock.now() / 1000 + 86_400 },
			},
		],
		total: 1,
	})
	const peer = await openSocket(server.wsUrl(sid), token)
	await eventually(() => peer.frames.length === 1, { what: 'the frame arrives' })
	const again = await server.call('POST', `/v1/operators/${sid}/requests/${listed.body.requests[0].req_id}/redeliver`, { token })
	expect(again).toEqual({ status: 200, body: { req_id: listed.body.requests[0].req_id, state: 'sent' } })
	await eventually(() => peer.frames.length === 2, { what: 'it arrives again' })
	expect((await server.call('POST', `/v1/operators/${sid}/requests/none/redeliver`, { token })).status).toBe(404)
	peer.say({ type: 'spawn_ack', req_id: listed.body.requests[0].req_id })
	await eventually(async () => (await server.call('GET', `/v1/operators/${sid}/requests`, { token })).body.total === 0, {
		what: 'nothing waits any more',
	})
	expect((await server.call('POST', `/v1/operators/${sid}/requests/${listed.body.requests[0].req_id}/redeliver`, { token })).status).toBe(
		410,
	)
})

test('with an admin token, joining takes it, the session’s own routes take either', async () => {
	await using server = await operatorServer({ adminToken: 'admin' })
	expect((await server.call('POST', '/v1/operators', { body: {} })).status).toBe(401)
	const { sid, token } = (await server.call('POST', '/v1/operators', { body: {}, token: 'admin' })).body
	for (const credential of [token, 'admin']) {
		expect((await server.call('GET', `/v1/operators/${sid}`, { token: credential })).status).toBe(200)
		expect((await server.call('GET', `/v1/operators/${sid}/requests`, { token: credential })).status).toBe(200)
	}
	expect((await server.call('GET', '/v1/operators/S-nobody', { token: 'admin' })).status).toBe(404)
	expect((await server.call('GET', `/v1/operators/${sid}`, {})).status).toBe(401)
	const peer = await openSocket(server.wsUrl(sid), token)
	expect(server.world.sessions.peek(asSessionId(sid))?.connected).toBe(true)
	peer.socket.close()
	await peer.closed
})

test('open_join leaves the join to everybody', async () => {
	await using server = await operatorServer({ adminToken: 'admin', openJoin: true })
	expect((await server.call('POST', '/v1/operators', { body: {} })).status).toBe(200)
})
