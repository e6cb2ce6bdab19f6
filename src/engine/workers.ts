import { Value } from '@sinclair/typebox/value'
import type { ChildList } from '../backend/process/child-list.ts'
import { processProfile } from '../backend/process/worker/profile.ts'
import { echoProfile } from '../backend/worker/echo.ts'
import { httpProfile } from '../backend/worker/http.ts'
import type { Config } from '../config.ts'
import type { EventLog } from '../core/event/log.ts'
import type { OutputStore } from '../core/output/store.ts'
import type { ExecutionProfile } from '../core/worker/execution.ts'
import type { ProfileCatalog } from '../core/worker/profile.ts'
import { endWithRuns } from '../core/worker/run-worker.ts'
import { WorkerRuntime } from '../core/worker/runtime.ts'
import { newTurns } from '../core/worker/turn.ts'
import type { Clock } from '../kernel/clock.ts'
import { MseError } from '../kernel/error.ts'
import { asOutputId } from '../kernel/id.ts'
import type { Logger } from '../kernel/log.ts'
import { type ProfileTable, ProfileTableSchema } from '../protocol/runtime-profile.ts'
import type { SqliteDatabase } from '../store/sqlite/database.ts'
import { SqliteWorkerStore } from '../store/sqlite/worker-store.ts'

export interface WorkerPartOptions {
	readonly config: Config
	readonly clock: Clock
	readonly log: Logger
	readonly environment: { readonly [name: string]: string | undefined }
	baseUrl(): string | undefined
	readonly db: SqliteDatabase
	readonly dataDirId: string
	readonly childList: ChildList | undefined
	readonly killGraceMs: number
	readonly outputs: Pick<OutputStore, 'get'>
	readonly events: Pick<EventLog, 'subscribe'>
}

/** The worker runtime of an engine: its store, the profiles that the configuration gives, and the runtime around them. */
export async function openWorkers(options: WorkerPartOptions) {
	const { config, log, db, outputs } = options
	const { runtimeId, defaultProfile, keepObservations } = config.runtime
	const store = new SqliteWorkerStore(db, keepObservations)
	await store.open()
	const profiles = newCatalog(options)
	const runtime = new WorkerRuntime({
		...{ store, profiles, runtimeId, defaultProfile, log },
		hasAttachment: async (id) => (await outputs.get(asOutputId(id))) !== null,
	})
	const unsubscribe = endWithRuns({ events: options.events, store, runtime, log })
	return {
		...{ store, profiles, runtime, turns: newTurns(runtime) },
		/** Lets go of all executions; the next life starts them again. */
		async stop(): Promise<void> {
			unsubscribe()
			await runtime.stop()
		},
	}
}

function newCatalog(options: WorkerPartOptions): ProfileCatalog {
	const tables = Object.entries(options.config.runtime.profiles)
	const listed = [echoProfile, ...tables.map(([name, table]) => toProfile(name, parseProfile(name, table), options))]
	return {
		list: () => listed,
		find: (name) => listed.find((profile) => profile.name === name) ?? null,
	}
}

/** Throws `config_invalid` for a table that is none of a profile. */
function parseProfile(name: string, table: unknown): ProfileTable {
	if (Value.Check(ProfileTableSchema, table)) return table
	throw new MseError('invalid', `[runtime.profiles.${name}] is not a profile that this server knows.`, {
		code: 'config_invalid',
		hint: 'Give it kind = "process" with argv, or kind = "http" with url, and no key besides those of its kind.',
	})
}

function toProfile(name: string, table: ProfileTable, options: WorkerPartOptions): ExecutionProfile {
	const { childList, config } = options
	if (table.kind === 'process')
		return processProfile(name, table, { ...options, outputBytes: config.limits.outputBytes, ...(childList && { childList }) })
	if (table.kind === 'http') return httpProfile(name, table, { clock: options.clock, fetch, outputBytes: config.limits.outputBytes })
	return notYet(`llm:${name}`, 'this server has no backend for language models')
}

/** Listed so that its name and what is missing can be seen. */
function notYet(name: string, reason: string): ExecutionProfile {
	return {
		name,
		unavailable: () => reason,
		spawn: () => Promise.reject(new Error(reason)),
	}
}
