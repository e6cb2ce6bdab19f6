import { type Config, loadConfig } from './config.ts'
import type { BlueprintStore } from './core/blueprint/store.ts'
import { shared } from './core/doctor/probe.ts'
import type { RunningServer } from './edge/cli/command/serve.ts'
import type { Api } from './edge/http/api.ts'
import { listen } from './edge/http/app.ts'
import { serverChecks } from './engine/doctor.ts'
import { type Engine, openEngine } from './engine/engine.ts'
import { newHttp } from './engine/http.ts'
import type { EngineOptions } from './engine/option.ts'
import { type Clock, systemClock } from './kernel/clock.ts'
import { type Logger, silentLogger } from './kernel/log.ts'

export { newLuaHost } from './backend/lua/host.ts'
export { blueprintRoutes } from './edge/http/routes/blueprints.ts'
export { enhanceLogRoutes, enhanceSettingRoutes, issueRoutes } from './edge/http/routes/enhance.ts'
export { defaultLayerRegistry, defaultRegistry, defaultRegistryWithEnhanceFlow, luaLayer } from './engine/registry.ts'

/** The process's own variables. */
type Environment = { readonly [name: string]: string | undefined }

/** What an app is built of. All of it may be left out. */
export interface AppOptions
	extends Pick<EngineOptions, 'registry' | 'layers' | 'functions' | 'luaHost' | 'operatorFactory' | 'outputStore' | 'opensHive'> {
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
		...{ operatorFactory: options.operatorFactory, outputStore: options.outputStore, opensHive: options.opensHive },
		blueprintStore: blueprintStore === 'database' ? undefined : blueprintStore,
	})
	const stopping = new AbortController()
	const checks = shared(() => serverChecks(engine, at.url, environment))
	const http = newHttp(engine, { environment, stopping: stopping.signal, checks, baseUrl: () => at.url })
	const recover = async (): Promise<void> => {
		engine.workers.restore()
		await engine.childRuns.recover()
		const recovered = await engine.supervisor.recover()
		engine.enhanceLoop?.start()
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
			await engine.hive.listen()
			return { url: at.url ?? '', stop }
		},
		stop,
	}
}

/** What `serve` and `run` start: Blueprints in the database, and the address of the configuration. */
export async function startServer(config: Config, log: Logger, environment: Environment): Promise<RunningServer> {
	const dataDir = config.ephemeral ? undefined : config.dataDir
	const app = await buildApp({ config, dataDir, log, environment, blueprintStore: 'database', opensHive: true })
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
