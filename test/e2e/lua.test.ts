import { describe, expect, test } from 'bun:test'
import { readProcesses, readVariable } from '../../src/backend/process/process-table.ts'
import type { RunRecord } from '../../src/protocol/run.ts'
import type { LaunchReply } from '../../src/protocol/task.ts'
import { eventually } from '../support/eventually.ts'
import { call, untilEnded } from './support/api.ts'
import { startTestServer } from './support/server.ts'

type Server = Awaited<ReturnType<typeof startTestServer>>

const scripted = (source: string, more: object = {}) => ({
	id: 'scripted',
	flow: { kind: 'step', ref: 'script', in: { op: 'path', at: '$.job' }, out: { op: 'path', at: '$.made' } },
	agents: [{ name: 'script', kind: 'lua', spec: { source }, ...more }],
})

const ENDLESS = 'while true do pcall(function() while true do end end) end'

/** The Lua processes below a server, or those that outlived it. */
const luaProcesses = (isOurs: (parent: number) => boolean) =>
	readProcesses().filter(({ pid, parent }) => isOurs(parent) && readVariable(pid, 'MSE_ATTEMPT_KEY')?.endsWith(':lua'))

async function launch({ url }: Server, blueprint: object, ctx: object): Promise<string> {
	const json = { blueprint: { kind: 'inline', value: blueprint }, init_ctx: ctx, detach: true }
	const { body } = await call<LaunchReply>('POST', `${url}/v1/tasks`, { json })
	return body.run_id
}

describe('Lua in the compiled binary', () => {
	test('a script makes a value of its prompt', async () => {
		await using server = await startTestServer()
		const source = 'local sum = 0 for _, n in ipairs(_CTX.numbers) do sum = sum + n end return { value = { sum = sum }, ok = true }'
		const run = await untilEnded(server.url, await launch(server, scripted(source), { job: { numbers: [1, 2, 39] } }))
		expect([run.status, run.result_ref]).toEqual(['done', { job: { numbers: [1, 2, 39] }, made: { sum: 42 } }])
	})

	test('a script over the timeout of its agent fails its step, and is gone', async () => {
		await using server = await startTestServer()
		const run = await untilEnded(server.url, await launch(server, scripted(ENDLESS, { policy: { timeout_ms: 200 } }), { job: 1 }))
		expect(run.status).toBe('failed')
		await eventually(() => luaProcesses((parent) => parent === server.pid).length === 1, { what: 'only a fresh one is there' })
	})

	test('a cancelled run ends its script at once', async () => {
		await using server = await startTestServer({ env: { MSE_LUA_WARM: '0' } })
		const id = await launch(server, scripted(ENDLESS), { job: 1 })
		const ours = () => luaProcesses((parent) => parent === server.pid)
		await eventually(() => ours().length === 1, { what: 'the script runs' })
		await call('POST', `${server.url}/v1/runs/${id}/cancel`)
		expect((await untilEnded(server.url, id)).status).toBe('cancelled')
		await eventually(() => ours().length === 0, { what: 'the script is gone' })
	})

	test('a server that dies takes its scripts with it, busy and idle; the run goes on in the next life', async () => {
		await using server = await startTestServer({ env: { MSE_LUA_WARM: '1' } })
		await untilEnded(server.url, await launch(server, scripted('return 1'), { job: 1 }))
		const id = await launch(server, scripted(`if _ATTEMPT == 1 then ${ENDLESS} end return "attempt " .. _ATTEMPT`), { job: 1 })
		const pids = await eventually(
			() => {
				const found = luaProcesses((parent) => parent === server.pid).map(({ pid }) => pid)
				return found.length === 1 && found
			},
			{ what: 'the script runs' },
		)
		await server.kill('SIGKILL')
		await eventually(() => readProcesses().every(({ pid }) => !pids.includes(pid)), { what: 'the script died too' })
		await server.restart()
		const run: RunRecord = await untilEnded(server.url, id)
		expect([run.status, run.result_ref]).toEqual(['done', { job: 1, made: 'attempt 2' }])
	})
})
