/** `["a", "b"]`, as mlua-swarm lists names. */
export function listed(names: readonly string[]): string {
	return `[${names.map((name) => JSON.stringify(name)).join(', ')}]`
}

/** `agent_block` as `AgentBlock`. */
export function pascalCase(word: string): string {
	return word
		.split('_')
		.map((part) => `${part.charAt(0).toUpperCase()}${part.slice(1)}`)
		.join('')
}
