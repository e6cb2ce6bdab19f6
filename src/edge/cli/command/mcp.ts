import { loadConfig } from '../../../config.ts'
import { systemClock } from '../../../kernel/clock.ts'
import { localFiles } from '../blueprint/local-files.ts'
import type { Command, Invocation } from '../command.ts'
import { connectionFlags } from '../connection.ts'
import { EXIT } from '../exit-code.ts'
import { lastOf } from '../flag.ts'
import { serverUrl } from '../server-url.ts'
import { readTextFile } from '../text-file.ts'
import type { ReadBlueprint } from './run.ts'

/** `mcp`: the server's tools for AI clients. Files they name are below the folder that it is started in. */
export const mcpCommand = (readBlueprint: ReadBlueprint): Command => ({
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
		keepStdoutClean()
		const files = localFiles(process.cwd(), (file) => readBlueprint(file, configOf(invocation)))
		// No other command needs what it is made of.
		const { serveMcp } = await import('../../mcp/stdio.ts')
		const served = await serveMcp({ link, clock: systemClock, files })
		await Promise.race([served.closed, invocation.nextSignal()])
		await served.close()
		return EXIT.done
	},
})

/** Where included files are looked for, and the limits of scripts. */
const configOf = ({ env }: Pick<Invocation, 'env'>) => loadConfig({ flags: new Map(), env, readFile: readTextFile })

/** Stdout is the client's; what a Blueprint module prints goes beside it. */
function keepStdoutClean(): void {
	const { error } = console
	Object.assign(console, { log: error, info: error, debug: error, table: error, dir: error })
}
