import { knownServers, type ModelSource } from '../backend/llm/model.ts'
import { proveModels } from '../backend/llm/probe.ts'
import { parseLlmSettings } from '../backend/llm/setting.ts'
import { type LuaPoolOptions, openLuaPool } from '../backend/lua/pool.ts'
import { proveLua } from '../backend/lua/probe.ts'
import { proveChildren } from '../backend/process/probe.ts'
import type { Config } from '../config.ts'
import { type Finding, type Probe, runProbes, works } from '../core/doctor/probe.ts'
import type { ExecutionProfile } from '../core/worker/execution.ts'
import { systemClock } from '../kernel/clock.ts'
import { renderTemplate } from '../kernel/template.ts'
import { VERSION } from '../kernel/version.ts'
import { AGENT_KINDS } from '../protocol/blueprint-agent.ts'
import type { Check } from '../protocol/health.ts'
import { proveCommit, proveDataDir, proveDisk, sqliteVersion } from '../store/probe.ts'
import { lockHolder } from '../store/sqlite/instance-lock.ts'
import type { Engine } from './engine.ts'
import { hiveProbes } from './hive/doctor.ts'
import { proveTelemetry } from './telemetry.ts'
import { webhookFinding } from './webhooks.ts'

/** The process's own variables. */
type Environment = { readonly [name: string]: string | undefined }

/** Proves what a running server can do, with its own database. `url` is where it listens. */
export function serverChecks(engine: Engine, url: string | undefined, environment: Environment): Promise<Check[]> {
	const { clock, data, config } = engine
	const { dir } = data
	const probes: Probe[] = [
		runtime,
		{ name: 'data_dir', prove: () => proveCommit(data.db, dir ?? 'The database in memory (--ephemeral, nothing survives a stop)') },
		...(dir === null ? [] : [{ name: 'disk', prove: () => proveDisk(dir) }]),
		children(environment, data.id),
		templates,
		{ name: 'lua', prove: () => proveLua(engine.lua.pool, clock) },
		{ name: 'address', prove: () => works(`it listens on ${url ?? config.bind.text}`) },
		{ name: 'agent_kinds', prove: () => backends(engine, environment) },
		models(config, environment),
		{ name: 'operators', prove: () => operators(engine) },
		{ name: 'webhooks', prove: () => webhookFinding(engine.webhooks) },
		{ name: 'traces', prove: () => engine.telemetry.prove() },
		...engine.workers.profiles.list().map(workerProfile),
		...hiveProbes(engine.hive, config),
	]
	return runProbes(probes, clock)
}

/** Proves what a server on this machine would be able to do, without starting one. */
export function localChecks(config: Config, environment: Environment): Promise<Check[]> {
	const { dataDir, lua, limits } = config
	const probes: Probe[] = [
		runtime,
		{ name: 'data_dir', prove: () => proveDataDir(dataDir, systemClock) },
		{ name: 'lock', prove: () => lock(dataDir) },
		{ name: 'disk', prove: () => proveDisk(dataDir) },
		children(environment, 'local'),
		templates,
		{ name: 'lua', prove: () => localLua({ ...lua, ...limits, dataDirId: 'local' }) },
		models(config, environment),
		{ name: 'traces', prove: () => proveTelemetry(config, environment) },
	]
	return runProbes(probes, systemClock)
}

const runtime: Probe = {
	name: 'runtime',
	prove: () => {
		const versions = `mse-server ${VERSION}, Bun ${Bun.version}, SQLite ${sqliteVersion(systemClock)}`
		return works(`${versions}, ${process.platform}-${process.arch}`)
	},
}

const templates: Probe = {
	name: 'templates',
	prove() {
		const text = renderTemplate('{% for n in names %}{{ n | upper }} {% endfor %}', { names: ['a', 'b'] })
		if (text === 'A B ') return works('a template renders')
		return { status: 'broken', detail: `A template rendered as ${JSON.stringify(text)}.`, hint: 'Build or download the binary anew.' }
	},
}

function children(environment: Environment, dataDirId: string): Probe {
	const path = environment.PATH ?? '/usr/bin:/bin'
	return { name: 'child_processes', prove: () => proveChildren({ clock: systemClock, path, dataDirId }) }
}

async function localLua(options: LuaPoolOptions): Promise<Finding> {
	const pool = openLuaPool(options)
	return proveLua(pool, systemClock).finally(pool.close)
}

function lock(dataDir: string): Finding {
	const holder = lockHolder(dataDir)
	if (holder === null) return works(`nobody else uses ${dataDir}`)
	return {
		status: 'broken',
		detail: `${dataDir} is in use by ${holder}.`,
		hint: 'Ask that server with --url, or stop it; another one needs a --data-dir of its own.',
	}
}

function modelSource({ llm }: Config, environment: Environment): ModelSource {
	return { settings: parseLlmSettings(llm), environment }
}

function models(config: Config, environment: Environment): Probe {
	return { name: 'models', prove: () => proveModels(modelSource(config, environment), fetch) }
}

function backends({ registry, config }: Engine, environment: Environment): Finding {
	const hasModel = knownServers(modelSource(config, environment)).length > 0
	const canRun = (kind: string): boolean => registry.has(kind) && (kind !== 'agent_block' || hasModel)
	const there = AGENT_KINDS.filter(canRun)
	const missing = AGENT_KINDS.filter((kind) => !canRun(kind))
	const detail = `agents of kind ${there.join(', ')} can run`
	if (missing.length === 0) return works(detail)
	return {
		status: 'missing',
		detail: `${detail}; ${missing.join(', ')} cannot`,
		hint: missing.every((kind) => registry.has(kind))
			? 'They need a language model: see models.'
			: 'This build has no backend for some of them; a subprocess or an operator can do their work.',
	}
}

/** Each way to run workers has a line of its own. */
function workerProfile(profile: ExecutionProfile): Probe {
	return {
		name: `worker_profile:${profile.name}`,
		prove() {
			const reason = profile.unavailable()
			if (reason === null) return works(`workers of ${profile.name} can be created`)
			const [kind = '', name = ''] = profile.name.split(':')
			return {
				status: 'missing',
				detail: `${profile.name} cannot run workers: ${reason}.`,
				hint: `Look at [runtime.profiles.${name}] of kind "${kind}" in the config file.`,
			}
		},
	}
}

function operators({ sessions }: Engine): Finding {
	const connected = sessions.list().filter((session) => session.connected).length
	if (connected > 0) return works(`${connected} connected`)
	return {
		status: 'missing',
		detail: 'No operator is connected; steps of kind operator wait for one.',
		hint: 'Connect one: mse-server operator, or POST /v1/operators and its WebSocket.',
	}
}
