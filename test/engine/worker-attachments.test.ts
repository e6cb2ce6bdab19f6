import { expect, test } from 'bun:test'
import { appWorld } from '../support/app-world.ts'
import { eventually } from '../support/eventually.ts'
import { tempDir } from '../support/temp-dir.ts'

const PROFILES = JSON.stringify({ cat: { kind: 'process', argv: ['/bin/cat'], mode: 'one_shot' } })

async function put(url: string, name: string, body: string) {
	const answer = await fetch(`${url}/v1/runtime/attachments?name=${encodeURIComponent(name)}`, { method: 'POST', body })
	// biome-ignore lint/suspicious/noExplicitAny: tests look into answers by path
	return { status: answer.status, body: (await answer.json()) as any }
}

test('a body is put down once, named by turns, read from the data plane, and still there in the next life', async () => {
	using dir = tempDir()
	const life = () => appWorld({ dir: dir.path, flags: { 'drain-secs': '0', 'runtime-profiles': PROFILES } })
	const id = await (async () => {
		await using app = await life()
		const { status, body } = await put(app.url, 'notes.md', 'the sky is green')
		expect([status, body.attachment]).toEqual([200, { id: expect.stringMatching(/./), name: 'notes.md', bytes: 16 }])
		return body.attachment.id as string
	})()
	await using app = await life()
	expect((await app.call('GET', `/v1/data/${id}`)).body.event.content.value).toBe('the sky is green')
	const { worker_id } = (
		await app.call('POST', '/v1/workers', {
			intent: { kind: 'assistant' },
			profile: { kind: 'builtin', value: 'process:cat' },
			initial_input: { kind: 'user', content: 'what colour?', attachments: [id] },
		})
	).body.worker
	const lines = await eventually(
		async () => {
			const { items } = (await app.call('GET', `/v1/workers/${worker_id}/transcript`)).body.transcript
			return items.length === 2 && items
		},
		{ what: 'the answer' },
	)
	expect(lines[0]).toMatchObject({ content: 'what colour?', attachments: [id] })
	expect(lines[1].content).toBe('what colour?\n\n<attachment name="notes.md">\nthe sky is green\n</attachment>')
})

test('a body without a name or over the limit is refused in the words of the family', async () => {
	await using app = await appWorld({ flags: { 'limits-output-bytes': '1024' } })
	expect(await put(app.url, ' ', 'x')).toMatchObject({ status: 400, body: { error: { code: 'invalid_request' } } })
	expect(await put(app.url, 'big', 'x'.repeat(2000))).toMatchObject({ status: 413, body: { error: { code: 'output_too_large' } } })
	const unnamed = await fetch(`${app.url}/v1/runtime/attachments`, { method: 'POST', body: 'x' })
	expect([unnamed.status, ((await unnamed.json()) as { error: { code: string } }).error.code]).toEqual([400, 'invalid_query'])
})
