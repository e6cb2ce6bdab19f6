import { expect, test } from 'bun:test'
import { type AppWorld, appWorld } from '../../support/app-world.ts'
import { eventually } from '../../support/eventually.ts'
import { tempDir } from '../../support/temp-dir.ts'

const CREATE = { intent: { kind: 'assistant' }, profile: { kind: 'builtin', value: 'operator:reviewer' } }
const create = async (app: AppWorld): Promise<string> => (await app.call('POST', '/v1/workers', CREATE)).body.worker.worker_id
const tell = (app: AppWorld, id: string, content: string) => app.call('POST', `/v1/workers/${id}/input`, { kind: 'user', content })

const linesOf = async (app: AppWorld, id: string): Promise<string[]> =>
	(await app.call('GET', `/v1/workers/${id}/transcript`)).body.transcript.items.map(
		({ role, content }: { role: string; content: string }) => `${role}: ${content}`,
	)
const afterLines = (app: AppWorld, id: string, n: number) =>
	eventually(
		async () => {
			const lines = await linesOf(app, id)
			return lines.length >= n && lines
		},
		{ what: `${n} lines` },
	)

test('a turn is a spawn for the operator, whose worker fetches it with what was said before, and the answer is a line', async () => {
	await using app = await appWorld()
	const operator = await app.connect(await app.join(['reviewer']))
	expect((await app.call('GET', '/v1/runtime')).body.profiles).toContainEqual({ name: 'operator:reviewer', available: true })
	const id = await create(app)
	await tell(app, id, 'first')
	const first = await operator.next('spawn')
	operator.say({ type: 'spawn_ack', req_id: first.req_id, value: 'one', ok: true })
	expect(await afterLines(app, id, 2)).toEqual(['user: first', 'assistant: one'])
	await tell(app, id, 'second')
	const { task_id, worker_handle, req_id } = await operator.next('spawn')
	const prompt = await app.call('GET', `/v1/worker/prompt?task_id=${task_id}`, undefined, { authorization: `Bearer ${worker_handle}` })
	expect(prompt.body.prompt).toBe('second')
	expect(JSON.stringify(prompt.body.context)).toContain('{"role":"assistant","content":"one"}')
	await app.call('POST', `/v1/worker/submit?task_id=${task_id}&ok=true`, 'two', { authorization: `Bearer ${worker_handle}` })
	operator.say({ type: 'spawn_ack', req_id })
	expect((await afterLines(app, id, 4)).at(-1)).toBe('assistant: two')
	expect((await app.call('GET', `/v1/workers/${id}`)).body.worker.execution.run_state).toBe('idle')
})

test('a turn outlives the socket of the operator and a restart of the server', async () => {
	using dir = tempDir()
	const flags = { 'drain-secs': '0' }
	const life = () => appWorld({ dir: dir.path, flags })
	const { id, joined } = await (async () => {
		await using app = await life()
		const joined = await app.join(['reviewer'])
		const operator = await app.connect(joined)
		const id = await create(app)
		await operator.close()
		await tell(app, id, 'go on')
		await eventually(async () => (await app.eventsOf('request.parked')).length > 0, { what: 'the parked request' })
		return { id, joined }
	})()
	await using app = await life()
	const operator = await app.connect(joined)
	const { req_id } = await operator.next('spawn')
	expect((await app.call('GET', `/v1/workers/${id}`)).body.worker.execution.run_state).toBe('busy')
	operator.say({ type: 'spawn_ack', req_id, value: 'went on', ok: true })
	expect(await afterLines(app, id, 2)).toEqual(['user: go on', 'assistant: went on'])
	expect((await app.call('GET', '/v1/runs')).body.runs).toHaveLength(1)
})

test('an operator that fails, or a worker that is stopped, ends the turn and its request', async () => {
	await using app = await appWorld()
	const operator = await app.connect(await app.join(['reviewer']))
	const id = await create(app)
	await tell(app, id, 'fail')
	const { req_id } = await operator.next('spawn')
	expect((await tell(app, id, 'more')).body.error.details).toEqual({ operation: 'input', outcome: 'busy' })
	operator.say({ type: 'spawn_ack', req_id, error: 'out of paper' })
	expect((await afterLines(app, id, 2)).at(-1)).toContain('out of paper')
	await tell(app, id, 'hang')
	await operator.next('spawn')
	expect((await app.call('POST', `/v1/workers/${id}/stop`)).body.ack.status).toBe('stopped')
	expect((await app.eventsOf('run.cancelled')).length).toBe(1)
})

test('while no operator session lives, a turn is refused and the profile of the hive says what is off', async () => {
	await using app = await appWorld()
	const id = await create(app)
	const refused = await tell(app, id, 'hello')
	expect([refused.status, refused.body.error.message]).toEqual([409, expect.stringContaining('no operator session is alive')])
	const hive = await app.call('POST', '/v1/workers', { ...CREATE, profile: { kind: 'builtin', value: 'hive:coder' } })
	expect([hive.status, hive.body.error.message]).toEqual([409, expect.stringContaining('the hive is off')])
})
