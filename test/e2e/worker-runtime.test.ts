import { expect, test } from 'bun:test'
import { eventually } from '../support/eventually.ts'
import { startTestServer } from './support/server.ts'

// A client of yoi's worker-runtime as its wire describes one, and nothing of ours.

const TOKEN = 'local-token'
const bundle = {
	metadata: {
		...{ id: 'bundle-1', revision: 'rev-1', workspace_id: 'workspace-1', created_at: '2026-06-26T00:00:00Z' },
		digest: '8c48f61515c36d4455462ca9def2425e5b774297b159dda69abf46a530888bd3',
		provenance: { source: 'workspace-backend', detail: 'profile-sync' },
	},
	profiles: [{ selector: { kind: 'builtin', value: 'builtin:coder' }, label: 'Coder' }],
	declarations: [{ kind: 'capability_grant', name: 'read', reference: 'capability:read' }],
}

test('a client of the worker runtime syncs a bundle, runs a worker, watches it and comes back with its cursor', async () => {
	await using server = await startTestServer({ args: ['--runtime-local-token', TOKEN, '--runtime-id', 'runtime-test'] })
	const authorization = `Bearer ${TOKEN}`
	const call = async (method: string, path: string, body?: object) => {
		const answer = await fetch(server.url + path, {
			method,
			headers: { authorization, ...(body && { 'content-type': 'application/json' }) },
			...(body && { body: JSON.stringify(body) }),
		})
		// biome-ignore lint/suspicious/noExplicitAny: tests look into answers by path
		return { status: answer.status, body: (await answer.json()) as any }
	}
	const observe = (id: string, cursor?: string) => {
		const query = cursor === undefined ? '' : `?cursor=${cursor}`
		const address = `${server.url.replace('http', 'ws')}/v1/workers/${id}/events/ws${query}`
		const socket = new WebSocket(address, { headers: { authorization } } as never)
		// biome-ignore lint/suspicious/noExplicitAny: tests look into frames by path
		const frames: any[] = []
		socket.onmessage = ({ data }) => void frames.push(JSON.parse(String(data)))
		return { next: () => eventually(() => frames.shift(), { what: 'a frame' }), close: () => socket.close() }
	}

	expect((await fetch(`${server.url}/v1/runtime`)).status).toBe(401)
	expect((await call('GET', '/v1/runtime')).body.runtime).toMatchObject({ runtime_id: 'runtime-test', status: 'running', worker_count: 0 })
	const stored = await call('POST', '/v1/config-bundles', { bundle })
	const { reference } = stored.body.availability
	expect(reference).toEqual({ id: 'bundle-1', digest: bundle.metadata.digest })
	expect((await call('GET', `/v1/config-bundles/bundle-1/availability?digest=${reference.digest}`)).status).toBe(200)

	const created = await call('POST', '/v1/workers', {
		intent: { kind: 'task', objective: 'ship' },
		profile: { kind: 'builtin', value: 'builtin:coder' },
		config_bundle: reference,
		requested_capabilities: [{ name: 'read' }],
	})
	const { worker_id: id, worker_ref } = created.body.worker
	expect([created.status, worker_ref]).toEqual([200, { runtime_id: 'runtime-test', worker_id: 'worker-00000001' }])

	const first = observe(id)
	expect((await first.next()).envelope.payload.event).toBe('snapshot')
	const input = await call('POST', `/v1/workers/${id}/input`, { kind: 'user', content: 'hello' })
	expect(input.body.ack).toMatchObject({ worker_ref, status: 'running', transcript_sequence: 1 })
	const echo = await first.next()
	expect(echo.envelope.payload).toEqual({ event: 'user_message', data: { segments: [{ kind: 'text', content: 'hello' }] } })
	first.close()
	const second = observe(id, echo.envelope.cursor)
	expect((await second.next()).envelope.event_id).toBe(`snapshot:${echo.envelope.cursor}`)
	const events: string[] = []
	while (events.at(-1) !== 'run_end') events.push((await second.next()).envelope.payload.event)
	expect(events).toEqual(['status', 'text_delta', 'text_done', 'run_end'])
	second.close()

	const { transcript } = (await call('GET', `/v1/workers/${id}/transcript?start=0&limit=1`)).body
	expect(transcript).toMatchObject({ total_items: 2, next_start: 1, items: [{ role: 'user', content: 'hello' }] })
	const stopped = await call('POST', `/v1/workers/${id}/stop`)
	expect(stopped.body.ack).toMatchObject({ worker_ref, status: 'stopped' })
	expect((await call('POST', `/v1/workers/${id}/cancel`, { reason: 'late' })).body).toEqual(stopped.body)
	expect((await call('POST', `/v1/workers/${id}/input`, { kind: 'user', content: 'more' })).body.error.code).toBe('invalid_request')
	expect((await call('GET', '/v1/workers')).body.workers).toMatchObject([{ worker_id: id, status: 'stopped', transcript_len: 2 }])
	expect((await call('GET', '/v1/workers/worker-nobody')).body.error.code).toBe('worker_not_found')
})
