import { MseError } from '../../kernel/error.ts'
import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts'

/** A child process that speaks MCP over its stdin and stdout, or a server that speaks streamable HTTP. */
export type McpServerSpec =
	| { readonly name: string; readonly command: string; readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> }
	| { readonly name: string; readonly url: string; readonly headers: Readonly<Record<string, string>> }

/** What an agent of kind `agent_block` says about its work. */
export interface AgentBlockSpec {
	/** Folder in which MCP servers start, unless the task has one. */
	readonly projectRoot: string | undefined
	readonly mcpRpcTimeoutMs: number
	readonly mcpServers: readonly McpServerSpec[]
	/** Name of a table `[llm.<name>]` of the config file. */
	readonly llm: string | undefined
	/** Turns of the model in one attempt. */
	readonly maxTurns: number
	readonly maxOutputTokens: number | undefined
	/** Whether the model is offered `stage_part` and `report_failure`; some small models cannot call tools at all. */
	readonly builtinTools: boolean
}

const DEFAULT_RPC_TIMEOUT_MS = 30_000
const DEFAULT_MAX_TURNS = 32
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1

/** The first four keys are those of mlua-swarm 0.1.0, the others ours. Throws `invalid` (code `invalid_agent_spec`). */
export function parseAgentBlockSpec(raw: unknown): AgentBlockSpec {
	const spec = isJsonObject(raw) ? raw : {}
	if (spec.script_path != null)
		throw invalid("'script_path' is not supported: agents of kind 'lua' run scripts; without it the model answers the prompt itself")
	return {
		projectRoot: textAt(spec, 'project_root'),
		mcpRpcTimeoutMs: countAt(spec, 'mcp_rpc_timeout_ms', LONGEST_TIMEOUT_MS) ?? DEFAULT_RPC_TIMEOUT_MS,
		mcpServers: serversAt(spec.mcp_servers ?? []),
		llm: textAt(spec, 'llm'),
		maxTurns: countAt(spec, 'max_turns', 1000) ?? DEFAULT_MAX_TURNS,
		maxOutputTokens: countAt(spec, 'max_output_tokens', 10_000_000),
		builtinTools: flagAt(spec, 'builtin_tools') ?? true,
	}
}

function serversAt(list: Json): McpServerSpec[] {
	if (!Array.isArray(list)) throw invalid("'mcp_servers' must be a list")
	const servers = list.map((entry: Json, index) => parseServer(entry, `mcp_servers[${index}]`))
	const twice = servers.find(({ name }, index) => servers.findIndex((other) => other.name === name) !== index)
	if (twice) throw invalid(`'mcp_servers' has two servers named '${twice.name}'`)
	return servers
}

function parseServer(entry: Json, where: string): McpServerSpec {
	if (!isJsonObject(entry)) throw invalid(`'${where}' must be an object`)
	const { name, command, url } = entry
	if (typeof name !== 'string' || name === '' || name.includes('__')) throw invalid(`'${where}.name' (a text without '__') required`)
	if ((typeof command === 'string') === (typeof url === 'string'))
		throw invalid(`'${where}' (${name}) needs either a 'command' with 'args' or a 'url'`)
	if (typeof url === 'string') {
		if (!/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : '')) throw invalid(`'${where}.url' must be an http(s) URL`)
		return { name, url, headers: textsAt(entry, 'headers', where) }
	}
	const args = entry.args ?? []
	if (!isTexts(args)) throw invalid(`'${where}.args' must be a list of texts`)
	return { name, command: String(command), args, env: textsAt(entry, 'env', where) }
}

function textsAt(entry: JsonObject, key: string, where: string): Readonly<Record<string, string>> {
	const value = entry[key] ?? {}
	if (isJsonObject(value) && isTexts(Object.values(value))) return value as Readonly<Record<string, string>>
	throw invalid(`'${where}.${key}' must be an object of texts`)
}

function isTexts(value: Json): value is readonly string[] {
	return Array.isArray(value) && value.every((item: Json) => typeof item === 'string')
}

function textAt(spec: JsonObject, key: string): string | undefined {
	const value = spec[key] ?? undefined
	if (value === undefined || (typeof value === 'string' && value !== '')) return value
	throw invalid(`'${key}' must be a text that is not empty`)
}

function countAt(spec: JsonObject, key: string, most: number): number | undefined {
	const value = spec[key] ?? undefined
	if (value === undefined || (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most)) return value
	throw invalid(`'${key}' must be a whole number from 1 to ${most}`)
}

function flagAt(spec: JsonObject, key: string): boolean | undefined {
	const value = spec[key] ?? undefined
	if (value === undefined || typeof value === 'boolean') return value
	throw invalid(`'${key}' must be true or false`)
}

function invalid(what: string): MseError {
	return new MseError('invalid', `agent_block spec: ${what}`, { code: 'invalid_agent_spec' })
}
