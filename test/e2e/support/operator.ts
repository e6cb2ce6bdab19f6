import { expect } from 'bun:test'
import type { ServerMsg } from '../../../src/protocol/operator-frame.ts'
import type { WorkerPrompt } from '../../../src/protocol/worker.ts'
import { eventually } from '../../support/eventually.ts'
import { callUntilAnswered } from './api.ts'

export type SpawnFrame = Extract<ServerMsg, { type: 'spawn' }>

/** The frame that answers a spawn, without its `req_id`. */
export interface Reply {
	readonly type: 'spawn_ack' | 'spawn_halt'
	readonly [key: string]: unknown
}

/** What the operator was asked and what it did about it; kept in its own memory, apart from the server's. */
export interface Asked {
	readonly frame: SpawnFrame
	/** How often its frame came. */
	frames: number
	/** How often its work was done. */
	works: number
	reply: Reply | null
	received: boolean
}

export interface TestOperatorOptions {
	readonly url: string
	readonly roles?: readonly string[]
	/** Does the work of one spawn. */
	work(frame: SpawnFrame): Promise<Reply>
	/** Told of each frame that came and each reply that went. */
	observe?(what: string): void
	/** Told of each reply whose receipt came, every time it comes. */
	receipted?(asked: Asked): void
}

export interface TestOperator extends AsyncDisposable {
	readonly sid: string
	readonly token: string
	/** Every request so far, by `req_id`. */
	readonly asked: ReadonlyMap<string, Asked>
	/** The types of all frames that came, in order. */
	readonly frames: readonly string[]
	/** Cuts the connection without a close frame's courtesy; it comes back by itself. */
	drop(): void
}

/**
 * A careful operator: it says hello, does each request once however often its frame comes, keeps a reply until the server
 * says `received`, and after a broken connection comes back and repeats the replies that were not.
 */
export async function joinOperator(options: TestOperatorOptions): Promise<TestOperator> {
	const { url, roles = ['main-ai'], observe = () => {} } = options
	const { status, body } = await callUntilAnswered<{ sid: string; token: string }>('POST', `${url}/v1/operators`, { json: { roles } })
	expect(status).toBe(200)
	const asked = new Map<string, Asked>()
	const frames: string[] = []
	const left = new AbortController()
	let socket: WebSocket | null = null

	const send = (frame: object): void => {
		if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame))
	}
	const sendReply = (request: Asked): void => {
		if (!request.reply) return
		send({ ...request.reply, req_id: request.frame.req_id })
		observe(`replied ${request.frame.agent}`)
	}
	const work = async (request: Asked): Promise<void> => {
		request.works++
		request.reply = await options.work(request.frame)
		sendReply(request)
	}
	const take = (frame: ServerMsg): void => {
		frames.push(frame.type)
		observe(`frame ${frame.type}`)
		if (frame.type === 'received') receipt(asked.get(frame.req_id), options)
		if (frame.type !== 'spawn') return
		const known = asked.get(frame.req_id)
		const request: Asked = known ?? { frame, frames: 0, works: 0, reply: null, received: false }
		asked.set(frame.req_id, request)
		request.frames++
		if (known) sendReply(known)
		else void work(request)
	}
	const keepConnected = async (): Promise<void> => {
		while (!left.signal.aborted) {
			socket = await connect(`${url}/v1/operators/${body.sid}/ws`, body.token)
			send({ type: 'hello', api_version: 'v1', features: ['received'] })
			for (const request of asked.values()) if (!request.received) sendReply(request)
			await pour(socket, take)
		}
	}
	const connected = keepConnected()
	await eventually(() => socket, { what: 'the operator is connected' })
	return {
		...body,
		asked,
		frames,
		drop: () => socket?.terminate(),
		async [Symbol.asyncDispose]() {
			left.abort()
			socket?.close()
			await Promise.race([connected, Bun.sleep(100)])
		},
	}
}

function receipt(request: Asked | undefined, { receipted }: TestOperatorOptions): void {
	if (!request) return
	request.received = true
	receipted?.(request)
}

/** Tries until the server lets it in. */
function connect(url: string, token: string): Promise<WebSocket> {
	const attempt = (): Promise<WebSocket | null> =>
		new Promise((resolve) => {
			const socket = new WebSocket(url.replace(/^http/, 'ws'), { headers: { authorization: `Bearer ${token}` } })
			socket.onopen = () => resolve(socket)
			socket.onerror = () => resolve(null)
			socket.onclose = () => resolve(null)
		})
	return eventually(attempt, { what: 'the operator may connect' })
}

/** Hands over frames until the connection ends. */
function pour(socket: WebSocket, take: (frame: ServerMsg) => void): Promise<void> {
	return new Promise((resolve) => {
		socket.onmessage = ({ data }) => take(JSON.parse(String(data)))
		socket.onclose = () => resolve()
		socket.onerror = () => resolve()
		if (socket.readyState === WebSocket.CLOSED) resolve()
	})
}

/** Fetches what the worker of a spawn is told, with its handle; null when its attempt has ended. */
export async function fetchPrompt(url: string, { task_id, worker_handle = '' }: SpawnFrame): Promise<WorkerPrompt | null> {
	const answer = await callUntilAnswered<WorkerPrompt>('GET', `${url}/v1/worker/prompt?task_id=${task_id}`, { bearer: worker_handle })
	expect([200, 410]).toContain(answer.status)
	return answer.status === 200 ? answer.body : null
}

/**
 * Works as an AI client's worker does: fetches its prompt over HTTP, posts what `answer` makes of it, and has the operator
 * acknowledge with an empty value. An attempt that ended meanwhile (its lane lost, or the answer to an earlier post did)
 * says 410.
 */
export function httpWorker(url: string, answer: (told: WorkerPrompt) => string, observe: (what: string) => void = () => {}) {
	return async (frame: SpawnFrame): Promise<Reply> => {
		const told = await fetchPrompt(url, frame)
		if (told) {
			const bearer = frame.worker_handle ?? ''
			const { status } = await callUntilAnswered('POST', `${url}/v1/worker/submit`, { bearer, text: answer(told) })
			expect([204, 410]).toContain(status)
		}
		observe(`submitted ${frame.agent}`)
		return { type: 'spawn_ack', value: {}, ok: true }
	}
}

/** What agents of samples are to say: their system prompt asks them to `Always reply` with a word in backquotes. */
export function obey({ system = '' }: WorkerPrompt): string {
	return /Always reply `([^`]*)`/.exec(system)?.[1] ?? 'nothing to say'
}

export interface HeldOperator extends TestOperator {
	/** The frame of the step with that agent, as soon as it is here. */
	frameFor(agent: string): Promise<SpawnFrame>
	/** Has the operator answer that agent's spawns, the one that waits included. */
	reply(agent: string, reply: Reply): void
}

/** An operator that answers nothing until the test says so. */
export async function joinHeldOperator(url: string, roles?: readonly string[]): Promise<HeldOperator> {
	const replies = new Map<string, PromiseWithResolvers<Reply>>()
	const replyFor = (agent: string): PromiseWithResolvers<Reply> => {
		const known = replies.get(agent) ?? Promise.withResolvers<Reply>()
		replies.set(agent, known)
		return known
	}
	const operator = await joinOperator({ url, ...(roles && { roles }), work: ({ agent }) => replyFor(agent).promise })
	const find = (agent: string): SpawnFrame | undefined => [...operator.asked.values()].find(({ frame }) => frame.agent === agent)?.frame
	return {
		...operator,
		frameFor: (agent) => eventually(() => find(agent), { what: `a spawn of ${agent} is here` }),
		reply: (agent, reply) => replyFor(agent).resolve(reply),
	}
}
