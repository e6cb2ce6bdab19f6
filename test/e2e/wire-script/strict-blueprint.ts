/** Every key that mlua-swarm 0.26.0 knows, by where it stands; its parser refuses a document with any other. */
const KNOWN: { readonly [place: string]: string } = {
	'': `schema_version id flow agents operators metas hints strategy metadata spawner_hints default_agent_kind default_operator_kind
		default_init_ctx default_agent_ctx default_context_policy projection_placement audits degradation_policy runners default_runner
		subprocesses check_policy blueprint_ref_includes`,
	agents: 'name kind spec profile meta runner runner_ref verdict lints',
	'agents.profile': 'system_prompt model effort tools description extras version_hash worker_binding',
	'agents.meta': 'description version tags ctx context_policy meta_ref projection_name',
	operators: 'name display_name kind spec profile meta',
	metas: 'name ctx',
	hints: 'per_agent global',
	strategy: 'strict_refs strict_kind strict_binding',
	metadata: 'description origin tags version_label project_name_alias default_run_ttl_secs strict_verdict_handling lints',
	spawner_hints: 'layers',
	audits: 'agent steps mode',
	runners: 'name runner',
	subprocesses: 'name argv stdin env cwd output stream_mode',
}

/** Keys that a strict parser of the swarm would refuse, as `place.key`. */
export function strangeKeys(document: unknown): string[] {
	return Object.entries(KNOWN).flatMap(([place, keys]) => {
		const known = new Set(keys.split(/\s+/))
		const found = within(document, place === '' ? [] : place.split('.')).flatMap((part) => Object.keys(part))
		return [...new Set(found)].filter((key) => !known.has(key)).map((key) => `${place}.${key}`)
	})
}

/** The objects at a place; a list stands for each of its members. */
function within(value: unknown, path: readonly string[]): object[] {
	if (Array.isArray(value)) return value.flatMap((member) => within(member, path))
	if (typeof value !== 'object' || value === null) return []
	const [key, ...rest] = path
	return key === undefined ? [value] : within((value as Record<string, unknown>)[key], rest)
}
