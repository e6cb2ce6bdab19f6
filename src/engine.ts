import { join } from 'node:path'
import { builtinFunctions } from './backend/function/builtin.ts'
import type { FunctionDef } from './backend/function/function.ts'
import type { LuaHost } from './backend/lua/host.ts'
import { type LuaService, openLua } from './backend/lua/service.ts'
import type { OperatorFactory } from './backend/operator-inside.ts'
import { type ChildList, openChildList } from './backend/process/child-list.ts'
import { endLeftovers } from './backend/process/leftover.ts'
import { canReadVariables } from './backend/process/process-table.ts'
import type { WorkerStepDeps } from './backend/worker/step.ts'
import type { Config } from './config.ts'
import { tokenSecret } from './core/access/secret.ts'
import { absentBlueprintStore } from './core/blueprint/absent-store.ts'
import type { LintOptions } from './core/blueprint/lint.ts'
import { seed } from './core/blueprint/seed.ts'
import type { BlueprintStore } from './core/blueprint/store.ts'
import type { Registry } from './core/dispatch/backend.ts'
import { OpenStreams } from './core/event/open-streams.ts'
import type { LayerRegistry } from './core/layer/layer.ts'
import { OperatorHub } from './core/operator/hub.ts'
import { isInScope } from './core/operator/session.ts'
import { OperatorSessions } from './core/operator/sessions.ts'
import type { OutputStore } from './core/output/store.ts'
import type { LaunchDeps } from './core/run/launch.ts'
import { PlanCache } from './core/run/plan-cache.ts'
import { openServerPause } from './core/run/server-pause.ts'
import { runService } from './core/run/service.ts'
import { RunSupervisor } from './core/run/supervisor.ts'
import { policyOf, runPolicyOf } from './default-policy.ts'
import { newWorkerFace } from './face.ts'
import { startJobs } from './jobs.ts'
import type { Clock } from './kernel/clock.ts'
import { plannedFault } from './kernel/fault.ts'
import type { Logger } from './kernel/log.ts'
import { initTemplates } from './kernel/template.ts'
import type { CapabilityManifest } from './protocol/operator.ts'
import { defaultLayerRegistry, defaultRegistryWithEnhanceFlow, type RegistryParts } from './registry.ts'
import { seatDeps } from './seat-deps.ts'
import { type DataDir, openDataDir } from './store/data-dir.ts'
import { projectionFiles } from './store/projection-file.ts'
import { secretFile } from './store/secret-file.ts'
import { SqliteAttachSessionStore } from './store/sqlite/attach-session-store.ts'
import { SqliteAttemptStore } from './store/sqlite/attempt-store.ts'
import { SqliteBlueprintStore } from './store/sqlite/blueprint-store.ts'
import { SqliteEnhanceStore } from './store/sqlite/enhance-store.ts'
import { SqliteEventStore } from './store/sqlite/event-store.ts'
import { SqliteIdempotencyStore } from './store/sqlite/idempotency-store.ts'
import { SqliteOperatorStore } from './store/sqlite/operator-store.ts'
import { SqliteOutputStore } from './store/sqlite/output-store.ts'
import { SqliteProducedStepStore } from './store/sqlite/produced-step-store.ts'
import { SqliteRetentionStore } from './store/sqlite/retention-store.ts'
import { SqliteRunStore } from './store/sqlite/run-store.ts'
import { sqliteSeating } from './store/sqlite/seating.ts'
import { SqliteServerStateStore } from './store/sqlite/server-state-store.ts'
import { openWorkers } from './workers.ts'

/** What everything else hangs from; one per server, per `mse-server run`, per test. */
export interface EngineOptions {
	readonly config: Config
	/** Null keeps everything in memory. */
	readonly dir: string | null
	readonly clock: Clock
	readonly log: Logger
	/** The process's own environment, of which children get a part. */
	readonly environment: { readonly [name: string]: string | undefined }
	/** Where workers reach this server; undefined while nothing listens. */
	baseUrl(): string | undefined
	/** Another one than the database's own; null for none, and only inline Blueprints run. */
	readonly blueprintStore?: BlueprintStore | null | undefined
	/** Another one than the database's own. */
	readonly outputStore?: OutputStore | undefined
	/** Agent kind to backend. */
	readonly registry?: ((parts: RegistryParts) => Registry) | undefined
	readonly layers?: ((parts: RegistryParts) => LayerRegistry) | undefined
	/** Functions for `rust_fn` agents beside those that every server has. */
	readonly functions?: ReadonlyMap<string, FunctionDef> | undefined
	/** Scripts and host functions for `lua` agents. */
	readonly luaHost?: LuaHost | undefined
	/** Operators inside this process. */
	readonly operatorFactory?: OperatorFactory | undefined
}

export type Engine = Awaited<ReturnType<typeof openEngine>>

/** Opens the stores, ends what an earlier life left running, and wires the ideas together. Nothing is dispatched yet. */
export async function openEngine(options: EngineOptions) {
	const { clock, config, dir } = options
	const fault = plannedFault(options.environment.MSE_FAULT, () => process.kill(process.pid, 'SIGKILL'))
	const data = openDataDir({ dir, clock, pid: process.pid, address: config.bind.text, fault })
	try {
		return await wire(options, data)
	} catch (error) {
		data[Symbol.dispose]()
		throw error
	}
}

async function wire(options: EngineOptions, data: DataDir) {
	const { config, clock, log } = options
	const stores = openStores(data, options)
	const secret = tokenSecret(config.tokenSecret ?? undefined, data.dir === null ? undefined : secretFile(data.dir))
	const childList = data.dir === null || canReadVariables() ? undefined : openChildList(join(data.dir, 'children.json'))
	await Promise.all([initTemplates(), endLeftovers(data.id, { clock, log, killGraceMs: KILL_GRACE_MS, ...(childList && { childList }) })])
	data.fault('start.leftovers_ended')

	const operators = await openOperators(options, data, stores)
	const { outputBytes } = config.limits
	const lua = openLua({ ...config.lua, outputBytes, host: options.luaHost, dataDirId: data.id, clock, log, childList })
	const workers = await openWorkers({
		...{ ...options, ...stores, db: data.db, dataDirId: data.id },
		...{ childList, killGraceMs: KILL_GRACE_MS },
	})
	const parts = { stores, operators, workers, secret, childList, lua }
	const { registry, layers, offered, plans, supervisor } = newRuns(options, data, parts)
	const launching = { ...launchDeps(options, stores, operators, supervisor, plans), layers }
	const service = runService(launching)
	const stepOutputDeps = { ...stores, files: projectionFiles, limitBytes: config.limits.outputBytes }
	const face = newWorkerFace({ ...options, ...stores, ...operators, supervisor, secret, stepOutputDeps })
	await stores.attachStore.removeExpired(Math.floor(clock.now() / 1000))
	if (stores.blueprintStore) await seed(config, stores.blueprintStore)
	const pause = await openServerPause({ store: stores.serverState, hold: supervisor.hold, clock })
	const jobs = startJobs({ config, clock, log, retention: stores.retention, sessions: operators.sessions })
	const stop = async (): Promise<void> => {
		await jobs.stop()
		await operators.hub.stop()
		await supervisor.stop()
		await lua.pool.close()
		await workers.stop()
		data[Symbol.dispose]()
	}
	let stopped: Promise<void> | undefined
	return {
		...{ ...stores, config, clock, log, data, registry, offered, plans, supervisor, service, face, secret, stepOutputDeps, lua },
		...{ pause, streams: new OpenStreams(), ...jobs.all },
		...operators,
		workers,
		seats: seatDeps(launching, operators),
		/** Lets go of all runs; the next engine on the same directory takes them up. May be called twice. */
		stop(): Promise<void> {
			stopped ??= stop()
			return stopped
		},
	}
}

/** From TERM to KILL for what an attempt started. */
const KILL_GRACE_MS = 5000

type Stores = ReturnType<typeof openStores>
type Operators = Awaited<ReturnType<typeof openOperators>>

function openStores({ db, values, fault }: DataDir, options: Pick<EngineOptions, 'blueprintStore' | 'outputStore'>) {
	const pins = new SqliteBlueprintStore(db, values)
	const blueprintStore = options.blueprintStore === undefined ? pins : (options.blueprintStore ?? undefined)
	return {
		/** Keeps the documents of runs, whoever else has them. */
		pins,
		blueprintStore,
		runs: new SqliteRunStore(db, values),
		events: new SqliteEventStore(db),
		blueprints: blueprintStore ?? absentBlueprintStore(),
		outputs: options.outputStore ?? new SqliteOutputStore(db, values, fault),
		attempts: new SqliteAttemptStore(db, values),
		operatorStore: new SqliteOperatorStore(db, values),
		attachStore: new SqliteAttachSessionStore(db),
		keys: new SqliteIdempotencyStore(db),
		enhance: new SqliteEnhanceStore(db),
		produced: new SqliteProducedStepStore(db, values),
		retention: new SqliteRetentionStore(db, values),
		serverState: new SqliteServerStateStore(db),
	}
}

interface RunParts {
	readonly stores: Stores
	readonly operators: Operators
	readonly workers: WorkerStepDeps
	readonly secret: Uint8Array
	readonly childList: ChildList | undefined
	readonly lua: LuaService
}

/** What performs attempts, what is put around them, and who drives runs with it. */
function newRuns(options: EngineOptions, data: DataDir, { stores, operators, workers, secret, childList, lua }: RunParts) {
	const { config, clock, log } = options
	const functions = new Map([...builtinFunctions(clock), ...(options.functions ?? [])])
	const parts: RegistryParts = {
		...{ ...options, ...stores, ...operators, workers, secret, childList, functions, lua, killGraceMs: KILL_GRACE_MS },
		operatorFactory: options.operatorFactory ?? new Map(),
		fault: data.fault,
		checkPolicyOf: async (runId) => (await supervisor.runAndPlan(runId))?.run.options.checkPolicy,
	}
	const registry = (options.registry ?? defaultRegistryWithEnhanceFlow)(parts)
	const layers = (options.layers ?? defaultLayerRegistry)(parts)
	const offered: LintOptions = {
		knownKinds: new Set(registry.keys()),
		functions: new Set(functions.keys()),
		scripts: new Set(lua.host.scripts.keys()),
		layers: new Set(layers.hints.keys()),
		rejectLegacyBinding: config.legacyWorkerBindingPolicy === 'reject',
	}
	const plans = new PlanCache({ registry, offered, store: stores.blueprintStore, pins: stores.pins, policy: policyOf(config) })
	const supervisor = new RunSupervisor({
		...{ runs: stores.runs, outputs: stores.outputs, clock, log, fault: data.fault, dataDirId: data.id },
		...{ tokenSecret: secret, tokenTtlSecs: config.workerTokenTtlSecs, recoveryMax: config.recovery.max },
		...{ limits: config.limits, layers },
		planOf: (hash) => plans.planOf(hash),
	})
	return { registry, layers, offered, plans, supervisor }
}

async function openOperators({ config, clock, log }: EngineOptions, { db, fault }: DataDir, { operatorStore: store, runs }: Stores) {
	const sessions = await OperatorSessions.open({ store, clock, log })
	const hub = new OperatorHub({
		...{ sessions, store, seating: sqliteSeating(db, runs, fault), clock, log, fault },
		requestDeadlineMs: config.operator.requestDeadlineSecs * 1000,
		ackGraceMs: config.operator.ackGraceSecs * 1000,
		limits: config.limits,
	})
	return { sessions, hub }
}

function launchDeps(
	{ config, clock, operatorFactory }: EngineOptions,
	{ runs }: Stores,
	{ sessions }: Operators,
	supervisor: RunSupervisor,
	plans: PlanCache,
): Omit<LaunchDeps, 'layers'> {
	return {
		...{ runs, supervisor, clock, syncTimeoutSecs: config.syncTimeoutSecs },
		...{ checkPolicy: config.checkPolicy, runPolicy: runPolicyOf(config) },
		operators: {
			find: async (name) => (await sessions.find(name))?.record.sid ?? null,
			takes: (name, blueprintId) => {
				const session = sessions.peek(name)
				return session === null || isInScope(session.record, blueprintId)
			},
			manifestOf: (name) => (sessions.peek(name)?.record.capabilityManifest ?? null) as CapabilityManifest | null,
			anyLive: async () => (operatorFactory?.size ?? 0) > 0 || sessions.hasLive(),
		},
		resolve: (reference) => plans.resolve(reference),
		planOf: (hash) => plans.planOf(hash),
	}
}
