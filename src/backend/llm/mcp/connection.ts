import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { Tool } from '@modelcontextprotocol/sdk/types.js'
import type { Attempt } from '../../../core/dispatch/backend.ts'
import { raceAbort } from '../../../kernel/abort.ts'
import { messageOf } from '../../../kernel/error.ts'
import { VERSION } from '../../../kernel/version.ts'
import type { ChildLimits } from '../../process/child.ts'
import { childEnvironment, type EnvironmentSource } from '../../process/environment.ts'
import type { Fetch } from '../patient-fetch.ts'
import type { McpServerSpec } from '../spec.ts'
import { childTransport } from './child-transport.ts'

export interface McpOptions extends ChildLimits, EnvironmentSource {
	readonly fetch: Fetch
}

/** What a connection is for: one attempt, in one folder. */
export interface McpUse {
	readonly attempt: Attempt
	/** Undefined: where the server was started. */
	readonly cwd: string | undefined
	readonly rpcTimeoutMs: number
	/** Ends every call. */
	readonly signal: AbortSignal
}

export interface McpConnection {
	readonly name: string
	readonly tools: readonly Tool[]
	call(tool: string, input: Record<string, unknown>): ReturnType<Client['callTool']>
	/** Resolves once nothing of the server is left in this process, nor below it. */
	close(): Promise<void>
}

const MOST_PAGES = 100

/** Starts or reaches a server and asks for its tools. Throws a sentence that names it, and leaves nothing behind then. */
export async function openMcp(options: McpOptions, server: McpServerSpec, use: McpUse): Promise<McpConnection> {
	const { transport, failure } = transportFor(options, server, use)
	const client = new Client({ name: 'mse-server', version: VERSION })
	const limits = { timeout: use.rpcTimeoutMs, signal: use.signal }
	const close = async (): Promise<void> => {
		await client.close().catch(() => {})
		await transport.close().catch(() => {})
	}
	try {
		await raceAbort(client.connect(transport, limits), use.signal)
		const tools = await listTools(client, limits)
		return { name: server.name, tools, close, call: (name, input) => client.callTool({ name, arguments: input }, undefined, limits) }
	} catch (thrown) {
		const why = failure() ?? messageOf(thrown)
		await close()
		use.signal.throwIfAborted()
		throw new Error(`the MCP server '${server.name}' cannot be used: ${why}`)
	}
}

function transportFor(
	options: McpOptions,
	server: McpServerSpec,
	use: McpUse,
): { transport: Transport; failure: () => string | undefined } {
	if ('url' in server) {
		const requestInit = { headers: { ...server.headers } }
		return {
			transport: new StreamableHTTPClientTransport(new URL(server.url), { requestInit, fetch: options.fetch }),
			failure: () => undefined,
		}
	}
	// A key of its own, so that the end of one server does not take the others along.
	const attempt = { ...use.attempt, credentials: undefined, key: `${use.attempt.key}:mcp:${server.name}` }
	const env = childEnvironment(options, server.env, attempt)
	const work = { argv: [server.command, ...server.args], env, cwd: use.cwd, key: attempt.key }
	const transport = childTransport(work, { ...options, outputBytes: Number.POSITIVE_INFINITY }, options.outputBytes)
	return { transport, failure: transport.failure }
}

async function listTools(client: Client, limits: { timeout: number; signal: AbortSignal }): Promise<Tool[]> {
	const tools: Tool[] = []
	let cursor: string | undefined
	for (let page = 0; page < MOST_PAGES; page++) {
		const answer = await client.listTools(cursor === undefined ? {} : { cursor }, limits)
		tools.push(...answer.tools)
		cursor = answer.nextCursor
		if (cursor === undefined) return tools
	}
	throw new Error(`it lists its tools on more than ${MOST_PAGES} pages`)
}
