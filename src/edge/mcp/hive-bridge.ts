import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { CallToolRequestSchema, type CallToolResult, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { messageOf } from '../../kernel/error.ts'
import { VERSION } from '../../kernel/version.ts'
import { askPatiently, type PatientSocket } from '../client/patient-socket.ts'
import { type HiveRole, type HiveTool, hiveTools } from './hive-tool.ts'

export interface HiveBridgeOptions extends PatientSocket {
	readonly role: HiveRole
	/** Left out: stdin and stdout of this process. */
	readonly transport?: Transport
}

const INSTRUCTIONS = `You are an agent of a hive: you have an inbox, and others write to you by your name. After each tool call you are told how many
messages wait. Take them with recv, one at a time. A message from "system" whose body is {"type":"spawn", …} is work: get it with worker_prompt and the
worker_handle of that body, do it, worker_submit the result, then mse_ack with its req_id, kind "spawn_ack" and ok true.`

/** An MCP server whose tools are the verbs of one socket. Resolves when its client is gone; `close` ends it. */
export async function serveHiveBridge(options: HiveBridgeOptions): Promise<{ readonly closed: Promise<void>; close(): Promise<void> }> {
	const tools = hiveTools(options.role)
	const server = new Server({ name: 'mse-server-hive', version: VERSION }, { capabilities: { tools: {} }, instructions: INSTRUCTIONS })
	server.setRequestHandler(ListToolsRequestSchema, () => ({
		tools: tools.map(({ name, description, input }) => ({ name, description, inputSchema: { ...input, type: 'object' as const } })),
	}))
	server.setRequestHandler(CallToolRequestSchema, async ({ params }, { signal }) => {
		const tool = tools.find(({ name }) => name === params.name)
		if (!tool) return text([`There is no tool ${params.name}; there are ${tools.map(({ name }) => name).join(', ')}.`], true)
		return call(options, tool, params.arguments ?? {}, signal)
	})
	const { promise: closed, resolve } = Promise.withResolvers<void>()
	server.onclose = resolve
	const close = (): Promise<void> => server.close()
	if (!options.transport) process.stdin.once('end', () => void close())
	await server.connect(options.transport ?? new StdioServerTransport())
	return { closed, close }
}

/** What the socket answered, line for line, and how many messages wait by now. */
async function call(options: PatientSocket, tool: HiveTool, input: object, signal: AbortSignal): Promise<CallToolResult> {
	try {
		const answer = await askPatiently(options, { ...input, cmd: tool.name }, { signal, mayRepeat: tool.mayRepeat })
		const isError = answer.kind === 'err'
		return text([isError ? String(answer.message) : JSON.stringify(answer), await inboxLine(options, signal)], isError)
	} catch (error) {
		return text([messageOf(error)], true)
	}
}

async function inboxLine({ path, clock }: PatientSocket, signal: AbortSignal): Promise<string> {
	try {
		const { unread } = await askPatiently({ path, clock, pausesMs: [] }, { cmd: 'status' }, { signal, mayRepeat: true })
		return `inbox: ${unread} unread`
	} catch {
		return 'inbox: the hive does not answer'
	}
}

const text = (lines: readonly string[], isError: boolean): CallToolResult => ({
	content: lines.map((line) => ({ type: 'text', text: line })),
	...(isError && { isError }),
})
