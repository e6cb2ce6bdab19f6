import { dynamicTool, jsonSchema, type ToolSet } from 'ai'
import { isJsonObject } from '../../../kernel/json.ts'
import { grantName, type McpGrant } from '../grant.ts'
import type { McpConnection } from './connection.ts'

/** What a model can still read of one answer. */
const LONGEST_RESULT = 200_000

/** The granted tools of one server, under the names the model calls them by. Throws for a tool that the server lacks. */
export function mcpTools(connection: McpConnection, { tools: granted }: McpGrant): ToolSet {
	const offered = new Map(connection.tools.map((tool) => [tool.name, tool]))
	const lacking = [...(granted ?? [])].find((name) => !offered.has(name))
	if (lacking !== undefined)
		throw new Error(`the MCP server '${connection.name}' has no tool '${lacking}'; it has ${[...offered.keys()].join(', ') || 'none'}`)
	const chosen = connection.tools.filter(({ name }) => granted === null || granted.has(name))
	return Object.fromEntries(
		chosen.map(({ name, description = '', inputSchema }) => [
			grantName(connection.name, name),
			dynamicTool({
				description,
				inputSchema: jsonSchema(inputSchema as Parameters<typeof jsonSchema>[0]),
				execute: async (input) => resultText(await connection.call(name, isJsonObject(input) ? input : {})),
			}),
		]),
	)
}

/** The text of an answer; other content is named. Throws what the tool itself calls an error, which the model is then told. */
function resultText(result: Awaited<ReturnType<McpConnection['call']>>): string {
	const content = Array.isArray(result.content) ? result.content : []
	const texts = content.map((item: unknown) => (isJsonObject(item) && typeof item.text === 'string' ? item.text : described(item)))
	const whole = texts.length > 0 ? texts.join('\n') : JSON.stringify(result.structuredContent ?? result.toolResult ?? '')
	const shown =
		whole.length > LONGEST_RESULT ? `${whole.slice(0, LONGEST_RESULT)}\n[${whole.length - LONGEST_RESULT} characters left out]` : whole
	if (result.isError === true) throw new Error(shown)
	return shown
}

function described(item: unknown): string {
	if (!isJsonObject(item)) return ''
	if (isJsonObject(item.resource) && typeof item.resource.text === 'string') return item.resource.text
	return `[${String(item.type)}${typeof item.mimeType === 'string' ? ` ${item.mimeType}` : ''}${typeof item.uri === 'string' ? ` ${item.uri}` : ''}]`
}
