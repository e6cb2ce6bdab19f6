import { expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { connectTo } from '../edge/socket/line-client.ts'
import { lit, step } from '../support/blueprints.ts'
import { eventually } from '../support/eventually.ts'
import { tempDir } from '../support/temp-dir.ts'
import { verifies } from '../support/verifies.ts'
import { call, untilEnded } from './support/api.ts'
import { bareEnvironment, binaryPath, CHECKOUT } from './support/binary.ts'
import { startTestServer } from './support/server.ts'

/** A server whose agents all run that program. They outlive it, so they are destroyed in the end. */
async function serverWithAgents(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
	const folder = tempDir()
	const config = `[hive]\nrun_dir = "${folder.path}/run"\nstate_dir = "${folder.path}/state"\n[hive.defaults]\nargv = ${JSON.stringify(argv)}\nenv = { ${Object.entries(
		env,
	)
		.map(([name, value]) => `${name} = ${JSON.stringify(value)}`)
		.join(', ')} }\n`
	const server = await startTestServer({ config })
	const host = async (request: object) => {
		using client = await connectTo(join(folder.path, 'run/host.sock'), 'host')
		return await client.ask(request)
	}
	return {
		...{ server, folder: folder.path, host },
		socket: (name: string) => join(folder.path, 'run/agents', name, 'mcp.sock'),
		async launch(ref: string, prompt: string): Promise<string> {
			const agents = [{ name: 'coder', kind: 'operator', spec: { operator_ref: ref }, profile: { system_prompt: 'You shout.' } }]
			const blueprint = { id: 'shouting', agents, flow: step('coder', lit(prompt), '$.out') }
			const json = { blueprint: { kind: 'inline', value: blueprint }, init_ctx: {}, detach: true }
			const { body } = await call<{ run_id: string }>('POST', `${server.url}/v1/tasks`, { json })
			return body.run_id
		},
		async [Symbol.asyncDispose]() {
			const { agents = [] } = (await host({ cmd: 'list' })) as { agents?: string[] }
			for (const name of agents) await host({ cmd: 'destroy', name })
			await server[Symbol.asyncDispose]()
			folder[Symbol.dispose]()
		},
	}
}

type Talk = Awaited<ReturnType<typeof serverWithAgents>>

const logOf = async (it: Talk, name: string): Promise<string> => {
	const files = [...new Bun.Glob('**/*').scanSync({ cwd: join(it.folder, 'state/agents', name, 'logs'), absolute: true })]
	return (await Promise.all(files.map((file) => Bun.file(file).text()))).join('')
}

test('a step bound to an agent of the hive is done through its inbox and the tools of its bridge, the server killed in the middle', async () => {
	verifies('08.74')
	using gate = tempDir()
	const opened = join(gate.path, 'open')
	const program = join(CHECKOUT, 'test/fixture/program/mcp-agent.ts')
	const env = { MSE_BINARY: binaryPath(), AGENT_GATE: opened }
	await using it = await serverWithAgents([process.execPath, program], env)
	const early = await it.launch('hive:alice', 'said before she came')
	expect(await it.host({ cmd: 'spawn', name: 'alice' })).toEqual({ ok: true })
	await eventually(async () => (await logOf(it, 'alice')).includes('data_get'), { what: 'the agent works on the step' })
	await it.server.restart()
	await it.server.restart()
	writeFileSync(opened, '')
	expect(await untilEnded(it.server.url, early)).toMatchObject({ status: 'done', result_ref: { out: 'SAID BEFORE SHE CAME' } })
	const second = await it.launch('hive:alice', 'and again')
	expect(await untilEnded(it.server.url, second)).toMatchObject({ status: 'done', result_ref: { out: 'AND AGAIN' } })
	expect((await logOf(it, 'alice')).match(/worker_prompt/g)).toHaveLength(2)
}, 60_000)

test('an agent that ended with a step undone finds it again when it is started, and one that is cancelled is withdrawn', async () => {
	const harness = [
		binaryPath(),
		'hive',
		'harness',
		'--answer',
		'--',
		'/bin/sh',
		'-c',
		'test -e "$HIVE_STATE_DIR/ready" || sleep 600; tr a-z A-Z',
	]
	await using it = await serverWithAgents(harness)
	await it.host({ cmd: 'spawn', name: 'alice' })
	const run = await it.launch('hive:alice', 'once more')
	await eventually(async () => (await logOf(it, 'alice')).includes('turn_started'), { what: 'the first turn begins' })
	await it.host({ cmd: 'kill', name: 'alice' })
	writeFileSync(join(it.folder, 'state/agents/alice/state/ready'), '')
	const cancelled = await it.launch('hive:alice', 'never')
	await call('POST', `${it.server.url}/v1/runs/${cancelled}/cancel`)
	await it.host({ cmd: 'rebuild', name: 'alice' })
	expect(await untilEnded(it.server.url, run)).toMatchObject({ status: 'done', result_ref: { out: 'ONCE MORE' } })
	expect((await logOf(it, 'alice')).match(/turn_started/g)).toHaveLength(2)
}, 60_000)

test('a worker of the runtime is an agent of the hive: each turn is a message, and what is sent back is its result', async () => {
	await using it = await serverWithAgents([binaryPath(), 'hive', 'harness', '--answer', '--', 'tr', 'a-z', 'A-Z'])
	const run = await it.launch('worker:hive:bob', 'hello')
	expect(await untilEnded(it.server.url, run)).toMatchObject({ status: 'done', result_ref: { out: 'HELLO' } })
	expect(await it.host({ cmd: 'list' })).toEqual({ ok: true, agents: ['bob'] })
	using socket = await connectTo(it.socket('bob'), 'agent')
	expect(await socket.ask({ cmd: 'send', to: 'runtime:worker-00000000', body: 'x' })).toEqual({
		kind: 'err',
		message: 'unknown recipient "runtime:worker-00000000"',
	})
}, 60_000)

test('the bridge has exactly the tools of its role, gives what the socket gives, and outlives a death of the server', async () => {
	verifies('08.75')
	await using it = await serverWithAgents(['sleep', '600'])
	await it.host({ cmd: 'spawn', name: 'alice' })
	const bridge = async (role: string, socket: string) => {
		const client = new Client({ name: 'test', version: '0' })
		const args = ['hive', 'mcp', '--role', role, '--socket', socket]
		await client.connect(new StdioClientTransport({ command: binaryPath(), args, env: bareEnvironment(it.folder) }))
		const use = async (name: string, input: Record<string, unknown> = {}) => {
			const { content, isError } = await client.callTool({ name, arguments: input })
			return { lines: (content as { text: string }[]).map(({ text }) => text), isError }
		}
		return { use, close: () => client.close(), tools: async () => (await client.listTools()).tools.map(({ name }) => name) }
	}
	const agent = await bridge('agent', it.socket('alice'))
	const manager = await bridge('manager', join(it.folder, 'run/manager/mcp.sock'))
	const agentTools = ['send', 'recv', 'status', 'mse_ack', 'worker_prompt', 'worker_submit', 'data_emit', 'data_get']
	expect(await agent.tools()).toEqual(agentTools)
	expect(await manager.tools()).toEqual([...agentTools, 'request_spawn', 'kill', 'request_apply_commit'])
	for (const body of ['one', 'two'])
		expect(await manager.use('send', { to: 'alice', body })).toMatchObject({ lines: ['{"kind":"ok"}', 'inbox: 0 unread'] })
	expect(await agent.use('recv')).toEqual({
		lines: ['{"kind":"message","from":"manager","body":"one"}', 'inbox: 1 unread'],
		isError: undefined,
	})
	await it.server.restart()
	using socket = await connectTo(it.socket('alice'), 'agent')
	expect(await socket.ask({ cmd: 'status' })).toEqual({ kind: 'status', unread: 1 })
	expect((await agent.use('recv')).lines).toEqual(['{"kind":"message","from":"manager","body":"two"}', 'inbox: 0 unread'])
	expect(await agent.use('send', { to: 'nobody', body: '' })).toEqual({
		lines: ['unknown recipient "nobody"', 'inbox: 0 unread'],
		isError: true,
	})
	expect((await agent.use('mse_ack', { req_id: 'r', kind: 'spawn_ack' })).lines[0]).toBe('no request r was addressed to agent "alice"')
	await it.server.kill('SIGKILL')
	const waiting = agent.use('status')
	await it.server.restart()
	expect((await waiting).lines[0]).toBe('{"kind":"status","unread":0}')
	await Promise.all([agent.close(), manager.close()])
}, 60_000)
