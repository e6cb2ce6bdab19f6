import { parseAgentMd } from '../../core/blueprint/agent-md.ts'
import { messageOf } from '../../kernel/error.ts'
import { isJsonObject } from '../../kernel/json.ts'
import type { AgentExplanation } from '../../protocol/blueprint-explain.ts'
import type { BlueprintFiles } from './blueprint-file.ts'

/**
 * How the tools that a Blueprint declares for an agent differ from those of the agent file that its worker is started from
 * (mlua-swarm 0.26.0); null where no worker type is declared or files are out of reach.
 */
export async function toolDrift(
	files: BlueprintFiles | null,
	folder: string,
	{ worker_binding, declared_tools: { tools } }: Pick<AgentExplanation, 'worker_binding' | 'declared_tools'>,
) {
	if (!files || !worker_binding) return null
	const wrapper = `${folder}/${worker_binding.variant}.md`
	const text = await files.text(wrapper)
	if (text === null) return { wrapper, found: false, note: 'The worker cannot be started here: there is no such agent file.' }
	try {
		const { profile } = parseAgentMd(text, { path: wrapper, kind: 'operator' })
		const own = isJsonObject(profile) && Array.isArray(profile.tools) ? profile.tools.map(String) : []
		// A file that names none has them all.
		const missing = own.length === 0 ? [] : tools.filter((tool) => !own.includes(tool))
		const additional = own.filter((tool) => !tools.includes(tool))
		return { wrapper, found: true, drifted: missing.length > 0 || additional.length > 0, missing, additional }
	} catch (thrown) {
		return { wrapper, found: true, note: messageOf(thrown) }
	}
}
