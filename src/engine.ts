import { join } from 'node:path'
import { functionBackend } from './backend/function/backend.ts'
import { builtinFunctions } from './backend/function/builtin.ts'
import { type OperatorBackendDeps, operatorBackend } from './backend/operator.ts'
import { operatorFaces } from './backend/operator-face.ts'
import { processBackend } from './backend/process/backend.ts'
import { type ChildList, openChildList } from './backend/process/child-list.ts'
import { endLeftovers } from './backend/process/leftover.ts'
import { canReadVariables } from './backend/process/process-table.ts'
import type { Config } from './config.ts'
import { mintCredentials } from './core/access/credential.ts'
import { tokenSecret } from './core/access/secret.ts'
import type { LintOptions } from './core/blueprint/lint.ts'
import { parseBlueprint } from './core/blueprint/parse.ts'
import { samples, seedBlueprint } from './core/blueprint/samples.ts'
import type { BlueprintStore } from './core/blueprint/store.ts'
import type { Registry } from './core/dispatch/backend.ts'
import { defaultLayerRegistry } from './core/layer/default-registry.ts'
import type { LayerRegistry } from './core/layer/layer.ts'
import { OperatorHub } from './core/operator/hub.ts'
import { isInScope } from './core/operator/session.ts'
import { OperatorSessions } from './core/operator/sessions.ts'
import { startSessionSweep } from './core/operator/sweep.ts'
import { projectContext, projectingBackend } from './core/output/projecting-backend.ts'
import type { SeatDeps } from './core/run/acquire.ts'
import type { LaunchDeps } from './core/run/launch.ts'
import { PlanCache } from './core/run/plan-cache.ts'
import { runService } from './core/run/service.ts'
import { RunSupervisor } from './core/run/supervisor.ts'
import { newWorkerFace } from './face.ts'
import type { Clock } from './kernel/clock.ts'
import { type FaultPoint, plannedFault } from './kernel/fault.ts'
import { asSessionId, type RunId } from './kernel/id.ts'
import type { Json } from './kernel/json.ts'
import type { Logger } from './kernel/log.ts'
import { initTemplates } from './kernel/template.ts'
import type { CheckPolicy } from './protocol/blueprint.ts'
import type { CapabilityManifest } from './protocol/operator.ts'
import { type DataDir, openDataDir } from './store/data-dir.ts'
import { projectionFiles } from './store/projection-file.ts'
import { secretFile } from './store/secret-file.ts'
import { SqliteAttachSessionStore } from './store/sqlite/attach-session-store.ts'
import { SqliteAttemptStore } from './store/sqlite/attempt-store.ts'
import { SqliteBlueprintStore } from './store/sqlite/blueprint-store.ts'
import { SqliteEnhanceStore } from './store/sqlite/enhance-store.ts'
import { SqliteEventStore } from './store/sqlite/event-store.ts'
import { SqliteOperatorStore } from './store/sqlite/operator-store.ts'
import { SqliteOutputStore } from './store/sqlite/output-store.ts'
import { SqliteProducedStepStore } from './store/sqlite/produced-step-store.ts'
import { SqliteRunStore } from './store/sqlite/run-store.ts'
import { sqliteSeating } from './store/sqlite/seating.ts'

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
}

export type Engine = Awaited<ReturnType<typeof openEngine>>

/** Opens the stores, ends what an earlier life left running, and wires the ideas together. Nothing is dispatched yet. */
export async function openEngine(options: EngineOptions) {
	const { config, clock, log } = options
	const fault = plannedFault(options.environment.MSE_FAULT, () => process.kill(process.pid, 'SIGKILL'))
	const data = openDataDir({ dir: options.dir, clock, pid: process.pid, address: config.bind.text, fault })
	const stores = openStores(data)
	const secret = tokenSecret(config.tokenSecret ?? undefined, data.dir === null ? undefined : secretFile(data.dir))
	const childList = data.dir === null || canReadVariables() ? undefined : openChildList(join(data.dir, 'children.json'))
	await Promise.all([initTemplates(), endLeftovers(data.id, { clock, log, killGraceMs: KILL_GRACE_MS, ...(childList && { childList }) })])
	fault('start.leftovers_ended')

	const operators = await openOperators(options, data, stores)
	const functions = builtinFunctions(clock)
	const checkPolicyOf = async (runId: RunId) => (await supervisor.runAndPlan(runId))?.run.options.checkPolicy
	const parts = { ...options, fault, stores, operators, secret, childList, functions, checkPolicyOf }
	const [registry, layers] = [newRegistry(parts), newLayers(parts)]
	const offered = offeredBy(parts, registry, layers)
	const plans = new PlanCache({ registry, offered, store: stores.blueprints })
	const supervisor = new RunSupervisor({
		...{ runs: stores.runs, outputs: stores.outputs, clock, log, fault, dataDirId: data.id },
		...{ tokenSecret: secret, tokenTtlSecs: config.workerTokenTtlSecs, recoveryMax: config.recovery.max },
		...{ limits: config.limits, layers },
		planOf: (hash) => plans.planOf(hash),
	})
	const launching = { ...launchDeps(options, stores, operators, supervisor, plans), layers }
	const service = runService(launching)
	const stepOutputDeps = { ...stores, files: projectionFiles, limitBytes: config.limits.outputBytes }
	const face = newWorkerFace({ ...options, ...stores, ...operators, supervisor, secret, stepOutputDeps })
	await stores.attachStore.removeExpired(Math.floor(clock.now() / 1000))
	await seed(config, stores.blueprints)
	const stop = async (): Promise<void> => {
		operators.sweep[Symbol.dispose]()
		await operators.hub.stop()
		await supervisor.stop()
		data[Symbol.dispose]()
	}
	let stopped: Promise<void> | undefined
	return {
		...{ ...stores, config, clock, log, data, registry, offered, plans, supervisor, service, face, secret, stepOutputDeps },
		...operators,
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

function openStores({ db, values, fault }: DataDir) {
	return {
		runs: new SqliteRunStore(db, values),
		events: new SqliteEventStore(db),
		blueprints: new SqliteBlueprintStore(db, values),
		outputs: new SqliteOutputStore(db, values, fault),
		attempts: new SqliteAttemptStore(db, values),
		operatorStore: new SqliteOperatorStore(db, values),
		attachStore: new SqliteAttachSessionStore(db),
		enhance: new SqliteEnhanceStore(db),
		produced: new SqliteProducedStepStore(db, values),
	}
}

async function openOperators({ config, clock, log }: EngineOptions, { db, fault }: DataDir, { operatorStore: store, runs }: Stores) {
	const sessions = await OperatorSessions.open({ store, clock, log })
	const hub = new OperatorHub({
		...{ sessions, store, seating: sqliteSeating(db, runs, fault), clock, log, fault },
		requestDeadlineMs: config.operator.requestDeadlineSecs * 1000,
		ackGraceMs: config.operator.ackGraceSecs * 1000,
		limits: config.limits,
	})
	const sweep = startSessionSweep({ sessions, clock, log, periodSecs: config.operatorSessionSweepSecs })
	return { sessions, hub, sweep }
}

interface RegistryParts extends EngineOptions {
	readonly fault: FaultPoint
	readonly stores: Stores
	readonly operators: Operators
	readonly secret: Uint8Array
	readonly childList: ChildList | undefined
	readonly functions: ReturnType<typeof builtinFunctions>
	/** What the launch of a run said of outputs that cannot be shown as files. */
	checkPolicyOf(runId: RunId): Promise<CheckPolicy | undefined>
}

/** What it takes to hand an attempt to an operator. */
function operatorDeps({ config, clock, log, baseUrl, stores, operators, secret }: RegistryParts): OperatorBackendDeps {
	const ttlSecs = config.workerTokenTtlSecs
	return {
		...{ hub: operators.hub, attempts: stores.attempts, outputs: stores.outputs },
		mint: ({ stepId, n }) => mintCredentials(secret, { stepId, n, now: clock.now(), ttlSecs }),
		baseUrl: () => baseUrl() ?? null,
		contextFile: (placement, attempt) => projectContext({ files: projectionFiles, log }, placement, attempt),
		dataBase: () => (config.dataSinkEndpoint === 'self' ? (baseUrl() ?? null) : (config.dataSinkEndpoint?.replace(/\/+$/, '') ?? null)),
	}
}

/** Agent kind to backend. A new backend is a folder in `backend/` and a line here. */
function newRegistry(parts: RegistryParts): Registry {
	const { config, clock, log, fault, environment, baseUrl, childList, functions, stores, checkPolicyOf } = parts
	const projecting = { files: projectionFiles, log, outputs: stores.outputs, checkPolicy: config.checkPolicy, checkPolicyOf }
	const processes = processBackend({
		...{ environment, baseUrl, clock, log, fault, killGraceMs: KILL_GRACE_MS, ...(childList && { childList }) },
		children: config.limits.children,
		outputBytes: config.limits.outputBytes,
	})
	return new Map([
		['rust_fn', functionBackend(functions)],
		['subprocess', projectingBackend(projecting, processes)],
		['operator', projectingBackend(projecting, operatorBackend(operatorDeps(parts)))],
	])
}

/** What is put around attempts, by the keys a Blueprint's `spawner_hints` may name. */
function newLayers(parts: RegistryParts): LayerRegistry {
	const { stores, operators, config, clock, log } = parts
	const faces = operatorFaces({ ...operatorDeps(parts), hub: operators.hub, sessions: operators.sessions, requests: stores.operatorStore })
	const deps = { faces, outputs: stores.outputs, attempts: stores.attempts, clock, log }
	return defaultLayerRegistry(deps, { longHoldMs: config.longHoldWarnMs })
}

/** What Blueprints may name here. */
function offeredBy({ functions, config }: RegistryParts, registry: Registry, layers: LayerRegistry): LintOptions {
	return {
		knownKinds: new Set(registry.keys()),
		functions: new Set(functions.keys()),
		layers: new Set(layers.hints.keys()),
		rejectLegacyBinding: config.legacyWorkerBindingPolicy === 'reject',
	}
}

function launchDeps(
	{ config, clock }: EngineOptions,
	{ runs }: Stores,
	{ sessions }: Operators,
	supervisor: RunSupervisor,
	plans: PlanCache,
): Omit<LaunchDeps, 'layers'> {
	return {
		...{ runs, supervisor, clock, syncTimeoutSecs: config.syncTimeoutSecs, checkPolicy: config.checkPolicy },
		operators: {
			find: async (name) => (await sessions.find(name))?.record.sid ?? null,
			takes: (name, blueprintId) => {
				const session = sessions.peek(name)
				return session === null || isInScope(session.record, blueprintId)
			},
			manifestOf: (name) => (sessions.peek(name)?.record.capabilityManifest ?? null) as CapabilityManifest | null,
			anyLive: async () => sessions.hasLive(),
		},
		resolve: (reference) => plans.resolve(reference),
		planOf: (hash) => plans.planOf(hash),
	}
}

function seatDeps({ runs, operators, planOf }: LaunchDeps, { hub, sessions }: Operators): SeatDeps {
	return {
		...{ runs, operators, planOf },
		seatAssigned(runId, { slot, op }, previous) {
			sessions.touch(asSessionId(op))
			hub.seatAssigned(runId, slot, previous)
		},
	}
}

/** Stores the seed Blueprint, and the samples where asked, under ids that have no commit yet. */
async function seed(config: Config, blueprints: BlueprintStore): Promise<void> {
	const documents: Json[] = [seedBlueprint(config.seedBlueprintId), ...(config.seedSamples ? samples.map(({ document }) => document) : [])]
	for (const document of documents) {
		const { blueprint } = parseBlueprint(document)
		if (!blueprint || (await blueprints.isArchived(blueprint.id)) !== null) continue
		await blueprints.commit({ id: blueprint.id, document, blueprint, author: 'mse-server', message: 'seed' })
	}
}
