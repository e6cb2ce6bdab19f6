import { parseLlmSettings } from '../backend/llm/setting.ts'
import { llmProfile } from '../backend/llm/worker.ts'
import type { ChildList } from '../backend/process/child-list.ts'
import type { ChildSlots } from '../backend/process/child-slots.ts'
import { processProfile } from '../backend/process/worker/profile.ts'
import { echoProfile } from '../backend/worker/echo.ts'
import { httpProfile } from '../backend/worker/http.ts'
import { type OperatorWorkerDeps, operatorProfile } from '../backend/worker/operator.ts'
import { pullProfile } from '../backend/worker/pull.ts'
import type { Config } from '../config.ts'
import type { ExecutionProfile } from '../core/worker/execution.ts'
import type { LeaseDesk } from '../core/worker/lease-desk.ts'
import type { ProfileCatalog } from '../core/worker/profile.ts'
import type { Clock } from '../kernel/clock.ts'
import { parseConfigTable } from '../kernel/config-table.ts'
import { MseError } from '../kernel/error.ts'
import { isJsonObject } from '../kernel/json.ts'
import type { Logger } from '../kernel/log.ts'
import {
	HttpPullProfileSchema,
	HttpPushProfileSchema,
	LlmProfileSchema,
	ProcessProfileSchema,
	type ProfileTable,
} from '../protocol/runtime-profile.ts'

/** Profiles under one word that no table gives, such as `operator:<role>`. */
export interface ProfileFamily {
	readonly prefix: string
	/** Names after the prefix that can be seen beforehand. */
	names(): readonly string[]
	profile(name: string): ExecutionProfile
}

export interface ProfileOptions {
	readonly config: Config
	readonly clock: Clock
	readonly log: Logger
	readonly environment: { readonly [name: string]: string | undefined }
	baseUrl(): string | undefined
	readonly dataDirId: string
	readonly childList: ChildList | undefined
	readonly childSlots: ChildSlots
	readonly killGraceMs: number
	readonly desk: LeaseDesk
	readonly families: readonly ProfileFamily[]
}

/** What workers can be run by: `builtin:echo`, a profile for each table of the configuration, and the families. */
export function newCatalog(options: ProfileOptions): ProfileCatalog {
	const tables = Object.entries(options.config.runtime.profiles)
	const fixed = [echoProfile, ...tables.map(([name, table]) => toProfile(name, parseProfile(name, table), options))]
	const ofFamily = (name: string): ExecutionProfile | null => {
		const family = options.families.find(({ prefix }) => name.startsWith(prefix) && name.length > prefix.length)
		return family ? family.profile(name.slice(family.prefix.length)) : null
	}
	return {
		list: () => [...fixed, ...options.families.flatMap((family) => family.names().map((name) => family.profile(name)))],
		find: (name) => fixed.find((profile) => profile.name === name) ?? ofFamily(name),
	}
}

/** `operator:<sid or role>`; `names` are those of sessions that are there. */
export function operatorFamily(deps: OperatorWorkerDeps, names: () => readonly string[]): ProfileFamily {
	return { prefix: 'operator:', names, profile: (name) => operatorProfile(name, deps) }
}

/** Why no agent of a hive can be had. */
export const HIVE_OFF = 'the hive is off'

/** `hive:<agent>` while no hive is on: named, and why it cannot run. */
export const hiveOff: ProfileFamily = {
	prefix: 'hive:',
	names: () => [],
	profile: (name) => ({ name: `hive:${name}`, unavailable: () => HIVE_OFF, spawn: () => Promise.reject(new Error(HIVE_OFF)) }),
}

/** Throws `config_invalid` for a table that is none of a profile, naming the key that is wrong. */
function parseProfile(name: string, table: unknown): ProfileTable {
	const path = ['runtime', 'profiles', name]
	const { kind, mode } = isJsonObject(table) ? table : {}
	if (kind === 'process') return parseConfigTable(path, ProcessProfileSchema, table)
	if (kind === 'llm') return parseConfigTable(path, LlmProfileSchema, table)
	if (kind === 'http' && mode === 'pull') return parseConfigTable(path, HttpPullProfileSchema, table)
	if (kind === 'http') return parseConfigTable(path, HttpPushProfileSchema, table)
	throw new MseError('invalid', `[runtime.profiles.${name}] is of no kind that this server knows.`, {
		code: 'config_invalid',
		hint: 'Give it kind = "process" with argv, kind = "http" with url or mode = "pull", or kind = "llm".',
	})
}

function toProfile(name: string, table: ProfileTable, options: ProfileOptions): ExecutionProfile {
	const { childList, config, environment, clock, desk, baseUrl } = options
	const { outputBytes } = config.limits
	if (table.kind === 'process') return processProfile(name, table, { ...options, outputBytes, ...(childList && { childList }) })
	if (table.kind === 'llm')
		return llmProfile(name, table, { settings: parseLlmSettings(config.llm), environment, clock, fetch, outputBytes })
	if (table.mode === 'pull') return pullProfile(name, table, desk)
	return httpProfile(name, table, { desk, clock, fetch, outputBytes, baseUrl })
}
