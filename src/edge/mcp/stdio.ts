import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { type McpOptions, newMcpServer } from './server.ts'

export interface ServedMcp {
	/** Resolves when the client is gone or `close` was called. */
	readonly closed: Promise<void>
	/** Ends it, and gives up the operator sessions that the client joined. */
	close(): Promise<void>
}

/** An MCP server for the client at the other end of a transport; left out, of stdin and stdout. Nothing else is written there. */
export async function serveMcp(options: McpOptions & { readonly transport?: Transport }): Promise<ServedMcp> {
	const { server, close: leave } = newMcpServer(options)
	const { promise: closed, resolve } = Promise.withResolvers<void>()
	server.onclose = resolve
	if (!options.transport) process.stdin.once('end', () => void server.close())
	await server.connect(options.transport ?? new StdioServerTransport())
	return {
		closed,
		async close() {
			await server.close()
			await leave()
		},
	}
}
