import { join } from 'node:path'
import { enhanceFunctions } from '../backend/function/enhance.ts'
import { withFunctionScripts } from '../backend/lua/function-script.ts'
import { openLua } from '../backend/lua/service.ts'
import { openChildList } from '../backend/process/child-list.ts'
import { newChildSlots } from '../backend/process/child-slots.ts'
import { endLeftovers } from '../backend/process/leftover.ts'
import { canReadVariables } from '../backend/process/process-table.ts'
import { removeSystemFiles } from '../backend/process/system-file.ts'
import { tokenSecret } from '../core/access/secret.ts'
import { seed } from '../core/blueprint/seed.ts'
import { OpenStreams } from '../core/event/open-streams.ts'
import { runService } from '../core/run/service.ts'
import { openServerPause } from '../core/run/supervise/server-pause.ts'
import { tracedLog } from '../core/trace/traced-log.ts'
import { plannedFault } from '../kernel/fault.ts'
import { type DataDir, openDataDir } from '../store/data-dir.ts'
import { projectionFiles } from '../store/projection-file.ts'
import { secretFile } from '../store/secret-file.ts'
import { openApprovals } from './approvals.ts'
import { newBackups } from './backup.ts'
import { compileProblems, openEnhance } from './enhance.ts'
import { enhanceGate } from './enhance-gate.ts'
import { logEvents } from './event-lines.ts'
import { newWorkerFace } from './face.ts'
import { hiveFaces } from './hive/faces.ts'
import { openHive } from './hive/hive.ts'
import { hiveFamily } from './hive/workers.ts'
import { startJobs } from './jobs.ts'
import { launchDeps, openOperators } from './operators.ts'
import type { EngineOptions } from './option.ts'
import { newRuns } from './runs.ts'
import { seatDeps } from './seat-deps.ts'
import { openStores, type Stores } from './stores.ts'
import { openTelemetry } from './telemetry.ts'
import { openWebhooks } from './webhooks.ts'
import { openWorkers } from './workers.ts'

export type Engine = Awaited<ReturnType<typeof openEngine>>

/** Opens the stores, ends what an earlier life left running, and wires the ideas together. Nothing is dispatched yet. */
export async function openEngine(options: EngineOptions) {
	const { clock, config, dir } = options
	const fault = plannedFault(options.environment.MSE_FAULT, () => process.kill(process.pid, 'SIGKILL'))
	const data = openDataDir({ dir, clock, pid: process.pid, address: config.bind.text, fault })
	try {
		let wired: Awaited<ReturnType<typeof wire>> | undefined
		const log = tracedLog(options.log, (runId) => wired?.telemetry.traceIdOf(runId))
		const engine = await wire({ ...options, log }, data)
		wired = engine
		if (config.logLevel === 'debug') logEvents(engine.events, log)
		return engine
	} catch (error) {
		data[Symbol.dispose]()
		throw error
	}
}

async function wire(options: EngineOptions, data: DataDir) {
	const { config, clock, log } = options
	const stores = openStores(data, options)
	const secret = tokenSecret(config.tokenSecret ?? undefined, data.dir === null ? undefined : secretFile(data.dir))
	const children = await endEarlierLife(options, data)
	const approvals = openApprovals(options, data, stores, secret)
	const hive = await openHive({ ...options, ...children, data, events: stores.events, gate: approvals.gate, faces: () => hiveFace })
	const operators = await openOperators(options, data, stores, hive, (runId) => supervisor.wake(runId))
	const enhanceSteps = enhanceFunctions((blueprint) => compileProblems(registry, offered, blueprint), data.fault)
	const host = withFunctionScripts(options.luaHost, enhanceSteps)
	const lua = openLua({ ...config.lua, ...children, outputBytes: config.limits.outputBytes, host, dataDirId: data.id, clock, log })
	const workers = await openWorkers({
		...{ ...options, ...stores, ...operators, db: data.db, dataDirId: data.id },
		...{ ...children, service: () => service, hive: hiveFamily({ hive, events: stores.events }) },
	})
	const { registry, layers, offered, plans, supervisor, childRuns } = newRuns(options, data, {
		...{ ...children, stores, operators, workers, approvals: approvals.ofSteps, secret, lua, enhanceSteps },
	})
	const launching = { ...launchDeps(options, stores, operators, supervisor, plans), layers }
	const service = runService(launching)
	const stepOutputDeps = { ...stores, files: projectionFiles, limitBytes: config.limits.outputBytes }
	const face = newWorkerFace({ ...options, ...stores, ...operators, supervisor, secret, stepOutputDeps })
	const hiveFace = hiveFaces({ config, clock, hive, face, secret, workers, ...stores, ...operators })
	await putInOrder(options, stores)
	const enhanceLoop = await openEnhance(options, data, stores, service, enhanceGate(approvals.gate))
	const pause = await openServerPause({ store: stores.serverState, hold: supervisor.hold, clock })
	const jobs = startJobs({ config, clock, log, retention: stores.retention, sessions: operators.sessions })
	const webhooks = openWebhooks({ ...options, ...stores })
	const telemetry = await openTelemetry({ ...options, ...stores, dataDirId: data.id })
	await hive.recover()
	await approvals.gate.recover()
	return {
		...{ ...stores, config, clock, log, data, registry, offered, plans, supervisor, service, face, secret, stepOutputDeps, lua },
		...{ childSlots: children.childSlots, childRuns, pause, enhanceLoop, streams: new OpenStreams(), ...jobs.all },
		...{ ...operators, workers, webhooks, telemetry, hive, approvals, backUp: newBackups({ config, clock, dir: data.dir }) },
		seats: seatDeps(launching, operators),
		/** Lets go of all runs; the next engine on the same directory takes them up. May be called twice. */
		stop: once(async () => {
			await Promise.all([jobs.stop(), webhooks.stop(), enhanceLoop?.stop(), childRuns.stop()])
			await operators.hub.stop()
			await supervisor.stop()
			await approvals.gate.stop()
			await hive.stop()
			await lua.pool.close()
			await workers.stop()
			await telemetry.stop()
			data[Symbol.dispose]()
		}),
	}
}

/**
 * Ends the processes that an earlier life of the directory left running, and removes the files it had given them. Resolves to what all
 * share who start child processes.
 */
async function endEarlierLife({ clock, log, config }: EngineOptions, data: DataDir) {
	const childList = data.dir === null || canReadVariables() ? undefined : openChildList(join(data.dir, 'children.json'))
	await endLeftovers(data.id, { clock, log, killGraceMs: KILL_GRACE_MS, ...(childList && { childList }) })
	if (data.dir !== null) removeSystemFiles(data.dir)
	data.fault('start.leftovers_ended')
	return { childList, childSlots: newChildSlots(config.limits.children), killGraceMs: KILL_GRACE_MS }
}

async function putInOrder({ config, clock }: EngineOptions, { attachStore, blueprintStore }: Stores): Promise<void> {
	await attachStore.removeExpired(Math.floor(clock.now() / 1000))
	if (blueprintStore) await seed(config, blueprintStore)
}

/** From TERM to KILL for what an attempt started. */
const KILL_GRACE_MS = 5000

/** Does it at the first call; every call gets that promise. */
function once(work: () => Promise<void>): () => Promise<void> {
	let begun: Promise<void> | undefined
	return () => {
		begun ??= work()
		return begun
	}
}
