import { join } from 'node:path'
import { ApprovalGate, type GateDeps } from '../../src/core/approval/gate.ts'
import type { Registry, Worker } from '../../src/core/dispatch/backend.ts'
import type { FlowLimits } from '../../src/core/flow/flow-host.ts'
import { type LayerRegistry, noLayers } from '../../src/core/layer/layer.ts'
import type { OperatorDirectory } from '../../src/core/run/launch/operator-directory.ts'
import { PlanCache } from '../../src/core/run/launch/plan-cache.ts'
import type { Launched, LaunchRequest, RunService } from '../../src/core/run/launch/request.ts'
import { runService } from '../../src/core/run/service.ts'
import type { StepOutputDeps } from '../../src/core/run/step-output.ts'
import { RunSupervisor } from '../../src/core/run/supervise/supervisor.ts'
import { stepApprovals } from '../../src/engine/approvals.ts'
import { type Clock, systemClock } from '../../src/kernel/clock.ts'
import type { Json } from '../../src/kernel/json.ts'
import { silentLogger } from '../../src/kernel/log.ts'
import type { RunPolicy } from '../../src/protocol/policy.ts'
import { projectionFiles } from '../../src/store/projection-file.ts'
import { SqliteApprovalStore } from '../../src/store/sqlite/approval/approval-store.ts'
import { openBlobs } from '../../src/store/sqlite/blob.ts'
import { SqliteBlueprintStore } from '../../src/store/sqlite/blueprint-store.ts'
import { SqliteDatabase } from '../../src/store/sqlite/database.ts'
import { SqliteEventStore } from '../../src/store/sqlite/event/event-store.ts'
import { SqliteOutputStore } from '../../src/store/sqlite/output-store.ts'
import { SqliteAttemptStore } from '../../src/store/sqlite/run/attempt-store.ts'
import { SqliteProducedStepStore } from '../../src/store/sqlite/run/produced-step-store.ts'
import { SqliteRunStore } from '../../src/store/sqlite/run/run-store.ts'

export interface RunWorldOptions {
	/** Workers of agents of kind `rust_fn`, by `spec.fn_id`. */
	readonly workers: { readonly [fnId: string]: Worker }
	/** A folder that outlives the world; in memory when absent. */
	readonly dir?: string
	readonly clock?: Clock
	readonly limits?: Partial<FlowLimits & { readonly ctxBytes: number }>
	readonly operators?: OperatorDirectory
	/** What the server has for runs that say nothing. */
	readonly runPolicy?: RunPolicy
	/** Where the gate differs from one without limits. */
	readonly gate?: Partial<GateDeps>
	/** Layers on the world's own stores. */
	readonly layers?: (stores: { readonly outputs: SqliteOutputStore; readonly attempts: SqliteAttemptStore }) => LayerRegistry
}

export interface RunWorld extends AsyncDisposable {
	readonly db: SqliteDatabase
	readonly service: RunService
	readonly supervisor: RunSupervisor
	/** Asked by steps; `recover` is up to the test. */
	readonly gate: ApprovalGate
	planOf(hash: string): ReturnType<PlanCache['planOf']>
	readonly runs: SqliteRunStore
	readonly events: SqliteEventStore
	readonly outputs: SqliteOutputStore
	readonly plans: PlanCache
	/** What shows the outputs of steps. */
	readonly stepOutputs: StepOutputDeps
	launch(blueprint: Json, over?: Partial<LaunchRequest>): Promise<Launched>
	/** Leaves everything as a killed process would: nothing more is written, nothing is ended. */
	kill(): void
}

const nobody: OperatorDirectory = { find: async () => null, takes: () => true, manifestOf: () => null, anyLive: async () => false }

/** Runs with real stores and scripted workers, without any edge. */
export function runWorld(options: RunWorldOptions): RunWorld {
	const clock = options.clock ?? systemClock
	const { dir } = options
	const db = new SqliteDatabase({ path: dir === undefined ? ':memory:' : join(dir, 'mse.db'), clock })
	const values = openBlobs(dir && join(dir, 'blob'))
	const runs = new SqliteRunStore(db, values)
	const outputs = new SqliteOutputStore(db, values)
	const plans = new PlanCache({
		registry: registryOf(options.workers),
		offered: { knownKinds: new Set(['rust_fn']) },
		store: new SqliteBlueprintStore(db, values),
	})
	const layers = options.layers?.({ outputs, attempts: new SqliteAttemptStore(db, values) }) ?? noLayers
	const events = new SqliteEventStore(db)
	const gate = new ApprovalGate({
		...{ store: new SqliteApprovalStore(db, values), events, clock, log: silentLogger, maxPending: 100 },
		...{ waitMs: 120_000, noSelfApproval: false, deadlineMs: null, ...options.gate },
	})
	const supervisor = new RunSupervisor({
		approvals: stepApprovals(gate),
		runs,
		outputs,
		clock,
		log: silentLogger,
		dataDirId: 'test',
		tokenSecret: new Uint8Array(32),
		tokenTtlSecs: 1800,
		recoveryMax: 3,
		recoveryResetMs: 300_000,
		limits: { fanoutWidth: 10_000, fanoutConcurrency: 64, loopMax: 1_000_000, ctxBytes: 2 ** 26, ...options.limits },
		layers,
		planOf: (hash) => plans.planOf(hash),
	})
	const service = runService({
		runs,
		operators: options.operators ?? nobody,
		supervisor,
		clock,
		syncTimeoutSecs: 3600,
		checkPolicy: 'warn',
		layers,
		runPolicy: options.runPolicy ?? {},
		spawnDepth: { most: 4, base: 0 },
		resolve: (reference) => plans.resolve(reference),
		planOf: (hash) => plans.planOf(hash),
	})
	return {
		planOf: (hash) => plans.planOf(hash),
		db,
		service,
		supervisor,
		gate,
		runs,
		events,
		outputs,
		plans,
		stepOutputs: {
			...{ outputs, attempts: new SqliteAttemptStore(db, values), produced: new SqliteProducedStepStore(db, values) },
			...{ files: projectionFiles, limitBytes: 2 ** 20 },
		},
		launch: (blueprint, over = {}) =>
			service.launch({ reference: { kind: 'inline', raw: blueprint }, initCtx: {}, detach: false, ...over }),
		kill: () => db.sqlite.close(),
		async [Symbol.asyncDispose]() {
			await supervisor.stop()
			await gate.stop()
			db[Symbol.dispose]()
		},
	}
}

function registryOf(workers: RunWorldOptions['workers']): Registry {
	const prepare = (agent: { readonly spec: unknown }): Worker => {
		const worker = workers[(agent.spec as { fn_id: string }).fn_id]
		if (!worker) throw new Error(`no scripted worker for ${JSON.stringify(agent.spec)}`)
		return worker
	}
	return new Map([['rust_fn', { name: 'scripted', leavesProcess: false, prepare }]])
}
