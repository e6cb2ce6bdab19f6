import { expect, test } from 'bun:test'
import { samples } from '../../../src/core/blueprint/samples.ts'
import { guides } from '../../../src/edge/mcp/guides.ts'
import { toolTable } from '../../../src/edge/mcp/table.ts'
import { testServer } from '../../support/test-server.ts'
import { verifies } from '../../support/verifies.ts'
import { mcpClient, mcpWorld } from './mcp-world.ts'

const NOWHERE = 'http://127.0.0.1:9'

async function readAll(client: Awaited<ReturnType<typeof mcpClient>>['client']) {
	const { resources } = await client.listResources()
	const texts = new Map<string, string>()
	for (const { uri, mimeType } of resources) {
		const [content] = (await client.readResource({ uri }).catch(() => ({ contents: [] }))).contents
		if (content && 'text' in content) texts.set(uri, content.text)
		expect(mimeType).toMatch(/^(text\/markdown|application\/json)$/)
	}
	return { uris: resources.map(({ uri }) => uri), texts }
}

test('guides, samples and the schema are read without a server', async () => {
	verifies('05.T12')
	const { client, close } = await mcpClient({ url: NOWHERE })
	const { uris, texts } = await readAll(client)
	expect(uris.filter((uri) => !texts.has(uri))).toEqual(['mse://api/http-endpoints'])
	for (const { name, text } of guides) expect(texts.get(`mse://guides/${name}`)).toBe(text)
	for (const { name, document } of samples) expect(JSON.parse(texts.get(`mse://blueprints/samples/${name}`) ?? '')).toEqual(document)
	expect(JSON.parse(texts.get('mse://api/blueprint-schema') ?? '')).toMatchObject({ type: 'object' })
	for (const { name } of toolTable) expect(texts.get('mse://api/mcp-tools')).toContain(`### ${name}\n`)
	await expect(client.readResource({ uri: 'mse://api/http-endpoints' })).rejects.toThrow('No server answers')
	await close()
})

test('the routes are those of the server that runs', async () => {
	await using it = await mcpWorld()
	const [content] = (await it.client.readResource({ uri: 'mse://api/http-endpoints' })).contents
	expect(content).toMatchObject({ text: expect.stringContaining('| `POST /v1/approvals/{id}/approve` | Grants an approval') })
})

test('an unknown resource is not found, with the nearest one', async () => {
	verifies('05.T12')
	const { client, close } = await mcpClient({ url: NOWHERE })
	await expect(client.readResource({ uri: 'mse://guides/approval' })).rejects.toMatchObject({
		code: -32002,
		message: expect.stringContaining('mse://guides/approvals'),
	})
	await close()
})

test('guides name tools and resources that there are', async () => {
	const known = new Set(toolTable.map(({ name }) => name))
	const { client, close } = await mcpClient({ url: NOWHERE })
	const uris = new Set((await client.listResources()).resources.map(({ uri }) => uri))
	for (const { name, text } of guides) {
		const tools = text.match(/\b(mse|swarm|bp|mlua_swarm)_[a-z_]+/g) ?? []
		const strange = tools.filter((tool) => !known.has(tool) && tool !== 'bp_dsl' && tool !== 'mse_ack')
		expect({ name, strange }).toEqual({ name, strange: [] })
		const links = [...text.matchAll(/mse:\/\/[a-z/-]+[a-z]/g)].map(([uri]) => uri)
		expect({ name, broken: links.filter((uri) => !uris.has(uri) && !uri.endsWith('/samples')) }).toEqual({ name, broken: [] })
	}
	await close()
})

const OF_UPSTREAM = `mse_operator_join mse_operator_list mse_operator_leave mse_pending_wait mse_ack mse_run_assignees mse_run_handover
	mse_run_material mse_run_acquire mse_worker_fetch mse_worker_submit swarm_run swarm_status swarm_run_stats swarm_cancel bp_schema bp_new
	bp_build bp_archive bp_unarchive bp_doctor bp_explain_agent bp_explain_agents mse_doctor mlua_swarm_server_start mlua_swarm_server_status
	mlua_swarm_server_shutdown mlua_swarm_server_restart`

test('every tool that clients of mlua-swarm 0.26.0 know is there', () => {
	verifies('05.T1')
	const known = new Set(toolTable.map(({ name }) => name))
	expect(OF_UPSTREAM.split(/\s+/).filter((name) => !known.has(name))).toEqual([])
})

test('every tool says what it takes, in few words, and what it does to the world', async () => {
	const { client, close } = await mcpClient({ url: NOWHERE })
	const { tools } = await client.listTools()
	expect(new Set(tools.map(({ name }) => name)).size).toBe(tools.length)
	for (const { name, description = '', inputSchema, annotations } of tools) {
		expect({ name, type: inputSchema.type, hints: Object.keys(annotations ?? {}).length }).toEqual({ name, type: 'object', hints: 4 })
		expect({ name, fits: description.length > 20 && description.length < 500 }).toEqual({ name, fits: true })
		expect(annotations?.readOnlyHint && annotations.destructiveHint).toBe(false)
	}
	expect(tools.find(({ name }) => name === 'mse_run_cancel')?.annotations).toMatchObject({ readOnlyHint: false, destructiveHint: true })
	expect(tools.find(({ name }) => name === 'mse_runs')?.annotations).toMatchObject({ readOnlyHint: true, idempotentHint: true })
	await close()
})

test('prompts that a person starts name tools that there are', async () => {
	const { client, close } = await mcpClient({ url: NOWHERE })
	const known = new Set(toolTable.map(({ name }) => name))
	const { prompts } = await client.listPrompts()
	expect(prompts.map(({ name }) => name)).toEqual(['operate', 'approvals', 'waiting'])
	for (const { name } of prompts) {
		const [message] = (await client.getPrompt({ name, arguments: { role: 'reviewer', blueprint: 'release' } })).messages
		const text = message?.content.type === 'text' ? message.content.text : ''
		expect((text.match(/\b(mse|swarm)_[a-z_]+/g) ?? []).filter((tool) => !known.has(tool))).toEqual([])
		if (name === 'operate') expect(text).toContain('["reviewer"]')
	}
	await expect(client.getPrompt({ name: 'nothing' })).rejects.toThrow('there are operate, approvals, waiting')
	await close()
})

test('arguments that do not fit are refused with their name', async () => {
	verifies('05.T13')
	await using server = await testServer()
	const { client, use, close } = await mcpClient({ url: server.url })
	await expect(use('mse_runs', { limit: 0 })).rejects.toMatchObject({ code: -32602, message: expect.stringContaining('`limit`') })
	await expect(use('mse_runs', { limits: 3 })).rejects.toThrow('The nearest is "limit"')
	await expect(use('mse_run', {})).rejects.toThrow('`run_id` is missing')
	await expect(use('mse_run', { run_id: 'T-1' })).rejects.toThrow('It is the id of a run, R-…')
	await expect(use('mse_rans', {})).rejects.toThrow('The nearest is "mse_runs"')
	expect(await use('mse_runs', { limit: '3', status: null })).toMatchObject({ runs: [] })
	expect(await client.ping()).toEqual({})
	await close()
})
