import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js'
import {
	CallToolRequestSchema,
	type CallToolResult,
	type ElicitRequestFormParams,
	ElicitResultSchema,
	ErrorCode,
	GetPromptRequestSchema,
	ListPromptsRequestSchema,
	ListResourcesRequestSchema,
	ListToolsRequestSchema,
	McpError,
	ReadResourceRequestSchema,
	type ServerNotification,
	type ServerRequest,
} from '@modelcontextprotocol/sdk/types.js'
import type { Clock } from '../../kernel/clock.ts'
import { nearestName } from '../../kernel/nearest.ts'
import { VERSION } from '../../kernel/version.ts'
import type { BlueprintFiles } from './blueprint-file.ts'
import { toInputSchema } from './input-schema.ts'
import { LaunchedRuns } from './launched-runs.ts'
import { OperatorDesk } from './operator-desk.ts'
import { getPrompt, listPrompts } from './prompt.ts'
import { listResources, readResource } from './resource.ts'
import { toFailure, toResult } from './result.ts'
import { clientOf, type ServerLink } from './server-link.ts'
import { toolTable } from './table.ts'
import type { ToolCall } from './tool.ts'
import { LONGEST_WAIT_SECS } from './wait.ts'

export interface McpOptions {
	readonly link: ServerLink
	readonly clock: Clock
	readonly files: BlueprintFiles | null
}

/** One MCP client's server: what it joined and launched is kept with it. */
export interface McpServer {
	readonly server: Server
	/** Gives its sessions up; the runs that it launched go on. */
	close(): Promise<void>
}

const INSTRUCTIONS = `Tools of an mse-server, which runs flows of agents (Blueprints) durably. swarm_run launches one; mse_waiting says who waits for what.
To do steps yourself: mse_operator_join, then again and again mse_pending_wait, do what the directive says (mse_worker_fetch, the work,
mse_worker_submit), mse_ack. Approvals are a person's to decide: mse_approvals, mse_approve, mse_deny. Guides are resources under mse://guides/.`

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>

export function newMcpServer(options: McpOptions): McpServer {
	const desk = new OperatorDesk(options.clock)
	const launched = new LaunchedRuns()
	const server = new Server(
		{ name: 'mse-server', version: VERSION },
		{ capabilities: { tools: {}, resources: {}, prompts: {} }, instructions: INSTRUCTIONS },
	)
	server.setRequestHandler(ListToolsRequestSchema, () => ({
		tools: toolTable.map(({ name, description, input, hints }) => ({
			...{ name, description, inputSchema: toInputSchema(input) },
			annotations: { ...hints, openWorldHint: false },
		})),
	}))
	server.setRequestHandler(CallToolRequestSchema, ({ params }, extra) =>
		callTool(params.name, params.arguments, {
			...options,
			desk,
			launched,
			...toCall(options, extra),
			elicit: canElicit(server) ? eliciting(extra) : null,
		}),
	)
	server.setRequestHandler(ListPromptsRequestSchema, listPrompts)
	server.setRequestHandler(GetPromptRequestSchema, ({ params }) => getPrompt(params.name, params.arguments))
	server.setRequestHandler(ListResourcesRequestSchema, listResources)
	server.setRequestHandler(ReadResourceRequestSchema, ({ params: { uri } }, { signal }) =>
		readResource(uri, () => clientOf(options.link, undefined, signal)),
	)
	return { server, close: () => desk.close() }
}

async function callTool(name: string, given: unknown, call: ToolCall): Promise<CallToolResult> {
	const tool = toolTable.find((known) => known.name === name)
	if (!tool)
		throw new McpError(
			ErrorCode.InvalidParams,
			`There is no tool ${name}.${nearestName(
				name,
				toolTable.map((known) => known.name),
			)}`,
		)
	try {
		return toResult(tool, await tool.call(given, call))
	} catch (thrown) {
		return toFailure(tool, thrown)
	}
}

/** A client that knows pages only, and no forms, cannot. */
function canElicit(server: Server): boolean {
	const { elicitation } = server.getClientCapabilities() ?? {}
	return elicitation !== undefined && !(elicitation.url !== undefined && elicitation.form === undefined)
}

/** Over the stream of the call itself, which is open. */
function eliciting({ sendRequest }: Extra): NonNullable<ToolCall['elicit']> {
	return (message, form, until) => {
		const requestedSchema = { ...form, required: [...form.required] } as ElicitRequestFormParams['requestedSchema']
		const options = { signal: until, timeout: LONGEST_WAIT_SECS * 1000 }
		return sendRequest({ method: 'elicitation/create', params: { mode: 'form', message, requestedSchema } }, ElicitResultSchema, options)
	}
}

function toCall({ link }: McpOptions, { signal, _meta, sendNotification }: Extra): Pick<ToolCall, 'signal' | 'server' | 'progress'> {
	const progressToken = _meta?.progressToken
	let progress = 0
	return {
		signal,
		server: (bind) => clientOf(link, bind, signal),
		progress(message) {
			if (progressToken === undefined || signal.aborted) return
			progress++
			sendNotification({ method: 'notifications/progress', params: { progressToken, progress, message } }).catch(() => {})
		},
	}
}
