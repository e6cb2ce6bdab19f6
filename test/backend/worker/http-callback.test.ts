import { expect, test } from 'bun:test'
import { appWorld } from '../../support/app-world.ts'
import { eventually } from '../../support/eventually.ts'
import { tempDir } from '../../support/temp-dir.ts'

interface Pushed {
	readonly callback: string
	readonly turn: number
	readonly fence: number
	readonly content: string
}

/** An address that takes each turn with 202, and keeps what it was posted. */
function address() {
	const pushed: Pushed[] = []
	const server = Bun.serve({
		...{ hostname: '127.0.0.1', port: 0 },
		async fetch(request) {
			pushed.push((await request.json()) as Pushed)
			return new Response(null, { status: 202 })
		},
	})
	const post = (url: string, body: object) =>
		fetch(url, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })
	return { pushed, post, url: `http://127.0.0.1:${server.port}/`, [Symbol.asyncDispose]: () => server.stop(true) }
}

test('an address that goes on by itself reports to the callback, also to the next life of the server', async () => {
	using dir = tempDir()
	await using worker = address()
	const profiles = JSON.stringify({ far: { kind: 'http', url: worker.url } })
	const life = () => appWorld({ dir: dir.path, flags: { 'drain-secs': '0', 'runtime-profiles': profiles } })
	const { id, first } = await (async () => {
		await using app = await life()
		const created = { intent: { kind: 'assistant' }, profile: { kind: 'builtin', value: 'http:far' } }
		const { worker_id: id } = (await app.call('POST', '/v1/workers', created)).body.worker
		await app.call('POST', `/v1/workers/${id}/input`, { kind: 'user', content: 'go' })
		const first = await eventually(() => worker.pushed.shift(), { what: 'the turn' })
		expect(first).toMatchObject({ turn: 1, fence: 1, content: 'go' })
		expect((await worker.post(`${first.callback}/events`, { events: [{ event: 'text_delta', data: { text: 'go' } }] })).status).toBe(200)
		return { id, first }
	})()
	await using app = await life()
	const callback = new URL(first.callback).pathname
	await eventually(async () => (await app.call('GET', '/v1/runtime/turns')).body.turns.length === 1, { what: 'the turn on the desk' })
	expect((await worker.post(`${app.url}${callback}/complete`, { text: 'gone' })).status).toBe(200)
	const { items } = (await app.call('GET', `/v1/workers/${id}/transcript`)).body.transcript
	expect(items.map(({ content }: { content: string }) => content)).toEqual(['go', 'gone'])
})

test('an address that gives its turn back is posted it again, so often', async () => {
	await using worker = address()
	await using app = await appWorld({
		flags: { 'runtime-profiles': JSON.stringify({ far: { kind: 'http', url: worker.url, attempts: 2 } }) },
	})
	const created = {
		...{ intent: { kind: 'assistant' }, profile: { kind: 'builtin', value: 'http:far' } },
		initial_input: { kind: 'user', content: 'go' },
	}
	const { worker_id: id } = (await app.call('POST', '/v1/workers', created)).body.worker
	for (const fence of [1, 2]) {
		const pushed = await eventually(() => worker.pushed.shift(), { what: `posting ${fence}` })
		expect(pushed.fence).toBe(fence)
		await eventually(async () => (await worker.post(`${pushed.callback}/release`, {})).status === 200, { what: 'the lease is taken back' })
	}
	const lines = await eventually(
		async () => {
			const { items } = (await app.call('GET', `/v1/workers/${id}/transcript`)).body.transcript
			return items.length === 2 && items
		},
		{ what: 'the error' },
	)
	expect(lines[1].content).toContain('let its lease run out 2 times')
})
