import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import type { RequestOptions } from '@modelcontextprotocol/sdk/shared/protocol.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { JSONRPCMessageSchema } from '@modelcontextprotocol/sdk/types.js'
import { tempDir } from '../../support/temp-dir.ts'
import { bareEnvironment, binaryPath } from './binary.ts'

export interface McpProcess {
	readonly args?: readonly string[]
	readonly env?: Readonly<Record<string, string>>
	/** Files of the folder it is started in. */
	readonly files?: Readonly<Record<string, string>>
}

/** An MCP client of `mse-server mcp`, compiled, over its stdin and stdout. Whatever else it writes to stdout fails the test. */
export async function startMcp({ args = [], env = {}, files = {} }: McpProcess = {}) {
	const home = tempDir()
	for (const [name, text] of Object.entries(files)) await Bun.write(`${home.path}/${name}`, text)
	const child = Bun.spawn([binaryPath(), 'mcp', ...args], {
		cwd: home.path,
		env: bareEnvironment(home.path, env),
		stdin: 'pipe',
		stdout: 'pipe',
		stderr: 'pipe',
	})
	const stderr = child.stderr.text()
	const strange: string[] = []
	const transport = pipeTransport(child, strange)
	const client = new Client({ name: 'e2e', version: '0' })
	await client.connect(transport)
	const say = async (name: string, given: Record<string, unknown> = {}, options: RequestOptions = {}) => {
		const { content, isError = false } = await client.callTool({ name, arguments: given }, undefined, options)
		const [{ text }] = content as [{ text: string }]
		// biome-ignore lint/suspicious/noExplicitAny: tests look into answers by path
		return { isError, value: JSON.parse(text) as any }
	}
	return {
		client,
		say,
		async use(name: string, given: Record<string, unknown> = {}, options: RequestOptions = {}) {
			const { isError, value } = await say(name, given, options)
			if (isError) throw new Error(`${name}: ${JSON.stringify(value)}`)
			return value
		},
		kill: (signal: NodeJS.Signals) => child.kill(signal),
		/** Closes its stdin, as a client that ends does: its exit code and what it wrote to stderr. */
		async leave() {
			child.stdin.end()
			return { code: await child.exited, stderr: await stderr }
		},
		async [Symbol.asyncDispose]() {
			child.kill('SIGKILL')
			await child.exited
			home[Symbol.dispose]()
			if (strange.length > 0) throw new Error(`stdout has what is no JSON-RPC: ${strange.join('\n')}`)
		},
	}
}

type Child = Bun.Subprocess<'pipe', 'pipe', 'pipe'>

function pipeTransport(child: Child, strange: string[]): Transport {
	const transport: Transport = {
		async start() {
			void readLines(child, (line) => {
				const message = JSONRPCMessageSchema.safeParse(parsed(line))
				if (message.success) transport.onmessage?.(message.data)
				else strange.push(line)
			})
		},
		async send(message) {
			child.stdin.write(`${JSON.stringify(message)}\n`)
			child.stdin.flush()
		},
		async close() {
			transport.onclose?.()
		},
	}
	return transport
}

async function readLines(child: Child, take: (line: string) => void): Promise<void> {
	const decoder = new TextDecoder()
	let rest = ''
	for await (const chunk of child.stdout) {
		const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
		rest = lines.pop() ?? ''
		for (const line of lines) take(line)
	}
	if (rest !== '') take(rest)
}

function parsed(line: string): unknown {
	try {
		return JSON.parse(line)
	} catch {
		return null
	}
}
