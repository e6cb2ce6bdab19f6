import { expect, test } from 'bun:test'
import { testServer } from '../../../support/test-server.ts'

test('figures of requests, commits, queues and streams are told in the format of Prometheus', async () => {
	await using server = await testServer()
	await server.call('POST', '/v1/tasks', { blueprint: { kind: 'id', id: 'main' }, init_ctx: {} })
	await server.call('GET', '/v1/runs/nobody')
	const answer = await server.call('GET', '/metrics')
	expect(answer.status).toBe(200)
	expect(answer.headers.get('content-type')).toStartWith('text/plain')
	const text = String(answer.body)
	expect(text).toContain('mse_http_request_seconds_count{method="POST",route="/v1/tasks",status="200"} 1')
	expect(text).toContain('mse_http_request_seconds_count{method="GET",route="/v1/runs/:id",status="404"} 1')
	for (const name of ['commit_seconds_count', 'commit_changes_sum', 'resident_bytes', 'event_lag', 'request_oldest_seconds', 'runs'])
		expect(text).toMatch(new RegExp(`^mse_${name}(\\{.*\\})? \\d`, 'm'))
	expect(text).toContain('mse_database_healthy 1')
})

test('figures are guarded by the admin token', async () => {
	await using server = await testServer({ 'admin-token': 'secret' })
	expect((await server.call('GET', '/metrics')).status).toBe(401)
	expect((await server.call('GET', '/metrics', undefined, { authorization: 'Bearer secret' })).status).toBe(200)
})
