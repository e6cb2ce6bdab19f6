import { eventually } from '../../support/eventually.ts'
import { type Joined, upgrade, type WireClient } from '../wire-script/client.ts'
import type { Frame } from '../wire-script/frame-rules.ts'
import { exchange } from './exchange.ts'

const JOIN_MS = 10_000

/** What the reader of an adapter has put into its queue; the queue outlives the socket. */
export interface AdapterSession extends AsyncDisposable {
	readonly joined: Joined
	/** Whether the reader task has ended, since the socket has. */
	isCut(): boolean
	/** Oldest first; null when nothing comes in time. */
	pop(timeoutMs: number): Promise<Frame | null>
	send(frame: object): void
	/** One upgrade with the same sid and token. */
	reconnect(): Promise<void>
	drop(): Promise<void>
	/** Messages that a stock adapter would have lost without a word. */
	lost(): readonly string[]
}

/** The failure of a tool: what the protocol calls invalid parameters, or an internal error with the server's words in it. */
export class ToolError extends Error {
	readonly kind: 'invalid_params' | 'internal_error'

	constructor(kind: ToolError['kind'], message: string) {
		super(message)
		this.kind = kind
	}
}

/** POST and upgrade. Takes the answer only with a string `sid` and a string `token`; `roles` may be missing. */
export async function joinSession(url: string, body: object, rollback: boolean): Promise<AdapterSession> {
	const answer = await exchange(url, 'POST', '/v1/operators', { json: body, timeoutMs: JOIN_MS })
	const { sid, token, roles } = (answer.json ?? {}) as { sid?: unknown; token?: unknown; roles?: unknown }
	if (answer.status < 200 || answer.status > 299 || typeof sid !== 'string' || typeof token !== 'string')
		throw new ToolError('internal_error', `POST ${url}/v1/operators failed: ${answer.status} ${answer.body}`)
	const joined = { sid, token, roles: Array.isArray(roles) ? roles.filter((role) => typeof role === 'string') : [] }
	try {
		return await openSession(url, joined)
	} catch (error) {
		if (rollback) await exchange(url, 'DELETE', `/v1/operators/${sid}`, { bearer: token, timeoutMs: JOIN_MS })
		throw new ToolError('internal_error', `WS failed: ${error}`)
	}
}

async function openSession(url: string, joined: Joined): Promise<AdapterSession> {
	const links: WireClient[] = []
	let taken = 0
	let cut = false
	const reconnect = async (): Promise<void> => {
		const link = await upgrade(url, joined)
		links.push(link)
		cut = false
		void link.closed.then(() => {
			if (links.at(-1) === link) cut = true
		})
	}
	await reconnect()
	const queue = (): readonly Frame[] => links.flatMap(({ frames }) => frames)
	const drop = async (): Promise<void> => {
		await links.at(-1)?.drop()
		cut = true
	}
	return {
		...{ joined, reconnect, drop },
		isCut: () => cut,
		pop: (within) =>
			eventually(() => queue()[taken] && queue()[taken++], { within, what: 'a frame' }).then(
				(frame) => frame ?? null,
				() => null,
			),
		send: (frame) => links.at(-1)?.send(frame),
		lost: () => links.flatMap(({ lost }) => lost),
		[Symbol.asyncDispose]: drop,
	}
}

/** What `mse_pending_wait` shows: the frame without its type, or that nothing came. */
export function shown(frame: Frame | null) {
	if (frame === null) return { timed_out: true as const }
	const { type, ...payload } = frame
	return { timed_out: false as const, req_id: frame.req_id, type, payload }
}

/** Up only with 2xx and, trimmed, exactly `ok` as the body. */
export async function isUp(url: string, timeoutMs = 500): Promise<boolean> {
	const answer = await exchange(url, 'GET', '/v1/healthz', { timeoutMs }).catch(() => null)
	return answer !== null && answer.status >= 200 && answer.status < 300 && answer.body.trim() === 'ok'
}
