import { expect, test } from 'bun:test'
import { forMain, operatorServer } from '../whole-server.ts'

test('sessions are listed for whoever looks after the server, and one is shown with the seats it has', async () => {
	await using server = await operatorServer()
	const { sid, token } = await server.join({ roles: ['main'], desc: 'the client on my desk', scope: { blueprints: ['for-main'] } })
	await server.connect({ sid, token })
	const { body } = await server.call('GET', '/v1/operator-sessions')
	expect(body.sessions).toMatchObject([{ sid, roles: ['main'], connected: true, blueprints: ['for-main'], agent: null }])
	expect(JSON.stringify(body)).not.toContain(token)
	const other = await server.join({ roles: ['second'] })
	const operator = await server.connect(other)
	const run = await server.launch(forMain({ id: 'another' }), { operator_sid: other.sid })
	expect(run.status).toBe(202)
	const seats = async () => (await server.call('GET', `/v1/operator-sessions/${other.sid}`)).body.seats
	const spawn = await operator.spawn(1)
	expect(await seats()).toMatchObject([{ run_id: run.body.run_id, slot: 'main', held: true }])
	await server.submit(spawn, 'done')
	operator.ack(spawn, 'done')
	await server.ended(run.body.run_id, 'done')
	expect(await seats()).toMatchObject([{ run_id: run.body.run_id, held: false }])
})

test('a session is ended by whoever looks after the server, and one that nobody has is 404', async () => {
	await using server = await operatorServer({ 'admin-token': 'secret' })
	const { body: joined } = await server.call('POST', '/v1/operators', { roles: ['main'] }, 'secret')
	expect((await server.call('GET', '/v1/operator-sessions', undefined, joined.token)).status).toBe(401)
	expect((await server.call('DELETE', `/v1/operator-sessions/${joined.sid}`, undefined, 'secret')).status).toBe(204)
	expect((await server.call('GET', `/v1/operator-sessions/${joined.sid}`, undefined, 'secret')).status).toBe(404)
	expect((await server.call('GET', '/v1/operator-sessions', undefined, 'secret')).body).toEqual({ sessions: [] })
})
