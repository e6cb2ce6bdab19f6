import type { AnyElysia } from 'elysia'
import { lintBlueprint } from '../../../src/core/blueprint/lint.ts'
import type { Worker } from '../../../src/core/dispatch/backend.ts'
import { OpenStreams } from '../../../src/core/event/open-streams.ts'
import { openServerPause, type ServerPause } from '../../../src/core/run/supervise/server-pause.ts'
import { type HttpOptions, httpApp, listen } from '../../../src/edge/http/app.ts'
import { adminCheck } from '../../../src/edge/http/guard.ts'
import { approvalRoutes } from '../../../src/edge/http/routes/approvals.ts'
import { blueprintDoctorRoutes } from '../../../src/edge/http/routes/blueprint-doctor.ts'
import { blueprintInspectionRoutes } from '../../../src/edge/http/routes/blueprint-inspection.ts'
import { blueprintVersionRoutes } from '../../../src/edge/http/routes/blueprint-versions.ts'
import { blueprintRoutes } from '../../../src/edge/http/routes/blueprints.ts'
import { enhanceRoutes } from '../../../src/edge/http/routes/enhance.ts'
import { eventRoutes } from '../../../src/edge/http/routes/events.ts'
import { healthRoutes } from '../../../src/edge/http/routes/health.ts'
import { runHistoryRoutes } from '../../../src/edge/http/routes/run-history.ts'
import { runRoutes } from '../../../src/edge/http/routes/runs.ts'
import { serverRoutes } from '../../../src/edge/http/routes/server.ts'
import { steerRoutes } from '../../../src/edge/http/routes/steer.ts'
import { stepRoutes } from '../../../src/edge/http/routes/steps.ts'
import { taskStepRoutes } from '../../../src/edge/http/routes/task-steps.ts'
import { taskRoutes } from '../../../src/edge/http/routes/tasks.ts'
import { openApprovalsOf } from '../../../src/engine/approvals.ts'
import { blueprintGate } from '../../../src/engine/blueprint-gate.ts'
import { systemClock } from '../../../src/kernel/clock.ts'
import type { Json } from '../../../src/kernel/json.ts'
import { silentLogger } from '../../../src/kernel/log.ts'
import type { Blueprint } from '../../../src/protocol/blueprint.ts'
import type { Doctor } from '../../../src/protocol/health.ts'
import { openBlobs } from '../../../src/store/sqlite/blob.ts'
import { SqliteBlueprintStore } from '../../../src/store/sqlite/blueprint-store.ts'
import { SqliteEnhanceStore } from '../../../src/store/sqlite/enhance-store.ts'
import { SqliteIdempotencyStore } from '../../../src/store/sqlite/idempotency-store.ts'
import { SqliteServerStateStore } from '../../../src/store/sqlite/server-state-store.ts'
import { type RunWorld, type RunWorldOptions, runWorld } from '../../support/run-world.ts'
import { requireDocumented } from './documented.ts'

/** Options of an open loopback server; override what the test is about. */
export function testOptions(over: Partial<HttpOptions> = {}): HttpOptions {
	return {
		bindHost: '127.0.0.1',
		adminToken: null,
		openJoin: false,
		allowedHosts: [],
		allowedOrigins: [],
		limits: { bodyBytes: 2 ** 21, frameBytes: 2 ** 24 },
		version: '0.0.0-test',
		log: silentLogger,
		...over,
	}
}

export interface Answer {
	readonly status: number
	readonly headers: Headers
	// biome-ignore lint/suspicious/noExplicitAny: tests look into answers by path
	readonly body: any
}

/** Calls an app without a port, and insists that what it answers is documented. A plain object or array as `body` is sent as JSON. */
export async function callApp(
	app: AnyElysia,
	method: string,
	path: string,
	body?: unknown,
	headers: Record<string, string> = {},
): Promise<Answer> {
	const isText = typeof body === 'string' || body instanceof Uint8Array
	const init = body === undefined ? {} : { body: isText ? (body as string) : JSON.stringify(body) }
	const type: Record<string, string> = body === undefined || isText ? {} : { 'content-type': 'application/json' }
	const answer = await app.handle(new Request(`http://localhost${path}`, { method, ...init, headers: { ...type, ...headers } }))
	const read = await readAnswer(answer)
	requireDocumented(app, method, path, read)
	return read
}

export async function readAnswer(answer: Response): Promise<Answer> {
	const text = await answer.text()
	const isJson = answer.headers.get('content-type')?.startsWith('application/json')
	return { status: answer.status, headers: answer.headers, body: isJson ? JSON.parse(text) : text }
}

export interface HttpWorldOptions extends Partial<RunWorldOptions> {
	readonly http?: Partial<HttpOptions>
	readonly subscribers?: number
	readonly ready?: () => boolean
	readonly expand?: (document: Json) => Promise<Json>
	readonly rejectLegacyBinding?: boolean
	/** Whether commits of Blueprints wait for an approval. */
	readonly gateBlueprints?: boolean
}

const identity: Worker = { pure: true, perform: ({ prompt }) => ({ final: { value: prompt, ok: true } }) }

const doctor: Doctor = {
	bind: '127.0.0.1:7777',
	blueprint_backend: 'sqlite',
	blueprint_store_root: null,
	blueprint_ref_base: null,
	enhance_flow_enabled: false,
	traces_enabled: false,
	seed_blueprint_id: 'main',
	registered_blueprint_ids: [],
	registered_blueprint_count: 0,
	legacy_worker_binding_policy: 'allow',
	check_policy: 'warn',
}

/** The switch over the runs of a world, off. */
function serverPause({ db, supervisor }: RunWorld): ServerPause {
	const store = new SqliteServerStateStore(db)
	const opened = openServerPause({ store, hold: supervisor.hold, clock: db.clock })
	return { state: null, pause: async (reason) => (await opened).pause(reason), resume: async () => (await opened).resume() }
}

/** Real runs and stores in memory behind the real routes. Agents are functions, `identity` is always there. */
export function httpWorld(options: HttpWorldOptions = {}) {
	const world = runWorld({ ...options, workers: { identity, ...options.workers } })
	const blueprints = new SqliteBlueprintStore(world.db, openBlobs(undefined))
	const enhance = new SqliteEnhanceStore(world.db, blueprints)
	const keys = new SqliteIdempotencyStore(world.db)
	const stopping = new AbortController()
	const clock = options.clock ?? systemClock
	const { adminToken = null } = options.http ?? {}
	const proposes = blueprintGate(world.gate, blueprints)
	world.gate.register('blueprint_commit', proposes.action)
	const propose = options.gateBlueprints ? proposes.propose : undefined
	const knownKinds = new Set(['rust_fn', 'operator', 'lua', 'subprocess', 'agent_block'])
	const { rejectLegacyBinding = false } = options
	const lint = (blueprint: Blueprint) => lintBlueprint(blueprint, { knownKinds, rejectLegacyBinding })
	const app = httpApp(testOptions(options.http), (root) =>
		root
			.use(
				healthRoutes({
					readiness: async () =>
						options.ready?.() === false ? { ready: false, reasons: ['The database is away.'] } : { ready: true, reasons: [] },
					doctor: async () => doctor,
					checks: async () => [{ name: 'templates', status: 'ok', detail: 'renders' }],
					status: async () => ({ running_runs: await world.runs.countByStatus('running'), attached_operators: 0, periodic_jobs: [] }),
				}),
			)
			.use(blueprintRoutes({ blueprints, lint, expand: options.expand ?? (async (document) => document), keys, propose }))
			.use(blueprintVersionRoutes({ blueprints, propose }))
			.use(blueprintInspectionRoutes({ blueprints, lint, rejectLegacyBinding }))
			.use(
				blueprintDoctorRoutes({
					blueprints,
					lint,
					readiness: ({ agents }) => agents.map(({ name }) => ({ name, status: 'ok', detail: 'it runs' })),
				}),
			)
			.use(enhanceRoutes({ enhance, blueprints, clock, keys }))
			.use(taskRoutes({ service: world.service, runs: world.runs, keys, spawner: async () => undefined }))
			.use(
				taskStepRoutes({
					...{ runs: world.runs, outputs: world.stepOutputs, planOf: (hash) => world.plans.planOf(hash) },
					readableRun: async () => null,
				}),
			)
			.use(runRoutes({ service: world.service, runs: world.runs, events: world.events, approvalsOf: openApprovalsOf(world.gate, clock) }))
			.use(
				approvalRoutes({
					...{ gate: world.gate, keys, clock, isAdmin: adminCheck(adminToken), isOpen: adminToken === null },
					...{ sessions: { byToken: async () => null }, workerOf: async () => null },
				}),
			)
			.use(runHistoryRoutes({ runs: world.runs, planOf: world.planOf }))
			.use(stepRoutes({ runs: world.runs, attempts: world.stepOutputs.attempts, outputs: world.outputs }))
			.use(serverRoutes({ pause: serverPause(world), backUp: async () => ({ file: '/b', bytes: 1 }) }))
			.use(steerRoutes({ service: world.service, runs: world.runs }))
			.use(
				eventRoutes({
					events: world.events,
					streams: new OpenStreams(),
					clock,
					log: silentLogger,
					subscribers: options.subscribers ?? 10,
					stopping: stopping.signal,
				}),
			),
	)
	const call = (method: string, path: string, body?: unknown, headers?: Record<string, string>) => callApp(app, method, path, body, headers)
	const servers: { stop(force: boolean): Promise<void> }[] = []
	return {
		...world,
		enhance,
		blueprints,
		app,
		call,
		stopping,
		/** Starts listening; the port goes with the world. */
		listen(): string {
			const { url, server } = listen(app, { hostname: '127.0.0.1', port: 0 })
			servers.push(server)
			return url
		},
		launch: (blueprint: Json, over: object = {}) =>
			call('POST', '/v1/tasks', { blueprint: { kind: 'inline', value: blueprint }, init_ctx: {}, ...over }),
		async [Symbol.asyncDispose]() {
			stopping.abort()
			for (const server of servers) await server.stop(true)
			await world[Symbol.asyncDispose]()
		},
	}
}
