import { eventually } from '../../support/eventually.ts'
import { type Frame, violations } from './frame-rules.ts'

/** All scripts run at once, each with a server of its own. */
export const PATIENCE_MS = 30_000

export interface Joined {
	readonly sid: string
	readonly token: string
	readonly roles?: readonly string[]
}

/** An operator's client as mlua-swarm 0.26.0 has it, written from the wire alone: no `hello`, no receipts. */
export interface WireClient extends AsyncDisposable {
	/** What a stock client would have kept, in its order. */
	readonly frames: readonly Frame[]
	/** What it would have lost, and why; a server must leave it empty. */
	readonly lost: readonly string[]
	/** The next frame that was not taken yet. */
	next(): Promise<Frame>
	send(message: object): void
	/** Ends the link without a goodbye. */
	drop(): Promise<void>
	readonly closed: Promise<{ readonly code: number; readonly reason: string }>
}

export async function join(url: string, body: object = {}): Promise<Joined> {
	const response = await send(url, 'POST', '/v1/operators', body)
	if (!response.ok) throw new Error(`join: ${response.status} ${await response.text()}`)
	return (await response.json()) as Joined
}

export async function upgrade(url: string, { sid, token }: Joined): Promise<WireClient> {
	const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/operators/${sid}/ws`, { headers: { authorization: `Bearer ${token}` } })
	const closed = new Promise<{ code: number; reason: string }>((resolve) => {
		socket.addEventListener('close', ({ code, reason }) => resolve({ code, reason }))
	})
	const frames: Frame[] = []
	const lost: string[] = []
	let taken = 0
	socket.addEventListener('message', ({ data }) => {
		const why = violations(data)
		if (why.length === 0) frames.push(JSON.parse(String(data)) as Frame)
		lost.push(...why)
	})
	await opened(socket, closed)
	const drop = async (): Promise<void> => {
		socket.terminate()
		await closed
	}
	return {
		frames,
		lost,
		closed,
		drop,
		next: () =>
			eventually(() => frames.length > taken && frames[taken++], { within: PATIENCE_MS, what: `frame number ${taken + 1} comes` }),
		send: (message) => socket.send(JSON.stringify(message)),
		[Symbol.asyncDispose]: drop,
	}
}

/** A call with a JSON body, and a bearer where one is given. */
export function send(url: string, method: string, path: string, body?: unknown, bearer?: string): Promise<Response> {
	const headers = new Headers(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` })
	if (body !== undefined) headers.set('content-type', 'application/json')
	return fetch(`${url}${path}`, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) })
}

function opened(socket: WebSocket, closed: Promise<unknown>): Promise<void> {
	return new Promise((resolve, reject) => {
		socket.addEventListener('open', () => resolve())
		closed.then(() => reject(new Error('the upgrade was refused')))
	})
}
