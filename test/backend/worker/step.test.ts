import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { eventually } from '../../support/eventually.ts'
import { type TestServer, testServer } from '../../support/test-server.ts'

const PROGRAM = join(import.meta.dir, '../../fixture/program/session-worker.ts')
const profiles = JSON.stringify({ tester: { kind: 'process', argv: [process.execPath, PROGRAM] } })

const stepOf = (ref: string, value: string, at: string) => ({ kind: 'step', ref, in: { op: 'lit', value }, out: { op: 'path', at } })
const blueprintFor = (worker: string, flow: object) => ({
	id: 'with-worker',
	flow,
	agents: [{ name: 'writer', kind: 'operator', spec: { operator_ref: `worker:${worker}` } }],
})
const launch = (server: TestServer, blueprint: object, over: object = {}) =>
	server.call('POST', '/v1/tasks', { blueprint: { kind: 'inline', value: blueprint }, init_ctx: {}, ...over } as never)
const create = async (server: TestServer, value: string): Promise<string> =>
	(await server.call('POST', '/v1/workers', { intent: { kind: 'assistant' }, profile: { kind: 'builtin', value } })).body.worker.worker_id

test('steps of a run are turns of one worker, which its transcript tells', async () => {
	await using server = await testServer()
	const id = await create(server, 'echo')
	const flow = { kind: 'seq', children: [stepOf('writer', 'first', '$.a'), stepOf('writer', '{"n":1}', '$.b')] }
	const { status, body } = await launch(server, blueprintFor(id, flow))
	expect([status, body.final_ctx]).toEqual([200, { a: 'first', b: { n: 1 } }])
	const { items } = (await server.call('GET', `/v1/workers/${id}/transcript`)).body.transcript
	expect(items.map(({ role }: { role: string }) => role)).toEqual(['user', 'assistant', 'user', 'assistant'])
	expect((await server.call('GET', `/v1/workers/${id}`)).body.worker.status).toBe('running')
})

test('a run has a worker of a profile for itself, which ends with it', async () => {
	await using server = await testServer({ 'runtime-profiles': profiles })
	const { body } = await launch(server, blueprintFor('process:tester', stepOf('writer', 'hello', '$.a')))
	expect(JSON.stringify(body)).toContain('you said hello')
	const ended = await eventually(
		async () => {
			const { workers } = (await server.call('GET', '/v1/workers?status=stopped')).body
			return workers.length === 1 && workers
		},
		{ what: 'the end of the worker' },
	)
	expect(ended[0].intent).toEqual({ kind: 'role', role: 'writer' })
})

test('a turn that fails fails its step with the worker’s words, and so does a worker that is not there', async () => {
	await using server = await testServer({ 'runtime-profiles': profiles })
	const died = await launch(server, blueprintFor('process:tester', stepOf('writer', 'die', '$.a')))
	expect(JSON.stringify(died.body)).toContain('out of paper')
	const missing = await launch(server, blueprintFor('worker-0000ffff', stepOf('writer', 'x', '$.a')))
	expect(JSON.stringify(missing.body)).toContain('worker worker-0000ffff was not found')
})

test('a run waits for a place for its worker while others have them all, and is refused one beside a worker that it has already', async () => {
	await using server = await testServer({ 'runtime-profiles': profiles, 'limits-children': '2' })
	const held = await create(server, 'process:tester')
	const { body } = await launch(server, blueprintFor('process:tester', stepOf('writer', 'hello', '$.a')), { detach: true })
	const run = () => server.call('GET', `/v1/runs/${body.run_id}`).then(({ body }) => body)
	await eventually(async () => (await run()).phase === 'waiting', { what: 'the run waits' })
	await server.call('POST', `/v1/workers/${held}/stop`)
	const ended = await eventually(async () => (await run()).status === 'done' && run(), { what: 'the run ends' })
	expect(JSON.stringify(ended.result_ref)).toContain('you said hello')
	const agents = ['one', 'two'].map((name) => ({ name, kind: 'operator', spec: { operator_ref: 'worker:process:tester' } }))
	const two = { id: 'two', flow: { kind: 'seq', children: [stepOf('one', 'a', '$.a'), stepOf('two', 'b', '$.b')] }, agents }
	const refused = await launch(server, two)
	expect(JSON.stringify(refused.body)).toContain('limits.children is 2 and 1 workers and agents run')
})
