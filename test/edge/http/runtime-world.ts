import { echoProfile } from '../../../src/backend/worker/echo.ts'
import { pullProfile } from '../../../src/backend/worker/pull.ts'
import { accepted, type ExecutionContext, type ExecutionProfile, type TurnAnswer } from '../../../src/core/worker/execution.ts'
import { LeaseDesk } from '../../../src/core/worker/lease-desk.ts'
import { WorkerRuntime } from '../../../src/core/worker/runtime.ts'
import { type HttpOptions, httpApp, listen } from '../../../src/edge/http/app.ts'
import { leaseRoutes } from '../../../src/edge/http/routes/leases.ts'
import { runtimeInfoRoutes } from '../../../src/edge/http/routes/runtime.ts'
import { workerRoutes } from '../../../src/edge/http/routes/workers.ts'
import type { Json } from '../../../src/kernel/json.ts'
import { silentLogger } from '../../../src/kernel/log.ts'
import { SqliteEventStore } from '../../../src/store/sqlite/event/event-store.ts'
import { SqliteIdempotencyStore } from '../../../src/store/sqlite/idempotency-store.ts'
import { SqliteLeaseStore } from '../../../src/store/sqlite/worker/lease-store.ts'
import { SqliteWorkerStore } from '../../../src/store/sqlite/worker/worker-store.ts'
import { testDatabase } from '../../store/sqlite/support.ts'
import { eventually } from '../../support/eventually.ts'
import { callApp, testOptions } from './support.ts'

export const RUNTIME_ID = 'runtime-mem-0000000000000001'
export const CODER = { intent: { kind: 'assistant' }, profile: { kind: 'builtin', value: 'coder' } }

/** What the profile `builtin:scripted` does next; what it was told and by which context it is heard. */
export interface Script {
	spawn: () => void
	input: (content: string) => TurnAnswer
	cancels: boolean
	/** Whether workers without a turn hold nothing. */
	rests: boolean
	readonly contexts: Map<string, ExecutionContext>
	readonly begun: string[]
	readonly methods: string[]
	/** Ids of workers whose execution was let go of. */
	readonly closed: string[]
}

/** The routes of the worker runtime over a real store in memory or on disk. Workers that name no profile are scripted. */
export async function runtimeWorld({
	http,
	kept = 100,
	maxTranscriptItems = 256,
	where = 'memory' as 'memory' | 'file',
}: RuntimeWorldOptions = {}) {
	const database = testDatabase(where)
	const script = newScript()
	const stopping = new AbortController()
	const open = async () => {
		const store = new SqliteWorkerStore(database.db, kept)
		await store.open()
		const desk = new LeaseDesk({ store: new SqliteLeaseStore(database.db), clock: database.db.clock, log: silentLogger })
		const listed = [echoProfile, scriptedProfile(script), pullProfile('desk', { kind: 'http', mode: 'pull' }, desk)]
		const profiles = { list: () => listed, find: (name: string) => listed.find((profile) => profile.name === name) ?? null }
		const runtime = new WorkerRuntime({
			...{ store, profiles, runtimeId: RUNTIME_ID, defaultProfile: 'builtin:scripted', log: silentLogger },
			attachments: { has: async (id) => id === 'out-known', read: async () => null },
		})
		const events = new SqliteEventStore(database.db)
		const routes = {
			runtimeId: RUNTIME_ID,
			maxTranscriptItems,
			store,
			profiles,
			runtime,
			events,
			keys: new SqliteIdempotencyStore(database.db),
			clock: database.db.clock,
			log: silentLogger,
		}
		const app = httpApp(testOptions(http), (root) =>
			root
				.use(runtimeInfoRoutes({ ...routes, displayName: null, backend: 'memory', maxEventItems: 256, version: '0.0.0' }))
				.use(workerRoutes({ ...routes, stopping: stopping.signal }))
				.use(leaseRoutes({ desk, profiles, stopping: stopping.signal })),
		)
		return { store, runtime, desk, app }
	}
	let life = await open()
	const servers: { stop(force: boolean): Promise<void> }[] = []
	const call = (method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
		callApp(life.app, method, path, body, headers)
	return {
		script,
		call,
		get app() {
			return life.app
		},
		get db() {
			return database.db
		},
		get runtime() {
			return life.runtime
		},
		get desk() {
			return life.desk
		},
		clock: database.clock,
		get store() {
			return life.store
		},
		/** Creates a worker of `builtin:coder`, or of another body, and resolves to its id. */
		async create(over: object = {}): Promise<string> {
			return (await call('POST', '/v1/workers', { ...CODER, ...over })).body.worker.worker_id
		},
		input: (id: string, content: string, kind = 'user') => call('POST', `/v1/workers/${id}/input`, { kind, content }),
		/** Publishes as the worker would. */
		async say(id: string, event: string, data?: Json): Promise<void> {
			const context = script.contexts.get(id)
			context?.publish({ event, ...(data !== undefined && { data }) })
			await context?.flushed()
		},
		/** Another life of the server on the same file. */
		async restart(): Promise<void> {
			await life.runtime.stop()
			database.reopen()
			life = await open()
			await life.runtime.restore()
		},
		listen(): string {
			const { url, server } = listen(life.app, { hostname: '127.0.0.1', port: 0 })
			servers.push(server)
			return url
		},
		async [Symbol.asyncDispose]() {
			stopping.abort()
			for (const server of servers) await server.stop(true)
			await life.runtime.stop()
			database[Symbol.dispose]()
		},
	}
}

interface RuntimeWorldOptions {
	readonly http?: Partial<HttpOptions>
	readonly kept?: number
	readonly maxTranscriptItems?: number
	readonly where?: 'memory' | 'file'
}

function newScript(): Script {
	const begun: string[] = []
	return {
		spawn: () => {},
		input: (content) => ({ runState: 'idle', begin: () => void begun.push(content) }),
		cancels: true,
		rests: false,
		contexts: new Map(),
		begun,
		methods: [],
		closed: [],
	}
}

const scriptedProfile = (script: Script): ExecutionProfile => ({
	name: 'builtin:scripted',
	get rests() {
		return script.rests
	},
	unavailable: () => null,
	spawn(context) {
		script.spawn()
		script.contexts.set(context.workerId, context)
		return {
			input: ({ content }) => script.input(content),
			stop: async () => accepted('stop', 'stopped'),
			...(script.cancels && { cancel: async () => accepted('cancel', 'stopped') }),
			method: ({ method }) => method === 'pause' && script.methods.push(method) > 0,
			close: async () => void script.closed.push(context.workerId),
		}
	},
})

/** A socket of observation whose frames are taken in the order in which they came. */
export async function observe(url: string, workerId: string, query = '') {
	const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/workers/${workerId}/events/ws${query}`)
	// biome-ignore lint/suspicious/noExplicitAny: tests look into frames by path
	const frames: any[] = []
	let closed: { code: number } | null = null
	socket.onmessage = ({ data }) => void frames.push(JSON.parse(String(data)))
	socket.onclose = ({ code }) => {
		closed = { code }
	}
	return {
		socket,
		next: () => eventually(() => frames.shift(), { what: 'a frame' }),
		closeCode: async () => (await eventually(() => closed, { what: 'the end of the socket' })).code,
		waiting: () => frames.length,
		[Symbol.dispose]: () => socket.close(),
	}
}
