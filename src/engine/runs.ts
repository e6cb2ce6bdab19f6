import { builtinFunctions } from '../backend/function/builtin.ts'
import type { FunctionDef } from '../backend/function/function.ts'
import type { LuaService } from '../backend/lua/service.ts'
import type { ChildList } from '../backend/process/child-list.ts'
import type { ChildSlots } from '../backend/process/child-slots.ts'
import type { StepWorkers } from '../backend/worker/step.ts'
import { APPROVAL_ENDS } from '../core/approval/pending.ts'
import type { LintOptions } from '../core/blueprint/lint.ts'
import type { StepApprovals } from '../core/run/approvals.ts'
import { PlanCache } from '../core/run/launch/plan-cache.ts'
import { cancelRun } from '../core/run/service.ts'
import { cancelWithParents } from '../core/run/supervise/child-runs.ts'
import { RunSupervisor } from '../core/run/supervise/supervisor.ts'
import { asRunId, type RunId } from '../kernel/id.ts'
import type { DataDir } from '../store/data-dir.ts'
import { policyOf } from './default-policy.ts'
import type { Operators } from './operators.ts'
import type { EngineOptions } from './option.ts'
import { defaultLayerRegistry, defaultRegistryWithEnhanceFlow, type RegistryParts } from './registry.ts'
import type { Stores } from './stores.ts'
import { tracingOf } from './telemetry.ts'

/** What runs are made of beside the database. */
export interface RunParts {
	readonly stores: Stores
	readonly operators: Operators
	readonly workers: StepWorkers
	readonly secret: Uint8Array
	readonly childList: ChildList | undefined
	readonly childSlots: ChildSlots
	readonly lua: LuaService
	/** The steps of enhance runs, by `fn_id`. */
	readonly enhanceSteps: ReadonlyMap<string, FunctionDef>
	readonly approvals: StepApprovals
	/** From TERM to KILL for what an attempt started. */
	readonly killGraceMs: number
}

/** What performs attempts, what is put around them, and who drives runs with it. */
export function newRuns(
	options: EngineOptions,
	data: DataDir,
	{ stores, operators, workers, secret, childList, childSlots, lua, enhanceSteps, approvals, killGraceMs }: RunParts,
) {
	const { config, clock, log } = options
	const functions = new Map([...builtinFunctions(clock), ...enhanceSteps, ...(options.functions ?? [])])
	const parts: RegistryParts = {
		...{ ...options, ...stores, ...operators, workers, secret, childList, functions, lua, killGraceMs },
		childSlots,
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
		recoveryResetMs: config.recovery.resetAfterSecs * 1000,
		...{ limits: config.limits, layers, approvals, standing: operators.hub, release: () => Bun.gc(true), answers: answersOf(stores) },
		traceparentOf: tracingOf(config, options.environment),
		planOf: (hash) => plans.planOf(hash),
	})
	const childRuns = cancelWithParents({
		...{ events: stores.events, runs: stores.runs, log },
		cancel: (id, reason) => cancelRun({ supervisor, runs: stores.runs }, id, reason),
	})
	return { registry, layers, offered, plans, supervisor, childRuns }
}

/** Calls back with the run of each approval that has ended, in the turn in which everybody hears it. */
function answersOf({ events }: Stores) {
	return (heard: (runId: RunId) => void): (() => void) =>
		events.subscribe((facts) => {
			for (const { kind, run_id } of facts) if (APPROVAL_ENDS.has(kind) && run_id !== undefined) heard(asRunId(run_id))
		})
}
