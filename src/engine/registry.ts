import { functionBackend } from '../backend/function/backend.ts'
import type { FunctionDef } from '../backend/function/function.ts'
import { llmBackend } from '../backend/llm/backend.ts'
import { parseLlmSettings } from '../backend/llm/setting.ts'
import { luaLayerRunner } from '../backend/lua/layer.ts'
import type { LuaService } from '../backend/lua/service.ts'
import { type OperatorBackendDeps, operatorBackend } from '../backend/operator.ts'
import { operatorFaces } from '../backend/operator-face.ts'
import { type OperatorFactory, withOperatorsInside } from '../backend/operator-inside.ts'
import { type ProcessOptions, processBackend } from '../backend/process/backend.ts'
import type { ChildList } from '../backend/process/child-list.ts'
import type { ChildSlots } from '../backend/process/child-slots.ts'
import { systemFolder } from '../backend/process/system-file.ts'
import { type StepWorkers, withRuntimeWorkers } from '../backend/worker/step.ts'
import { mintCredentials } from '../core/access/credential.ts'
import type { AttemptStore } from '../core/dispatch/attempt-store.ts'
import type { Registry } from '../core/dispatch/backend.ts'
import { defaultLayerRegistry as hintLayers } from '../core/layer/default-registry.ts'
import type { Layer, LayerRegistry } from '../core/layer/layer.ts'
import { type LayerScripts, scripted } from '../core/layer/script.ts'
import type { OperatorHub } from '../core/operator/hub.ts'
import type { OperatorSessions } from '../core/operator/sessions.ts'
import type { OperatorStore } from '../core/operator/store.ts'
import { type ProjectingDeps, projectContext, projectingBackend } from '../core/output/projecting-backend.ts'
import type { OutputStore } from '../core/output/store.ts'
import type { FaultPoint } from '../kernel/fault.ts'
import type { RunId } from '../kernel/id.ts'
import type { CheckPolicy } from '../protocol/blueprint.ts'
import { projectionFiles } from '../store/projection-file.ts'
import type { Surroundings } from './surroundings.ts'

/** What backends and layers are made of, of an engine. */
export interface RegistryParts extends Surroundings {
	readonly outputs: OutputStore
	readonly attempts: AttemptStore
	readonly operatorStore: OperatorStore
	readonly hub: OperatorHub
	readonly sessions: OperatorSessions
	readonly secret: Uint8Array
	readonly childList: ChildList | undefined
	/** The places for child processes of attempts, whatever performs them. */
	readonly childSlots: ChildSlots
	/** Long-lived workers, to which steps can be given. */
	readonly workers: StepWorkers
	/** From TERM to KILL for what an attempt started. */
	readonly killGraceMs: number
	/** Where a test may end the process. */
	readonly fault: FaultPoint
	/** What `rust_fn` agents may name: `identity` and the others every server has, and those that were added. */
	readonly functions: ReadonlyMap<string, FunctionDef>
	/** What runs scripts. */
	readonly lua: LuaService
	/** Operators inside this process, by the name that `operator_ref` gives. */
	readonly operatorFactory: OperatorFactory
	/** What the launch of a run said of outputs that cannot be shown as files. */
	checkPolicyOf(runId: RunId): Promise<CheckPolicy | undefined>
}

/** Agent kind to backend, for the kinds that need nothing but this process, its children and its operators. */
export function defaultRegistry(parts: RegistryParts): Registry {
	const projecting = projectingDeps(parts)
	const processes = processBackend({ ...childOptions(parts), inherit: parts.config.childEnv })
	const sessions = withOperatorsInside(parts.operatorFactory, operatorBackend(operatorDeps(parts)))
	const operators = withRuntimeWorkers({ ...parts.workers, childSlots: parts.childSlots }, sessions)
	return new Map([
		['rust_fn', functionBackend(parts.functions)],
		['subprocess', projectingBackend(projecting, processes)],
		['operator', projectingBackend(projecting, operators)],
	])
}

/** As `defaultRegistry`, with Lua scripts and language models: what `serve` runs, and what the enhance flow's agents are of. */
export function defaultRegistryWithEnhanceFlow(parts: RegistryParts): Registry {
	const { config, environment } = parts
	const models = { settings: parseLlmSettings(config.llm), environment, fetch }
	const llm = llmBackend({ ...childOptions(parts), ...models, parts: config.limits.parts })
	return new Map([...defaultRegistry(parts), ['lua', parts.lua.backend], ['agent_block', projectingBackend(projectingDeps(parts), llm)]])
}

/** What is put around attempts, by the keys a Blueprint's `spawner_hints` may name. */
export function defaultLayerRegistry(parts: RegistryParts): LayerRegistry {
	const { outputs, attempts, hub, sessions, operatorStore: requests, config, clock, log } = parts
	const faces = operatorFaces({ ...operatorDeps(parts), hub, sessions, requests })
	return hintLayers({ faces, outputs, attempts, clock, log }, { longHoldMs: config.longHoldWarnMs })
}

/** Lua functions called before and after every attempt; for the `base` or `hints` of a registry of one's own. */
export function luaLayer({ lua, config, clock, outputs, log }: RegistryParts, scripts: LayerScripts): Layer {
	const { outputBytes } = config.limits
	return scripted({ outputs, log }, luaLayerRunner({ ...config.lua, outputBytes, pool: lua.pool, clock }), scripts)
}

function projectingDeps({ config, log, outputs, checkPolicyOf }: RegistryParts): ProjectingDeps {
	return { files: projectionFiles, log, outputs, checkPolicy: config.checkPolicy, checkPolicyOf }
}

/** What it takes to start programs and to end them. */
function childOptions(parts: RegistryParts): ProcessOptions {
	const { config, dir, clock, log, environment, baseUrl, childList, childSlots: children, killGraceMs, fault, attempts } = parts
	const { outputBytes } = config.limits
	const folder = dir === null ? undefined : systemFolder(dir)
	return {
		systemFolder: folder,
		environment,
		baseUrl,
		clock,
		log,
		killGraceMs,
		fault,
		attempts,
		...(childList && { childList }),
		children,
		outputBytes,
	}
}

/** What it takes to hand an attempt to an operator. */
function operatorDeps({ config, clock, log, baseUrl, hub, attempts, outputs, secret }: RegistryParts): OperatorBackendDeps {
	const ttlSecs = config.workerTokenTtlSecs
	return {
		...{ hub, attempts, outputs },
		mint: ({ stepId, n }) => mintCredentials(secret, { stepId, n, now: clock.now(), ttlSecs }),
		baseUrl: () => baseUrl() ?? null,
		contextFile: (placement, attempt) => projectContext({ files: projectionFiles, log }, placement, attempt),
		dataBase: () => (config.dataSinkEndpoint === 'self' ? (baseUrl() ?? null) : (config.dataSinkEndpoint?.replace(/\/+$/, '') ?? null)),
	}
}
