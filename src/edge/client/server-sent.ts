/** One message of a stream of server-sent events. */
export interface SentMessage {
	/** `message` where the server names none. */
	readonly type: string
	/** Null for a message that only moves the cursor on. */
	readonly data: string | null
	/** The newest `id:` so far; the cursor to come back with. */
	readonly lastId: string | null
}

/** Messages of a `text/event-stream` body as they arrive. Comments are left out; an `id:` alone is a message without data. */
export async function* readServerSent(body: ReadableStream<Uint8Array>): AsyncGenerator<SentMessage, void, void> {
	let lastId: string | null = null
	for await (const block of blocks(body)) {
		const fields = block.map(toField)
		const data = fields.filter(({ name }) => name === 'data').map(({ value }) => value)
		const id = fields.findLast(({ name }) => name === 'id')?.value
		lastId = id ?? lastId
		if (data.length === 0 && id === undefined) continue
		const type = fields.findLast(({ name }) => name === 'event')?.value ?? 'message'
		yield { type, data: data.length === 0 ? null : data.join('\n'), lastId }
	}
}

/** Lines up to an empty one. What is cut off at the end is no message. */
async function* blocks(body: ReadableStream<Uint8Array>): AsyncGenerator<readonly string[], void, void> {
	const decoder = new TextDecoder()
	let rest = ''
	let block: string[] = []
	for await (const chunk of chunks(body)) {
		const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
		rest = lines.pop() ?? ''
		for (const line of lines.map((text) => text.replace(/\r$/, ''))) {
			if (line !== '') block.push(line)
			else if (block.length > 0) {
				yield block
				block = []
			}
		}
	}
}

/** Not every browser's streams can be iterated over. */
async function* chunks(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
	const reader = body.getReader()
	try {
		for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value
	} finally {
		// Nobody has to wait until the other side has noticed.
		reader.cancel().catch(() => {})
	}
}

function toField(line: string): { readonly name: string; readonly value: string } {
	const colon = line.indexOf(':')
	if (colon < 0) return { name: line, value: '' }
	return { name: line.slice(0, colon), value: line.slice(colon + 1).replace(/^ /, '') }
}
