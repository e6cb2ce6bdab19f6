import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js'
import type { RequestOptions } from '@modelcontextprotocol/sdk/shared/protocol.js'
import type { ClientCapabilities } from '@modelcontextprotocol/sdk/types.js'
import type { BlueprintFiles } from '../../../src/edge/mcp/blueprint-file.ts'
import { serveMcp } from '../../../src/edge/mcp/stdio.ts'
import { systemClock } from '../../../src/kernel/clock.ts'
import type { JsonObject } from '../../../src/kernel/json.ts'
import { appWorld } from '../../support/app-world.ts'

export interface Said {
	readonly isError: boolean
	// biome-ignore lint/suspicious/noExplicitAny: tests look into answers by path
	readonly value: any
}

/** An MCP client of a server in this process, in memory from end to end; the HTTP between them is real. */
export async function mcpWorld(options: { readonly flags?: Readonly<Record<string, string>>; readonly files?: BlueprintFiles } = {}) {
	const app = await appWorld({ flags: options.flags ?? {} })
	const client = await mcpClient({ url: app.url, token: options.flags?.['admin-token'], files: options.files })
	return {
		app,
		...client,
		async [Symbol.asyncDispose]() {
			await client.close()
			await app[Symbol.asyncDispose]()
		},
	}
}

export type McpWorld = Awaited<ReturnType<typeof mcpWorld>>

export async function mcpClient(at: {
	readonly url: string
	readonly token?: string | undefined
	readonly files?: BlueprintFiles | undefined
	readonly capabilities?: ClientCapabilities
}) {
	const [ours, theirs] = InMemoryTransport.createLinkedPair()
	const link = { url: at.url, token: at.token, mayRoam: true }
	const served = await serveMcp({ link, clock: systemClock, files: at.files ?? null, transport: ours })
	const client = new Client({ name: 'test', version: '0' }, { capabilities: at.capabilities ?? {} })
	await client.connect(theirs)
	return { client, served, ...toolsOf(client), close: () => served.close() }
}

/** Calls tools and reads their one text as JSON. */
export function toolsOf(client: Client) {
	const say = async (name: string, args: Record<string, unknown> = {}, options: RequestOptions = {}): Promise<Said> => {
		const { content, isError } = await client.callTool({ name, arguments: args }, undefined, options)
		const texts = content as { readonly type: string; readonly text: string }[]
		if (texts.length !== 1) throw new Error(`${name} answered ${texts.length} contents`)
		return { isError: isError === true, value: JSON.parse(texts[0]?.text ?? '') }
	}
	return {
		say,
		/** The value of a call that has to succeed. */
		async use(name: string, args: Record<string, unknown> = {}, options: RequestOptions = {}) {
			const { isError, value } = await say(name, args, options)
			if (isError) throw new Error(`${name}: ${JSON.stringify(value)}`)
			return value
		},
	}
}

/** One step by `agent`. */
export const oneStep = (agent: JsonObject, over: JsonObject = {}): JsonObject => ({
	id: 'one-step',
	flow: { kind: 'step', ref: 'worker', in: { op: 'path', at: '$.goal' }, out: { op: 'path', at: '$.done' } },
	agents: [{ name: 'worker', ...agent }],
	default_init_ctx: { goal: 'say hello' },
	...over,
})

export const identity: JsonObject = { kind: 'rust_fn', spec: { fn_id: 'identity' } }
/** A step that somebody has to approve of, with a form. */
export const gated: JsonObject = {
	...identity,
	policy: {
		approve: {
			when: 'before_spawn',
			form: { type: 'object', properties: { tier: { enum: ['a', 'b'] } }, required: ['tier'] },
		},
	},
}
/** A step for whoever holds the seat `main`. */
export const seated: JsonObject = { kind: 'operator', spec: { operator_ref: 'main' } }
export const withMain: JsonObject = { operators: [{ name: 'main' }] }
