import type { ChildSlots } from '../process/child-slots.ts'
import type { McpOptions } from './mcp/connection.ts'
import type { ModelSource } from './model.ts'

export interface LlmOptions extends McpOptions, ModelSource {
	/** Where attempts with MCP servers of their own wait in order. */
	readonly children: ChildSlots
	/** Most named parts of one output. */
	readonly parts: number
}
