import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { readProcesses } from '../../src/backend/process/process-table.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import { seq, step } from '../support/blueprints.ts'
import { eventually } from '../support/eventually.ts'
import { llmServer, type Turn } from '../support/llm-server.ts'
import { markedProcesses } from '../support/marked-process.ts'
import { CHECKOUT, runBinary } from './support/binary.ts'
import { startTestServer } from './support/server.ts'

const KEY = 'sk-good-and-secret-42'
const EVERYTHING = join(CHECKOUT, 'node_modules/@modelcontextprotocol/server-everything/dist/index.js')

const blueprint = (profile: JsonObject, spec: JsonObject = {}): JsonObject => ({
	id: 'ask',
	flow: seq(step('poet', { op: 'lit', value: 'Write.' }, '$.out')),
	agents: [{ name: 'poet', kind: 'agent_block', spec, profile }],
})

const everything = { mcp_servers: [{ name: 'everything', command: process.execPath, args: [EVERYTHING, 'stdio'] }] }
const call = (name: string, input: JsonObject): Turn => ({ calls: [{ name, input }] })

function post(url: string, value: JsonObject, more: JsonObject = {}): Promise<Response> {
	const body = JSON.stringify({ blueprint: { kind: 'inline', value }, init_ctx: {}, ...more })
	return fetch(`${url}/v1/tasks`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
}

describe('an agent of kind agent_block', () => {
	test('works with an MCP server, stages a part, and its answer becomes JSON; the key is written nowhere', async () => {
		const script = [
			call('mcp__everything__get-sum', { a: 20, b: 22 }),
			call('stage_part', { name: 'note', content: 'summed' }),
			{ text: '```json\n{"sum": 42}\n```' },
		]
		await using llm = llmServer(script)
		const env = { ANTHROPIC_API_KEY: KEY, ANTHROPIC_BASE_URL: llm.url }
		await using server = await startTestServer({ env })
		const profile = { system_prompt: 'You add.', model: 'anthropic/claude-scripted', tools: ['mcp__everything__get-sum'] }
		const answer = await post(server.url, blueprint(profile, everything))
		const text = await answer.text()
		expect([answer.status, JSON.parse(text)]).toEqual([200, expect.objectContaining({ status: 'done' })])
		expect(JSON.parse(text).final_ctx.out).toEqual({ out: { sum: 42 }, parts: { note: 'summed' } })
		expect(llm.requests[0]?.headers.get('x-api-key')).toBe(KEY)
		expect(JSON.stringify(llm.requests[1]?.body)).toContain('42')
		const events = await (await fetch(`${server.url}/v1/events?follow=false`)).text()
		for (const written of [text, events, server.stdout, server.stderr]) expect(written).not.toContain(KEY)
		expect(await Bun.$`grep -rlaF ${KEY} ${server.dataDir}`.nothrow().text()).toBe('')
		expect(server.stderr).not.toContain('AI SDK')
	}, 30_000)

	test('is refused at the launch without a key, with the variable that is not set', async () => {
		await using server = await startTestServer()
		const answer = await post(server.url, blueprint({ model: 'anthropic/claude-scripted' }))
		const body = await answer.text()
		expect([answer.status >= 400 && answer.status < 500, body]).toEqual([
			true,
			expect.stringContaining('ANTHROPIC_API_KEY, which is not set'),
		])
	})

	test('is cancelled with its request and the processes of its MCP servers', async () => {
		await using llm = llmServer(() => ({ text: 'hm', hang: 'midway' }))
		const config = `[llm.local]\nprovider = "openai"\nbase_url = "${llm.url}/v1"\nmodel = "scripted"\n`
		await using server = await startTestServer({ config })
		const profile = { model: 'local', tools: ['mcp__everything'] }
		const launched = (await (await post(server.url, blueprint(profile, everything), { detach: true })).json()) as JsonObject
		await eventually(() => llm.open === 1, { what: 'the model is asked' })
		const marked = () => markedProcesses('').filter((pid) => isBelow(pid, server.pid))
		expect(marked()).toHaveLength(1)
		const cancelled = await fetch(`${server.url}/v1/runs/${launched.run_id}/cancel`, { method: 'POST' })
		expect(cancelled.ok).toBe(true)
		await eventually(() => llm.open === 0 && marked().length === 0, { what: 'both are gone' })
	}, 30_000)

	test('begins a new attempt after the server was killed, and no MCP server of the old one is left', async () => {
		await using llm = llmServer(({ index }) => (index === 0 ? { text: 'hm', hang: 'midway' } : { text: 'again' }))
		const config = `[llm.local]\nprovider = "openai"\nbase_url = "${llm.url}/v1"\nmodel = "scripted"\n`
		await using server = await startTestServer({ config })
		const profile = { model: 'local', tools: ['mcp__everything'] }
		const { run_id } = (await (await post(server.url, blueprint(profile, everything), { detach: true })).json()) as JsonObject
		await eventually(() => llm.requests.length === 1, { what: 'the model is asked' })
		const [child] = markedProcesses('').filter((pid) => isBelow(pid, server.pid))
		await server.restart()
		const view = async () => (await (await fetch(`${server.url}/v1/runs/${run_id}`)).json()) as JsonObject
		await eventually(async () => (await view()).status === 'done', { what: 'the run is done' })
		const left = readProcesses().filter(({ pid }) => pid === child)
		expect([llm.requests.length, typeof child, left]).toEqual([2, 'number', []])
	}, 45_000)

	test('runs without a server, too', async () => {
		await using llm = llmServer([{ text: 'a poem' }])
		const files = { 'b.json': JSON.stringify(blueprint({ model: 'openai/scripted' })) }
		const env = { OPENAI_BASE_URL: `${llm.url}/v1`, OPENAI_API_KEY: KEY }
		const { code, stdout } = await runBinary(['run', 'b.json'], { files, env })
		expect([code, JSON.parse(stdout)]).toEqual([0, { out: 'a poem' }])
	})
})

function isBelow(pid: number, parent: number): boolean {
	const { stdout } = Bun.spawnSync(['ps', '-o', 'ppid=', '-p', String(pid)])
	return Number(stdout.toString()) === parent
}
