import { expect, test } from 'bun:test'
import { readServerSent, type SentMessage } from '../../../src/edge/client/server-sent.ts'

async function read(...chunks: readonly (string | Uint8Array)[]): Promise<SentMessage[]> {
	const bytes = chunks.map((chunk) => (typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk))
	const body = new ReadableStream<Uint8Array>({
		start(controller) {
			for (const chunk of bytes) controller.enqueue(chunk)
			controller.close()
		},
	})
	return Array.fromAsync(readServerSent(body))
}

test('messages come with their type, their data and the cursor', async () => {
	expect(await read('id: 7\ndata: {"a":1}\n\nevent: gone\ndata: x\ndata: y\n\n')).toEqual([
		{ type: 'message', data: '{"a":1}', lastId: '7' },
		{ type: 'gone', data: 'x\ny', lastId: '7' },
	])
})

test('however the bytes are cut, in the middle of a line, a line end or a character', async () => {
	const bytes = new TextEncoder().encode('id: 1\r\ndata: Zoë\r\n\r\nid: 2\r\ndata: b\r\n\r\n')
	for (let at = 0; at < bytes.length; at++) {
		const messages = await read(bytes.slice(0, at), bytes.slice(at))
		expect(messages.map(({ data, lastId }) => [data, lastId])).toEqual([
			['Zoë', '1'],
			['b', '2'],
		])
	}
})

test('comments say nothing, and an id alone moves the cursor', async () => {
	expect(await read('retry: 2000\n: connected\n\n: heartbeat\nid: 9\n\n')).toEqual([{ type: 'message', data: null, lastId: '9' }])
})

test('a message that is cut off is none', async () => {
	expect(await read('data: a\n\ndata: b\n')).toEqual([{ type: 'message', data: 'a', lastId: null }])
})
