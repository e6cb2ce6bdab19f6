import { systemClock } from '../../../kernel/clock.ts'
import { serveMcp } from '../../mcp/stdio.ts'
import type { Command } from '../command.ts'
import { connectionFlags } from '../connection.ts'
import { EXIT } from '../exit-code.ts'
import { lastOf } from '../flag.ts'
import { serverUrl } from '../server-url.ts'

/** `mcp`: the server's tools for AI clients. */
export const mcpCommand: Command = {
	name: 'mcp',
	summary: 'Be an MCP server on stdin and stdout: run, watch, approve and do steps from an AI client',
	usage: '[--url URL] [--token TEXT]',
	positionals: 0,
	flags: connectionFlags,
	details: `With Claude Code:
  claude mcp add mse -- mse-server mcp

It needs a running server for most of its tools; they say so when there is none, and find it when it is back. The same tools
are at /mcp of the server itself, over Streamable HTTP:
  claude mcp add --transport http mse http://127.0.0.1:7777/mcp`,
	async run(invocation) {
		const token = lastOf(invocation.flags, 'token') || invocation.env.MSE_TOKEN || undefined
		const link = { url: serverUrl(invocation), token, mayRoam: true }
		const served = await serveMcp({ link, clock: systemClock, files: null })
		await Promise.race([served.closed, invocation.nextSignal()])
		await served.close()
		return EXIT.done
	},
}
