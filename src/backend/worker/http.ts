import { accepted, type Execution, type ExecutionContext, type ExecutionProfile, refused } from '../../core/worker/execution.ts'
import { raceAbort } from '../../kernel/abort.ts'
import { type Clock, sleep } from '../../kernel/clock.ts'
import { messageOf } from '../../kernel/error.ts'
import { isJsonObject, parseJson } from '../../kernel/json.ts'
import type { HttpProfile } from '../../protocol/runtime-profile.ts'
import type { WorkerInput } from '../../protocol/runtime-worker.ts'

export interface HttpWorkerOptions {
	readonly clock: Clock
	readonly fetch: typeof fetch
	readonly outputBytes: number
}

const ATTEMPTS = 3
const BACKOFF_MS = 200
const TURN_MS = 600_000

/**
 * `http:<name>`: each turn is posted as `{worker_id, turn, kind, content, transcript}` with an `Idempotency-Key`, and the answer is
 * the result: JSON `{text}`, or plain text. An address that does not answer, or answers 5xx, is tried again with the same key.
 */
export function httpProfile(name: string, settings: HttpProfile, options: HttpWorkerOptions): ExecutionProfile {
	return {
		name: `http:${name}`,
		unavailable: () => null,
		spawn: (context) => httpExecution(settings, context, options),
	}
}

function httpExecution(settings: HttpProfile, context: ExecutionContext, options: HttpWorkerOptions): Execution {
	let turn: AbortController | null = null
	const end = (): void => turn?.abort(new Error('the worker was ended'))
	return {
		input(input) {
			if (turn !== null) return refused('input', 'busy', 'already running')
			return {
				runState: 'busy',
				begin() {
					const mine = new AbortController()
					turn = mine
					void runTurn(settings, context, options, input, mine).finally(() => {
						turn = null
					})
				},
			}
		},
		async stop() {
			end()
			return accepted('stop', 'stopped')
		},
		async cancel() {
			end()
			return accepted('cancel', 'stopped')
		},
		close: async () => end(),
	}
}

async function runTurn(
	settings: HttpProfile,
	context: ExecutionContext,
	options: HttpWorkerOptions,
	{ kind, content }: WorkerInput,
	abort: AbortController,
): Promise<void> {
	const limitMs = settings.turn_timeout_ms ?? TURN_MS
	const cancelTimer = options.clock.after(limitMs, () => abort.abort(new Error(`the turn took longer than ${limitMs} ms`)))
	try {
		const lines = await context.transcript()
		const turn = lines.at(-1)?.sequence ?? 0
		const transcript = lines.map(({ role, content: said }) => ({ role, content: said }))
		const body = JSON.stringify({ worker_id: context.workerId, turn, kind, content, transcript })
		const answer = await raceAbort(post(settings, options, body, `${context.workerId}:${turn}`, abort.signal), abort.signal)
		context.publish({ event: 'text_done', data: { text: toText(answer) } })
		context.publish({ event: 'run_end', data: { result: 'finished' } })
	} catch (error) {
		context.publish({ event: 'error', data: { code: 'provider_error', message: messageOf(error) } })
	} finally {
		cancelTimer()
	}
}

async function post(settings: HttpProfile, options: HttpWorkerOptions, body: string, key: string, signal: AbortSignal): Promise<string> {
	const headers = { 'content-type': 'application/json', 'idempotency-key': key, ...settings.headers }
	const most = settings.attempts ?? ATTEMPTS
	for (let attempt = 1; ; attempt++) {
		const fault = await tryPost(settings.url, { method: 'POST', headers, body, signal }, options)
		if ('text' in fault) return fault.text
		if (!fault.isTransient || attempt >= most) throw new Error(fault.message)
		await sleep(options.clock, BACKOFF_MS * 2 ** (attempt - 1), signal)
	}
}

type Tried = { readonly text: string } | { readonly message: string; readonly isTransient: boolean }

async function tryPost(url: string, init: RequestInit, { fetch: send, outputBytes }: HttpWorkerOptions): Promise<Tried> {
	try {
		const answer = await send(url, init)
		const text = await answer.text()
		if (text.length > outputBytes) return { message: `the answer is over ${outputBytes} bytes (limits.output_bytes)`, isTransient: false }
		if (answer.ok) return { text }
		return { message: `the worker's address answered ${answer.status}: ${text.slice(0, 200)}`, isTransient: answer.status >= 500 }
	} catch (error) {
		init.signal?.throwIfAborted()
		return { message: `the worker's address does not answer: ${messageOf(error)}`, isTransient: true }
	}
}

function toText(answer: string): string {
	const value = parseJson(answer)
	return isJsonObject(value) && typeof value.text === 'string' ? value.text : answer
}
