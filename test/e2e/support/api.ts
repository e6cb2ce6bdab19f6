import type { RunRecord } from '../../../src/protocol/run.ts'
import { eventually } from '../../support/eventually.ts'

export interface Answer<T> {
	readonly status: number
	/** Parsed where it is JSON, else the text. */
	readonly body: T
}

export interface CallOptions {
	/** Sent as JSON. */
	readonly json?: unknown
	/** Sent as it is. */
	readonly text?: string
	readonly bearer?: string
	readonly headers?: Readonly<Record<string, string>>
}

/** One HTTP call, as any client would make it. `T` is what the caller expects of the body; nothing checks it. */
export async function call<T = unknown>(method: string, url: string, options: CallOptions = {}): Promise<Answer<T>> {
	const { json, text, bearer } = options
	const body = json === undefined ? text : JSON.stringify(json)
	const response = await fetch(url, {
		method,
		headers: {
			...(json !== undefined && { 'content-type': 'application/json' }),
			...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
			...options.headers,
		},
		...(body !== undefined && { body }),
	})
	const answer = await response.text()
	const isJson = response.headers.get('content-type')?.startsWith('application/json') ?? false
	return { status: response.status, body: (isJson ? JSON.parse(answer) : answer) as T }
}

/** The same call until the server answers it at all: a client that outlives the server's restarts. */
export function callUntilAnswered<T = unknown>(method: string, url: string, options: CallOptions = {}): Promise<Answer<T>> {
	return eventually(() => call<T>(method, url, options), { what: `${method} ${url} is answered` })
}

/** The run, once it is no longer running. */
export function untilEnded(url: string, id: string): Promise<RunRecord> {
	const look = async (): Promise<RunRecord | null> => {
		const { body } = await call<RunRecord>('GET', `${url}/v1/runs/${id}`)
		return body.status === 'running' ? null : body
	}
	return eventually(look, { what: `run ${id} ends` })
}
