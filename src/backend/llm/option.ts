import type { McpOptions } from './mcp/connection.ts'
import type { ModelSource } from './model.ts'

export interface LlmOptions extends McpOptions, ModelSource {
	/** Attempts with MCP servers of their own at one time; further ones wait in order. */
	readonly children: number
	/** Most named parts of one output. */
	readonly parts: number
}
