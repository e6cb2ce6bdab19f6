import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import type { JsonObject } from '../../../src/kernel/json.ts'
import { newAttempt } from '../../support/attempt.ts'
import { eventually } from '../../support/eventually.ts'
import type { Turn } from '../../support/llm-server.ts'
import { markedProcesses } from '../../support/marked-process.ts'
import { verifies } from '../../support/verifies.ts'
import { calling, llmWorld } from './llm-world.ts'

const EVERYTHING = join(import.meta.dir, '../../../node_modules/@modelcontextprotocol/server-everything/dist/index.js')
const everything = { name: 'everything', command: process.execPath, args: [EVERYTHING, 'stdio'], env: { MCP_SECRET: 'mcp-secret-value' } }
const sh = (script: string): JsonObject => ({ name: 'bad', command: '/bin/sh', args: ['-c', script] })
const ALL = { tools: ['mcp__bad'] }

const toldBy = (body: JsonObject | undefined, role: string): string =>
	JSON.stringify(((body?.messages ?? []) as JsonObject[]).filter((message) => message.role === role))

describe('an MCP server over stdio', () => {
	test('gives an agent the granted tools, and is gone with its attempt', async () => {
		verifies('03.AgentProfile.tools')
		const script = [
			calling('mcp__everything__echo', { message: 'over the wire' }),
			calling('mcp__everything__get-sum', { a: 2, b: 40 }),
			{ text: 'ok' },
		]
		await using world = llmWorld({ script })
		const attempt = newAttempt()
		const agent = world.agent({ mcp_servers: [everything] }, { tools: ['Read', 'mcp__everything__echo', 'mcp__everything__get-sum'] })
		expect((await world.perform(agent, attempt)).final).toEqual({ value: 'ok', ok: true })
		const tools = (world.server.requests[0]?.body.tools ?? []) as { function: { name: string } }[]
		const offered = tools.map((tool) => tool.function.name)
		expect(offered.sort()).toEqual(['mcp__everything__echo', 'mcp__everything__get-sum', 'report_failure', 'stage_part'])
		const told = toldBy(world.server.requests[2]?.body, 'tool')
		for (const result of ['over the wire', '42']) expect(told).toContain(result)
		expect(attempt.emitted).toContainEqual({ type: 'progress', stage: 'tool', note: 'mcp__everything__echo' })
		expect(markedProcesses(attempt.key)).toEqual([])
	}, 20_000)

	test('sees nothing of the server’s own environment but what every program needs, and no handle', async () => {
		await using world = llmWorld({ script: [calling('mcp__everything__get-env'), { text: 'ok' }] })
		await world.perform(world.agent({ mcp_servers: [everything] }, { tools: ['mcp__everything__*'] }))
		const told = toldBy(world.server.requests[1]?.body, 'tool')
		expect(told).toContain('mcp-secret-value')
		for (const hidden of ['TEST_KEY', 'MSE_WORKER_HANDLE', 'wh-', 'sk-very']) expect(told).not.toContain(hidden)
	}, 20_000)

	test('is not started for an agent without its tools; a runner’s list counts, even an empty one', async () => {
		await using world = llmWorld({ script: () => ({ text: 'ok' }) })
		const spec = { mcp_servers: [sh('exit 1')] }
		expect((await world.perform(world.agent(spec))).final?.ok).toBe(true)
		const runner = { backend: 'agent_block_in_process' as const, tools: [] }
		expect((await world.perform({ ...world.agent(spec, ALL), runner })).final?.ok).toBe(true)
	})

	test('that does not start, or lacks a tool, fails the attempt with its name and what it said', async () => {
		await using world = llmWorld({ script: [] })
		const failure = (spec: JsonObject, tools: string[]) =>
			world.perform(world.agent({ mcp_servers: [spec] }, { tools })).catch((thrown: Error) => thrown.message)
		expect(await failure(sh('echo no licence >&2; exit 3'), ALL.tools)).toMatch(/'bad' .*exit code 3: no licence/)
		expect(await failure({ name: 'bad', command: 'no-such-program' }, ALL.tools)).toMatch(/'bad' .*'no-such-program' not found/)
		expect(await failure(everything, ['mcp__everything__fly'])).toMatch(/has no tool 'fly'; it has .*echo/)
		expect(world.server.requests).toHaveLength(0)
	}, 20_000)

	test('that says nothing is given up after mcp_rpc_timeout_ms, with all it started', async () => {
		await using world = llmWorld({ script: [] })
		const attempt = newAttempt()
		const spec = { mcp_servers: [sh('sleep 1000 & sleep 1000')], mcp_rpc_timeout_ms: 100 }
		await expect(world.perform(world.agent(spec, ALL), attempt)).rejects.toThrow(/'bad' cannot be used: .*timed out/i)
		expect(markedProcesses(attempt.key)).toEqual([])
	})

	test.each(['starts', 'answers'])(
		'a cancel while it %s leaves no process of it',
		async (when) => {
			const hang: Turn = { text: 'hm', hang: 'midway' }
			await using world = llmWorld({ script: [hang] })
			const attempt = newAttempt()
			const server = when === 'starts' ? sh('sleep 1000 & sleep 1000') : { ...everything, name: 'bad' }
			const outcome = world.perform(world.agent({ mcp_servers: [server] }, ALL), attempt).catch((thrown: unknown) => thrown)
			const begun = () => (when === 'starts' ? markedProcesses(attempt.key).length > 1 : world.server.open === 1)
			await eventually(begun, { what: 'it is under way' })
			attempt.abort('cancelled')
			expect(await outcome).toBe('cancelled')
			expect(markedProcesses(attempt.key)).toEqual([])
		},
		20_000,
	)
})

describe('an MCP server over HTTP', () => {
	test('is called with its headers, and an error of a tool is told to the model', async () => {
		const seen: string[] = []
		const answers: Record<string, (params: JsonObject) => JsonObject> = {
			initialize: ({ protocolVersion }) => ({
				protocolVersion: protocolVersion ?? '',
				capabilities: { tools: {} },
				serverInfo: { name: 'x', version: '1' },
			}),
			'tools/list': () => ({ tools: [{ name: 'fetch', inputSchema: { type: 'object' } }] }),
			'tools/call': () => ({ isError: true, content: [{ type: 'text', text: 'out of paper' }] }),
		}
		await using http = Bun.serve({
			port: 0,
			async fetch(request) {
				if (request.method !== 'POST') return new Response(null, { status: 405 })
				seen.push(request.headers.get('authorization') ?? 'none')
				const { id, method, params } = (await request.json()) as { id?: number; method: string; params?: JsonObject }
				const result = answers[method]?.(params ?? {})
				return result === undefined ? new Response(null, { status: 202 }) : Response.json({ jsonrpc: '2.0', id, result })
			},
		})
		await using world = llmWorld({ script: [calling('mcp__web__fetch'), { text: 'ok' }] })
		const server = { name: 'web', url: `http://localhost:${http.port}/mcp`, headers: { authorization: 'Bearer for-the-web' } }
		const attempt = newAttempt()
		await world.perform(world.agent({ mcp_servers: [server] }, { tools: ['mcp__web__fetch'] }), attempt)
		expect(toldBy(world.server.requests[1]?.body, 'tool')).toContain('out of paper')
		expect(new Set(seen)).toEqual(new Set(['Bearer for-the-web']))
		expect(attempt.emitted).toContainEqual({ type: 'progress', stage: 'tool_failed', note: 'mcp__web__fetch: out of paper' })
	})
})
