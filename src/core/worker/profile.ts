import type { ProfileSelector, RuntimeProfile } from '../../protocol/runtime.ts'
import type { ExecutionProfile } from './execution.ts'

/** Profiles by name; those that are not listed beforehand (an operator's role) are found when they are asked for. */
export interface ProfileCatalog {
	list(): readonly ExecutionProfile[]
	find(name: string): ExecutionProfile | null
}

const KINDS = ['builtin', 'process', 'http', 'llm', 'operator', 'hive']

/** The whole name that a selector means. `runtime_default` and `builtin:coder` mean the default profile. */
export function profileNameOf(selector: ProfileSelector, defaultProfile: string): string {
	if (selector.kind === 'runtime_default') return defaultProfile
	const value = selector.value.trim()
	const name = KINDS.includes(value.split(':', 1)[0] ?? '') && value.includes(':') ? value : `builtin:${value}`
	return name === 'builtin:coder' ? defaultProfile : name
}

export function listProfiles(catalog: ProfileCatalog): RuntimeProfile[] {
	return catalog.list().map((profile) => {
		const reason = profile.unavailable()
		return { name: profile.name, available: reason === null, ...(reason !== null && { reason }) }
	})
}
