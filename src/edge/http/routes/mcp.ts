import type { McpSessions } from '../../mcp/http.ts'
import { swarmRoutes } from '../failure.ts'

export interface McpRouteDeps {
	/** Opened by the first request. */
	sessions(): Promise<Pick<McpSessions, 'handle'>>
}

/** The part of a request's context that a stream needs. */
interface Asked {
	readonly request: Request
	readonly server: { timeout(request: Request, seconds: number): void } | null
}

/**
 * `/mcp`: the tools of `mse-server mcp` over Streamable HTTP. Mounted beside the other routes and not by their type, since these
 * tools are clients of them. The admin token guards it, where there is one.
 */
export function mcpRoutes({ sessions }: McpRouteDeps) {
	const handle = async ({ request, server }: Asked): Promise<Response> => {
		// A stream of a session is silent for as long as nothing happens.
		server?.timeout(request, 0)
		return (await sessions()).handle(request)
	}
	const raw = { parse: 'none' as const, detail: { hide: true, summary: 'Speaks MCP over Streamable HTTP' } }
	return swarmRoutes('mcp').get('/mcp', handle, raw).post('/mcp', handle, raw).delete('/mcp', handle, raw)
}
