import { type Config, loadConfig } from './config.ts'
import { attachSessions } from './core/access/attach.ts'
import { lintBlueprint } from './core/blueprint/lint.ts'
import type { BlueprintStore } from './core/blueprint/store.ts'
import { shared } from './core/doctor/probe.ts'
import type { RunningServer } from './edge/cli/command/serve.ts'
import { type Api, type ApiDeps, mountApi } from './edge/http/api.ts'
import { httpApp, listen } from './edge/http/app.ts'
import { adminCheck } from './edge/http/guard.ts'
import { newMetrics } from './edge/http/metrics.ts'
import type { HealthDeps } from './edge/http/routes/health.ts'
import type { TaskStepDeps } from './edge/http/routes/task-steps.ts'
import { serverChecks } from './engine/doctor.ts'
import { type Engine, openEngine } from './engine/engine.ts'
import { expandPosted } from './engine/expansion.ts'
import { figuresOf } from './engine/figures.ts'
import type { EngineOptions } from './engine/option.ts'
import { type Clock, systemClock } from './kernel/clock.ts'
import { MseError } from './kernel/error.ts'
import type { SessionId } from './kernel/id.ts'
import { type Logger, silentLogger } from './kernel/log.ts'
import type { JobReport } from './kernel/periodic-job.ts'
import { VERSION } from './kernel/version.ts'
import type { Blueprint } from './protocol/blueprint.ts'
import type { PeriodicJob } from './protocol/health.ts'

export { newLuaHost } from './backend/lua/host.ts'
export { blueprintRoutes } from './edge/http/routes/blueprints.ts'
export { enhanceLogRoutes, enhanceSettingRoutes, issueRoutes } from './edge/http/routes/enhance.ts'
export { defaultLayerRegistry, defaultRegistry, defaultRegistryWithEnhanceFlow } from './engine/registry.ts'

/** The process's own variables. */
type Environment = { readonly [name: string]: string | undefined }

/** What an app is built of. All of it may be left out. */
export interface AppOptions
	extends Pick<EngineOptions, 'registry' | 'layers' | 'functions' | 'luaHost' | 'operatorFactory' | 'outputStore'> {
	/** `'database'` keeps Blueprints in the app's own database. Left out, only inline ones run, and others are refused with `store_not_configured`. */
	readonly blueprintStore?: BlueprintStore | 'database'
	/** Everything that is acknowledged is kept there. Left out, it is all in memory, and no two apps share any of it. */
	readonly dataDir?: string | undefined
	/** The default of every key when left out. */
	readonly config?: Config
	readonly log?: Logger
	readonly clock?: Clock
	/** The process's own environment, of which children get a part. Nothing when left out. */
	readonly environment?: Environment
}

/** A server, or the part of one that needs no port. */
export interface App {
	readonly engine: Engine
	/** All routes; `http.handle(request)` answers whether or not the app listens. */
	readonly http: Api
	/** Takes up unfinished runs of an earlier life; `listen` does it too. */
	recover(): Promise<void>
	/** Answers at that address (port 0 takes a free one); unfinished runs go on as soon as workers can reach it. */
	listen(at: { readonly hostname: string; readonly port: number }): Promise<RunningServer>
	/** Tells those who are connected, and lets go of all runs; the next app on the same directory takes them up. May be called twice. */
	stop(): Promise<void>
}

/**
 * The library's one entry: stores, backends, runs and routes, wired together. Nothing listens and no unfinished run goes on yet.
 *
 * ```ts
 * const app = await buildApp({ blueprintStore: 'database', dataDir: './data' })
 * const { url } = await app.listen({ hostname: '127.0.0.1', port: 0 })
 * ```
 */
export async function buildApp(options: AppOptions = {}): Promise<App> {
	const { config = loadConfig({ flags: new Map(), env: {}, readFile: () => undefined }), log = silentLogger, clock = systemClock } = options
	const { environment = {}, blueprintStore = null, dataDir = null } = options
	const at: { url: string | undefined; server: Bun.Server<unknown> | undefined } = { url: undefined, server: undefined }
	const engine = await openEngine({
		...{ config, dir: dataDir, clock, log, environment, baseUrl: () => at.url },
		...{ registry: options.registry, layers: options.layers, functions: options.functions, luaHost: options.luaHost },
		...{ operatorFactory: options.operatorFactory, outputStore: options.outputStore },
		blueprintStore: blueprintStore === 'database' ? undefined : blueprintStore,
	})
	const stopping = new AbortController()
	const http = newHttp(
		engine,
		environment,
		stopping.signal,
		shared(() => serverChecks(engine, at.url, environment)),
	)
	const recover = async (): Promise<void> => {
		engine.workers.runtime.restore().catch(() => {})
		const recovered = await engine.supervisor.recover()
		engine.data.fault('start.recovered')
		if (recovered > 0) log.info('unfinished runs go on', { runs: recovered })
	}
	let stopped: Promise<void> | undefined
	const stop = (): Promise<void> => {
		stopped ??= stopApp(engine, at.server, stopping)
		return stopped
	}
	return {
		engine,
		http,
		recover,
		async listen(address) {
			Object.assign(at, listen(http, address))
			engine.data.nameHolder({ pid: process.pid, address: at.url ?? '' })
			engine.data.fault('start.listening')
			await recover()
			return { url: at.url ?? '', stop }
		},
		stop,
	}
}

/** What `serve` and `run` start: Blueprints in the database, and the address of the configuration. */
export async function startServer(config: Config, log: Logger, environment: Environment): Promise<RunningServer> {
	const dataDir = config.ephemeral ? undefined : config.dataDir
	const app = await buildApp({ config, dataDir, log, environment, blueprintStore: 'database' })
	try {
		return await app.listen({ hostname: config.bind.host, port: config.bind.port })
	} catch (error) {
		await app.stop()
		throw error
	}
}

/**
 * Readiness goes first and no launch is taken any more. What a stop would lose gets its time; the rest is let go of, sockets
 * and streams are told, and no open connection can hold it up.
 */
async function stopApp(engine: Engine, server: Bun.Server<unknown> | undefined, stopping: AbortController): Promise<void> {
	const drainMs = engine.config.drainSecs * 1000
	const deadline = engine.clock.now() + drainMs
	await engine.supervisor.hold.drain(drainMs)
	stopping.abort()
	await engine.stop()
	if (!server) return
	await Promise.race([server.stop(), Bun.sleep(Math.max(0, deadline - engine.clock.now()))])
	await server.stop(true)
}

function newHttp(engine: Engine, environment: Environment, stopping: AbortSignal, checks: HealthDeps['checks']) {
	const { config, clock, log, runs, service, events, face, blueprints } = engine
	const options = {
		...{ limits: config.limits, version: VERSION, log, bindHost: config.bind.host, adminToken: config.adminToken },
		runtimeToken: runtimeTokenOf(config, environment),
		...{ openJoin: config.openJoin, allowedHosts: config.allowedHosts, allowedOrigins: config.allowedOrigins },
	}
	const metrics = newMetrics(figuresOf(engine))
	engine.data.db.onBatch(metrics.committed)
	const lint = (blueprint: Blueprint) => lintBlueprint(blueprint, engine.offered)
	const isAdmin = adminCheck(config.adminToken)
	const { sessions, hub, outputs, attempts, seats, keys } = engine
	const endOperator = (sid: SessionId) => sessions.end(sid, 'ended')
	return httpApp({ ...options, metrics }, (root) =>
		mountApi(root, {
			health: { ...newHealth(engine), checks },
			tasks: { service, runs, keys },
			taskSteps: newTaskSteps(engine),
			runs: { service, runs, events },
			runHistory: { runs, planOf: seats.planOf },
			server: { pause: engine.pause },
			metrics: { metrics },
			steer: { service, runs },
			seats: { ...seats, sessions, hub, outputs, attempts, events, isAdmin },
			events: { events, streams: engine.streams, clock, log, subscribers: config.limits.subscribers, stopping },
			operators: { sessions, hub, isAdmin, clock, log },
			blueprints: { blueprints, lint, expand: expandPosted(config, environment), keys },
			blueprintVersions: { blueprints },
			blueprintInspection: { blueprints, lint, rejectLegacyBinding: engine.offered.rejectLegacyBinding === true },
			enhance: { enhance: engine.enhance, blueprints, clock },
			stepWorker: { face, keys },
			data: { face, keys },
			sessions: { sessions: attachSessions({ store: engine.attachStore, clock, endOperator }), operators: sessions, isAdmin },
			...newWorkerRoutes(engine, stopping),
		}),
	)
}

function newWorkerRoutes(
	{ config, data, clock, log, events, workers }: Engine,
	stopping: AbortSignal,
): Pick<ApiDeps, 'runtime' | 'workers'> {
	const { runtimeId, displayName, maxTranscriptProjectionItems: maxTranscriptItems, maxEventBatchItems: maxEventItems } = config.runtime
	const { store, profiles, runtime } = workers
	const backend = data.dir === null ? 'memory' : 'fs_store'
	return {
		runtime: { store, profiles, runtimeId, displayName, backend, maxTranscriptItems, maxEventItems, version: VERSION },
		workers: { runtime, store, events, clock, log, runtimeId, maxTranscriptItems, stopping },
	}
}

/** Throws `config_invalid` when the variable that shall hold the token is empty. */
function runtimeTokenOf({ runtime: { localToken, localTokenEnv } }: Config, environment: Environment): string | null {
	if (localToken !== null || localTokenEnv === null) return localToken
	const token = environment[localTokenEnv]
	if (token) return token
	throw new MseError('invalid', `runtime.local_token_env names ${localTokenEnv}, which is not set.`, { code: 'config_invalid' })
}

function newTaskSteps({ runs, stepOutputDeps: outputs, plans, face }: Engine): TaskStepDeps {
	return {
		...{ runs, outputs, planOf: (hash) => plans.planOf(hash) },
		readableRun: ({ headers }) => face.readableRun({ authorization: headers.get('authorization') ?? undefined, queryToken: undefined }),
	}
}

function newHealth(engine: Engine): Omit<HealthDeps, 'checks'> {
	const { config, blueprints, runs, sessions, sweep, retentionJob, data, supervisor, pause } = engine
	return {
		async readiness() {
			if (!data.db.healthy) await data.db.tryWrite()
			const reasons = [
				...(supervisor.hold.isDraining ? ['the server is stopping'] : []),
				...(pause.state ? [`the server is paused: ${pause.state.reason}`] : []),
				...(data.db.healthy ? [] : ['the database cannot be written']),
			]
			return { ready: reasons.length === 0, reasons }
		},
		async doctor() {
			const ids = (await blueprints.list()).filter(({ archived }) => !archived).map(({ id }) => id)
			return {
				...{ bind: config.bind.text, blueprint_backend: backendName(engine) },
				...{ blueprint_store_root: data.dir, blueprint_ref_base: config.blueprintRefBase, enhance_flow_enabled: config.enableEnhanceFlow },
				...{ seed_blueprint_id: config.seedBlueprintId, registered_blueprint_ids: ids, registered_blueprint_count: ids.length },
				...{ legacy_worker_binding_policy: config.legacyWorkerBindingPolicy, check_policy: config.checkPolicy },
			}
		},
		async status() {
			return {
				running_runs: await runs.countByStatus('running'),
				attached_operators: sessions.list().filter(({ connected }) => connected).length,
				...(pause.state && { paused: { ...pause.state } }),
				periodic_jobs: [toPeriodicJob(sweep.report()), toPeriodicJob(retentionJob.report())],
			}
		},
	}
}

function backendName({ blueprintStore, pins, data }: Engine): string {
	if (blueprintStore !== pins) return blueprintStore ? 'custom' : 'none'
	return data.dir === null ? 'in_memory' : 'sqlite'
}

function toPeriodicJob(report: JobReport): PeriodicJob {
	return {
		...{ name: report.name, period_secs: report.periodSecs, enabled: report.periodSecs > 0, runs: report.runs },
		...{ errors: report.errors, panics: 0, acted_total: report.actedTotal, last_outcome: report.lastOutcome },
		...{ last_started_secs: report.lastStartedSecs, last_finished_secs: report.lastFinishedSecs, last_duration_ms: report.lastDurationMs },
	}
}
