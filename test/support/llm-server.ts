import type { Json, JsonObject } from '../../src/kernel/json.ts'

/** One answer of the scripted model. */
export interface Turn {
	readonly text?: string
	readonly calls?: readonly { readonly name: string; readonly input: JsonObject | string }[]
	/** Why it stops; otherwise by what it did. */
	readonly stop?: 'end' | 'length'
	/** Another answer than 200. */
	readonly status?: number
	readonly headers?: Readonly<Record<string, string>>
	/** Body of such an answer, or a whole event stream as it is. */
	readonly raw?: string
	/** Says nothing at all, or nothing after its first piece of text. */
	readonly hang?: 'at once' | 'midway'
	/** Ends the connection without a reason after the text. */
	readonly cut?: boolean
}

export interface LlmRequest {
	readonly path: string
	readonly headers: Headers
	readonly body: JsonObject
	/** How many requests came before. */
	readonly index: number
}

export interface LlmServer extends AsyncDisposable {
	/** Without a version. */
	readonly url: string
	readonly requests: LlmRequest[]
	/** Requests that are open at this moment. */
	readonly open: number
}

/** A model server on a free port that answers by a script, in Anthropic's format or in that of chat completions, streamed. */
export function llmServer(script: readonly Turn[] | ((request: LlmRequest) => Turn)): LlmServer {
	const requests: LlmRequest[] = []
	const open = new Set<Request>()
	const server = Bun.serve({
		port: 0,
		hostname: '127.0.0.1',
		idleTimeout: 0,
		async fetch(raw) {
			const path = new URL(raw.url).pathname
			if (path === '/v1/models') return Response.json({ data: [] }, { status: isKeyed(raw) ? 200 : 401 })
			const request = { path, headers: raw.headers, body: (await raw.json()) as JsonObject, index: requests.length }
			requests.push(request)
			open.add(raw)
			const close = (): void => void open.delete(raw)
			raw.signal.addEventListener('abort', close)
			const turn = typeof script === 'function' ? script(request) : (script[request.index] ?? { text: 'out of script' })
			return respond(turn, path, close)
		},
	})
	return {
		url: `http://127.0.0.1:${server.port}`,
		requests,
		get open() {
			return open.size
		},
		[Symbol.asyncDispose]: () => server.stop(true),
	}
}

const isKeyed = ({ headers }: Request): boolean => /good/.test(headers.get('x-api-key') ?? headers.get('authorization') ?? '')

function respond(turn: Turn, path: string, close: () => void): Response | Promise<Response> {
	if (turn.hang === 'at once') return new Promise(() => {})
	if (turn.status !== undefined) {
		close()
		return new Response(turn.raw ?? '{"error":{"type":"some_error","message":"some error"}}', {
			status: turn.status,
			headers: turn.headers ?? {},
		})
	}
	const frames = turn.raw === undefined ? (path === '/v1/messages' ? anthropicFrames(turn) : openAiFrames(turn)) : [turn.raw]
	const body = new ReadableStream<Uint8Array>({
		start(controller) {
			for (const frame of frames) controller.enqueue(new TextEncoder().encode(frame))
			if (turn.hang) return
			close()
			controller.close()
		},
		cancel: close,
	})
	return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}

const pieces = (text: string): string[] => text.match(/[\s\S]{1,7}/g) ?? []

function anthropicFrames(turn: Turn): string[] {
	const { text, calls = [], stop, hang, cut } = turn
	const frame = (data: JsonObject): string => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`
	const usage = { input_tokens: 100, cache_read_input_tokens: 20, output_tokens: 1 }
	const message = {
		id: 'msg_1',
		type: 'message',
		role: 'assistant',
		model: 'claude-scripted-1',
		content: [],
		stop_reason: null,
		stop_sequence: null,
		usage,
	}
	const frames = [frame({ type: 'message_start', message })]
	let index = 0
	const block = (content_block: JsonObject, deltas: readonly JsonObject[]): void => {
		frames.push(frame({ type: 'content_block_start', index, content_block }))
		for (const delta of deltas) frames.push(frame({ type: 'content_block_delta', index, delta }))
		if (hang || cut) return
		frames.push(frame({ type: 'content_block_stop', index }))
		index++
	}
	if (text !== undefined)
		block(
			{ type: 'text', text: '' },
			pieces(text).map((piece) => ({ type: 'text_delta', text: piece })),
		)
	calls.forEach(({ name, input }, n) => {
		block({ type: 'tool_use', id: `toolu_${n}`, name, input: {} }, [{ type: 'input_json_delta', partial_json: asJson(input) }])
	})
	if (hang || cut) return frames
	const stop_reason = stop === 'length' ? 'max_tokens' : calls.length > 0 ? 'tool_use' : 'end_turn'
	frames.push(
		frame({ type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 10 } }),
		frame({ type: 'message_stop' }),
	)
	return frames
}

function openAiFrames(turn: Turn): string[] {
	const { text, calls = [], stop, hang, cut } = turn
	const frame = (data: Json): string => `data: ${JSON.stringify(data)}\n\n`
	const chunk = (delta: JsonObject, finish_reason: string | null = null): string =>
		frame({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'scripted-1', choices: [{ index: 0, delta, finish_reason }] })
	const frames = [chunk({ role: 'assistant' }), ...pieces(text ?? '').map((content) => chunk({ content }))]
	if (hang || cut) return frames
	calls.forEach(({ name, input }, index) => {
		frames.push(chunk({ tool_calls: [{ index, id: `call_${index}`, type: 'function', function: { name, arguments: asJson(input) } }] }))
	})
	frames.push(chunk({}, stop === 'length' ? 'length' : calls.length > 0 ? 'tool_calls' : 'stop'))
	const usage = { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 }
	frames.push(frame({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'scripted-1', choices: [], usage }), 'data: [DONE]\n\n')
	return frames
}

const asJson = (input: JsonObject | string): string => (typeof input === 'string' ? input : JSON.stringify(input))
