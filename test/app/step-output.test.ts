import { expect, test } from 'bun:test'
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { JsonObject } from '../../src/kernel/json.ts'
import { path, seq, step } from '../support/blueprints.ts'
import { eventually } from '../support/eventually.ts'
import { tempDir } from '../support/temp-dir.ts'
import { joinedOperator, type TestServer, testServer } from '../support/test-server.ts'
import { verifies } from '../support/verifies.ts'

const agent = (name: string, over: JsonObject = {}): JsonObject => ({ name, kind: 'operator', spec: { operator_ref: 'main' }, ...over })

/** A plan is written, then reviewed; the reviewer is told where the plan is. */
const pipeline = (over: JsonObject = {}): JsonObject => ({
	id: 'pipeline',
	flow: seq(step('planner', path('$.goal'), '$.draft'), step('reviewer', path('$.draft'), '$.review')),
	agents: [agent('planner', { meta: { projection_name: 'plan' } }), agent('reviewer')],
	operators: [{ name: 'main' }],
	...over,
})

async function launch(server: TestServer, blueprint: JsonObject, over: JsonObject = {}) {
	const reference = { kind: 'inline', value: blueprint }
	const { status, body } = await server.call('POST', '/v1/tasks', { blueprint: reference, init_ctx: { goal: 'go' }, detach: true, ...over })
	expect(status).toBe(202)
	return { steps: `/v1/tasks/${body.task_id}/runs/${body.run_id}/steps`, runId: body.run_id as string, taskId: body.task_id as string }
}

const prompt = async (server: TestServer, { stepId, bearer }: { stepId: string; bearer: string }) =>
	(await server.call('GET', `/v1/worker/prompt?task_id=${stepId}`, undefined, { authorization: bearer })).body

const submit = (server: TestServer, { bearer }: { bearer: string }, body: string, query = '') =>
	server.send('POST', `/v1/worker/submit${query}`, body, { authorization: bearer })

test('outputs become files as they arrive, and the next worker is told where', async () => {
	verifies('01.C32', '01.C120', '01.C123', '04.82', '06.96')
	using dir = tempDir()
	await using server = await testServer()
	using operator = await joinedOperator(server, 'main')
	const { steps } = await launch(server, pipeline(), { work_dir: dir.path })

	const planner = await operator.spawned()
	const folder = join(dir.path, 'workspace/tasks', planner.stepId, 'ctx')
	const context = join(folder, 'ctx.json')
	expect(planner.directive).toContain(`ctx_projection: {"file":"${context}"}`)
	expect(JSON.parse(readFileSync(context, 'utf8'))).toMatchObject({ task_id: planner.stepId, agent: 'planner', prompt: 'go' })
	expect((await prompt(server, planner)).context).not.toHaveProperty('steps')
	expect((await server.call('GET', steps)).body.steps).toEqual([])

	await server.send('POST', '/v1/worker/artifact?name=notes.txt', 'as they are', { authorization: planner.bearer })
	expect((await submit(server, planner, 'first')).status).toBe(204)
	expect((await submit(server, planner, '{"a":{"b":[1]}}')).status).toBe(204)
	const file = join(folder, 'plan.md')
	const front = `---\ntask_id: ${planner.stepId}\nstep: "planner"\nattempt: 1\nok: true\n---\n`
	expect(readFileSync(file, 'utf8')).toBe(`${front}\n\`\`\`json\n"{\\"a\\":{\\"b\\":[1]}}"\n\`\`\`\n`)
	expect(readFileSync(join(folder, 'notes.txt'), 'utf8')).toBe('as they are')

	const unfinished = (await server.call('GET', `${steps}/plan`)).body
	expect(unfinished).toMatchObject({ name: 'plan', content_type: 'text/markdown', source: 'data_plane', file_path: file, truncated: false })
	operator.reply({ type: 'spawn_ack', req_id: planner.reqId, ok: true, value: null })

	const reviewer = await operator.spawned()
	const { context: seen } = await prompt(server, reviewer)
	expect(seen.steps).toEqual([
		{
			...{ name: 'plan', size_bytes: readFileSync(file).byteLength, file_path: file, sha256: unfinished.sha256 },
			content_url: `${steps}/plan/content`,
		},
	])
	const content = await server.send('GET', seen.steps[0].content_url)
	expect([content.headers.get('content-type'), content.headers.get('etag')]).toEqual([
		'text/markdown; charset=utf-8',
		`"sha256:${unfinished.sha256}"`,
	])
	expect(await content.text()).toBe(readFileSync(file, 'utf8'))
	const known = await server.send('GET', seen.steps[0].content_url, undefined, { 'if-none-match': `"sha256:${unfinished.sha256}"` })
	expect([known.status, await known.text()]).toEqual([304, ''])
	const part = await server.send('GET', `${steps}/draft/content?path=$.out.a`)
	expect([part.headers.get('content-type'), await part.json()]).toEqual(['application/json', { b: [1] }])
})

test('without a root nothing is written and the directive says nothing of files', async () => {
	verifies('01.C32')
	await using server = await testServer()
	using operator = await joinedOperator(server, 'main')
	const { steps } = await launch(server, pipeline())
	const planner = await operator.spawned()
	expect(planner.directive).not.toContain('ctx_projection')
	expect((await submit(server, planner, 'text')).status).toBe(204)
	const entry = (await server.call('GET', `${steps}/plan`)).body
	expect(entry).toMatchObject({ content_type: 'application/json', preview: '"text"\n', source: 'data_plane' })
	expect(entry).not.toHaveProperty('file_path')
})

test('a context policy decides which steps a worker is told of', async () => {
	verifies('03.ContextPolicy.steps', '03.ContextPolicy.steps_exclude', '03.AgentMeta.projection_name', '01.C120')
	await using server = await testServer()
	using operator = await joinedOperator(server, 'main')
	const visible = async (policy: JsonObject): Promise<string[]> => {
		const reviewer = agent('reviewer', { meta: { context_policy: policy } })
		const { runId } = await launch(server, pipeline({ agents: [agent('planner', { meta: { projection_name: 'plan' } }), reviewer] }))
		const planner = await operator.spawned()
		await submit(server, planner, 'p')
		operator.reply({ type: 'spawn_ack', req_id: planner.reqId, ok: true, value: null })
		const { context } = await prompt(server, await operator.spawned())
		await server.call('POST', `/v1/runs/${runId}/cancel`)
		return (context.steps ?? []).map(({ name }: { name: string }) => name)
	}
	expect(await visible({})).toEqual(['plan'])
	expect(await visible({ steps: ['draft'] })).toEqual(['plan'])
	expect(await visible({ steps: ['reviewer'] })).toEqual([])
	expect(await visible({ steps: [] })).toEqual([])
	expect(await visible({ steps: ['plan'], steps_exclude: ['planner'] })).toEqual([])
})

test('with check policy strict an output that cannot be shown is refused and does not count', async () => {
	verifies('03.Blueprint.check_policy')
	using dir = tempDir()
	using outside = tempDir()
	symlinkSync(outside.path, join(dir.path, 'workspace'))
	await using server = await testServer()
	using operator = await joinedOperator(server, 'main')
	const { steps } = await launch(server, pipeline({ check_policy: 'strict' }), { work_dir: dir.path })
	const planner = await operator.spawned()
	expect(planner.directive).not.toContain('ctx_projection')
	const refused = await server.call('POST', '/v1/worker/submit', 'x', { authorization: planner.bearer })
	expect([refused.status, refused.body.code]).toEqual([503, 'check_policy_strict'])
	expect(refused.body.error).toMatch(/^check policy strict: final plan: .* leads out of /)
	expect((await server.call('GET', `${steps}/plan`)).body.code).toBe('no_step_output')
	expect(existsSync(join(outside.path, 'tasks'))).toBe(false)
})

test('the output of a child process is shown as a file too', async () => {
	verifies('03.ProjectionPlacementSpec.root', '03.ProjectionPlacementSpec.dir_template')
	using dir = tempDir()
	mkdirSync(join(dir.path, 'root'))
	const child = { name: 'child', kind: 'subprocess', spec: { program: 'sh', args: ['-c', 'printf \'{"n":1}\''] } }
	const placement = { root: 'project_root', dir_template: 'out/{task_id}' }
	const blueprint = { id: 'p', flow: step('child', path('$.goal'), '$.n'), agents: [child], projection_placement: placement }
	await using server = await testServer()
	const { steps } = await launch(server, blueprint, { project_root: join(dir.path, 'root'), work_dir: dir.path })
	const output = async () => {
		const { status, body } = await server.call('GET', `${steps}/n`)
		return status === 200 ? body : null
	}
	const entry = await eventually(output, { what: 'the child has an output' })
	expect(entry.file_path).toMatch(/\/root\/out\/ST-[0-9a-f]+\/child\.md$/)
	expect(readFileSync(entry.file_path, 'utf8')).toContain('```json\n{\n  "n": 1\n}\n```')
})

test('content is open to the run’s own workers, and to nobody else without the admin token', async () => {
	await using server = await testServer({ 'admin-token': 'right' })
	const admin = { authorization: 'Bearer right' }
	using operator = await joinedOperator(server, 'main', admin)
	const started: { content: string; bearer: string }[] = []
	for (const _ of [1, 2]) {
		const reference = { kind: 'inline', value: pipeline() }
		const { body } = await server.call('POST', '/v1/tasks', { blueprint: reference, init_ctx: { goal: 'go' }, detach: true }, admin)
		const worker = await operator.spawned()
		await submit(server, worker, 'secret')
		started.push({ content: `/v1/tasks/${body.task_id}/runs/latest/steps/plan/content`, bearer: worker.bearer })
	}
	const [mine, other] = started
	const status = async (authorization?: string) =>
		(await server.send('GET', mine?.content ?? '', undefined, authorization ? { authorization } : {})).status
	expect(await status()).toBe(401)
	expect(await status('Bearer wrong')).toBe(401)
	expect(await status(admin.authorization)).toBe(200)
	expect(await status(mine?.bearer)).toBe(200)
	expect(await status(other?.bearer)).toBe(403)
	expect(
		(await server.send('GET', mine?.content.replace('/content', '') ?? '', undefined, { authorization: mine?.bearer ?? '' })).status,
	).toBe(401)
})
