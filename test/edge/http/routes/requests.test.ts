import { expect, test } from 'bun:test'
import { eventually } from '../../../support/eventually.ts'
import { forMain, operatorServer } from '../whole-server.ts'

const agents = [{ name: 'writer', kind: 'operator', spec: { operator_ref: 'main' } }]

test('what waits for operators is listed with its owner, age and deadline, and can be sent again', async () => {
	await using server = await operatorServer()
	const session = await server.join({ roles: ['main'], desc: 'the client on my desk' })
	const { body: run } = await server.launch(forMain({ agents } as never))
	const operator = await server.connect(session)
	const spawn = await operator.spawn(1)
	const { body } = await server.call('GET', '/v1/requests')
	expect(body.total).toBe(1)
	expect(body.requests[0]).toMatchObject({
		...{ req_id: spawn.req_id, kind: 'spawn', run_id: run.run_id, agent: 'writer', attempt: 1, slot: 'main' },
		owner: { sid: session.sid, desc: 'the client on my desk', roles: ['main'], connected: true },
	})
	expect(body.requests[0].deadline_at).toBeGreaterThan(body.requests[0].created_at)
	expect((await server.call('GET', `/v1/requests?run=${run.run_id}`)).body).toEqual({ ...body, requests: [expect.anything()] })
	expect((await server.call('GET', '/v1/requests?run=R-0')).body).toEqual({ requests: [], total: 0 })
	const totals = [`operator=${session.sid}`, 'operator=S-0', 'vacant=true', `operator=${session.sid}&run=${run.run_id}`]
	const counted = totals.map(async (query) => (await server.call('GET', `/v1/requests?${query}`)).body.total)
	expect(await Promise.all(counted)).toEqual([1, 0, 0, 1])
	const again = await server.call('POST', `/v1/requests/${spawn.req_id}/redeliver`)
	expect([again.status, again.body.req_id]).toEqual([200, spawn.req_id])
	expect((await operator.spawn(2)).req_id).toBe(spawn.req_id)
})

test('a request nobody has a seat for yet has no owner, and cannot be sent again', async () => {
	await using server = await operatorServer()
	await server.join({ roles: ['another'] })
	await server.launch(forMain({ agents } as never))
	const { body } = await eventually(
		async () => {
			const listed = await server.call('GET', '/v1/requests?limit=5')
			return listed.body.total > 0 && listed
		},
		{ what: 'the request is on disk' },
	)
	expect((await server.call('GET', '/v1/requests?vacant=true&limit=1')).body).toEqual(body)
	expect(body.requests[0]).toMatchObject({ owner: null, state: 'parked', agent: 'writer' })
	const refused = await server.call('POST', `/v1/requests/${body.requests[0].req_id}/redeliver`)
	expect([refused.status, refused.body.code]).toEqual([409, 'seat_vacant'])
	const unknown = await server.call('POST', '/v1/requests/RQ-0/redeliver')
	expect([unknown.status, unknown.body.code]).toEqual([404, 'unknown_request'])
})
