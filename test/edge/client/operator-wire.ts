import type { Server, ServerWebSocket } from 'bun'
import { connectOperator, type Operator, type OperatorOptions } from '../../../src/edge/client/operator.ts'
import type { OperatorEvent } from '../../../src/edge/client/operator-event.ts'
import { type Clock, systemClock } from '../../../src/kernel/clock.ts'
import { eventually } from '../../support/eventually.ts'

type Message = { readonly type: string; readonly req_id?: string; readonly [key: string]: unknown }

/** A server that does what the test says, nothing by itself but joins, prompts and upgrades. */
export interface Wire extends AsyncDisposable {
	readonly url: string
	/** Bodies of the joins so far. */
	readonly joins: unknown[]
	/** Messages of all sockets so far, greetings left out. */
	readonly replies: Message[]
	readonly greetings: Message[]
	readonly submits: { readonly handle: string; readonly query: string; readonly body: string }[]
	/** Request ids that the client asked to be sent again. */
	readonly redelivered: string[]
	readonly left: string[]
	/** Whether a socket is open. */
	readonly isOpen: boolean
	/** How the next submits and joins are answered, first one first; 204 and 200 after that. */
	readonly submitAnswers: Response[]
	readonly joinAnswers: Response[]
	/** What stands at `GET …/requests`; null: there is no such route. */
	pending: { readonly req_id: string; readonly state: string }[] | null
	/** Sids that are no longer known. */
	readonly gone: Set<string>
	send(frame: object): void
	drop(code?: number, reason?: string): void
	replyTo(reqId: string): Promise<Message>
}

export function openWire(): Wire {
	let socket: ServerWebSocket<undefined> | null = null
	const state = {
		joins: [] as unknown[],
		replies: [] as Message[],
		greetings: [] as Message[],
		submits: [] as Wire['submits'],
		redelivered: [] as string[],
		left: [] as string[],
		submitAnswers: [] as Response[],
		joinAnswers: [] as Response[],
		pending: null as Wire['pending'],
		gone: new Set<string>(),
	}
	const server: Server<undefined> = Bun.serve({
		port: 0,
		hostname: '127.0.0.1',
		routes: operatorRoutes(state),
		fetch(request, self) {
			const sid = new URL(request.url).pathname.split('/')[3] ?? ''
			if (state.gone.has(sid)) return Response.json({ error: 'unknown sid', code: 'unknown_sid' }, { status: 404 })
			return self.upgrade(request) ? undefined : new Response(null, { status: 400 })
		},
		websocket: {
			open(opened) {
				socket = opened
			},
			message(_socket, data) {
				const message = JSON.parse(String(data)) as Message
				if (message.type === 'hello') state.greetings.push(message)
				else state.replies.push(message)
			},
			close() {
				socket = null
			},
		},
	})
	return {
		...state,
		url: `http://127.0.0.1:${server.port}`,
		get pending() {
			return state.pending
		},
		set pending(list) {
			state.pending = list
		},
		get isOpen() {
			return socket !== null
		},
		send: (frame) => void socket?.send(JSON.stringify(frame)),
		drop: (code, reason) => (code === undefined ? socket?.terminate() : socket?.close(code, reason)),
		replyTo: (reqId) => eventually(() => state.replies.find(({ req_id }) => req_id === reqId), { what: `${reqId} is answered` }),
		[Symbol.asyncDispose]: () => server.stop(true),
	}
}

function operatorRoutes(
	state: Pick<Wire, 'joins' | 'joinAnswers' | 'gone' | 'left' | 'pending' | 'redelivered' | 'submits' | 'submitAnswers'>,
) {
	const unknown = () => Response.json({ error: 'unknown sid', code: 'unknown_sid' }, { status: 404 })
	const handleOf = ({ headers }: Request) => (headers.get('authorization') ?? '').replace('Bearer ', '')
	return {
		'/v1/operators': {
			POST: async (request: Request) => {
				state.joins.push(await request.json())
				const sid = `S-${state.joins.length}`
				return state.joinAnswers.shift() ?? Response.json({ sid, token: `token of ${sid}`, roles: [] })
			},
		},
		'/v1/operators/:sid': {
			GET: (request: Bun.BunRequest<'/v1/operators/:sid'>) => (state.gone.has(request.params.sid) ? unknown() : Response.json({})),
			DELETE: (request: Bun.BunRequest<'/v1/operators/:sid'>) => {
				state.left.push(request.params.sid)
				return new Response(null, { status: 204 })
			},
		},
		'/v1/operators/:sid/requests': () =>
			state.pending ? Response.json({ requests: state.pending.map(toPending), total: state.pending.length }) : unknown(),
		'/v1/operators/:sid/requests/:req/redeliver': (request: Bun.BunRequest<'/v1/operators/:sid/requests/:req/redeliver'>) => {
			state.redelivered.push(request.params.req)
			return Response.json({ req_id: request.params.req, state: 'parked' })
		},
		'/v1/worker/prompt': (request: Request) => {
			const task_id = new URL(request.url).searchParams.get('task_id')
			const known = { task_id, attempt: 1, agent: 'worker' }
			const context = { ...known, run_id: 'R-1' }
			return Response.json({ ...known, system: 'Be brief.', prompt: `do ${handleOf(request)}`, context })
		},
		'/v1/worker/submit': async (request: Request) => {
			state.submits.push({ handle: handleOf(request), query: new URL(request.url).search, body: await request.text() })
			return state.submitAnswers.shift() ?? new Response(null, { status: 204 })
		},
	}
}

function toPending({ req_id, state }: { readonly req_id: string; readonly state: string }) {
	const where = { run_id: 'R-1', step_id: 'ST-1', slot: 'main', agent: 'worker' }
	return { req_id, state, kind: 'spawn', attempt: 1, ...where, created_at_secs: 1, age_secs: 0, deadline_at_secs: 2 }
}

/** The frame of a step; its prompt is `do <name>`. */
export function spawn(name: string) {
	const frame = { type: 'spawn', req_id: name, task_id: `ST-${name}`, agent: 'worker', attempt: 1 }
	return { ...frame, capability_token: 'cap', worker_handle: name, directive: 'start a worker' }
}

export const received = (req_id: string) => ({ type: 'received', req_id })

export interface Connected extends AsyncDisposable {
	readonly operator: Operator
	readonly events: OperatorEvent[]
	/** The first event of that kind, once it happened. */
	event(kind: OperatorEvent['kind']): Promise<OperatorEvent>
}

/** A client on the wire, with a clock that runs fifty times as fast. */
export async function connected(wire: Wire, options: Partial<OperatorOptions> = {}): Promise<Connected> {
	const events: OperatorEvent[] = []
	const operator = await connectOperator({
		url: wire.url,
		clock: hurried,
		onSpawn: ({ prompt }) => `done: ${prompt}`,
		onEvent: (event) => void events.push(event),
		...options,
	})
	operator.ended.catch(() => {})
	return {
		operator,
		events,
		event: (kind) => eventually(() => events.find((event) => event.kind === kind), { what: `the event ${kind}` }),
		[Symbol.asyncDispose]: () => operator.close({ abort: true }),
	}
}

const PACE = 50
const hurried: Clock = { now: () => systemClock.now() * PACE, after: (ms, fn) => systemClock.after(ms / PACE, fn) }
