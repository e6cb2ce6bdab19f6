import { expect, test } from 'bun:test'
import { eventually } from '../../../support/eventually.ts'
import { CODER, runtimeWorld } from '../runtime-world.ts'

const PULLED = { profile: { kind: 'builtin', value: 'http:desk' } }
const pull = { profiles: ['http:desk'], holder: 'box-1', wait_ms: 1000 }

test('a worker elsewhere asks for a turn, acknowledges it, tells what it does and ends it', async () => {
	await using world = await runtimeWorld()
	const id = await world.create(PULLED)
	expect((await world.call('POST', '/v1/runtime/pull', { ...pull, wait_ms: 0 })).body).toEqual({ turn: null })
	await world.call('POST', `/v1/workers/${id}/input`, { kind: 'user', content: 'hello', attachments: ['out-known'] })
	const { turn } = (await world.call('POST', '/v1/runtime/pull', pull)).body
	expect(turn).toMatchObject({
		...{ worker_id: id, turn: 1, fence: 1, profile: 'http:desk', kind: 'user', content: 'hello', attachments: ['out-known'] },
		transcript: [{ role: 'user', content: 'hello' }],
	})
	const of = (verb: string, body?: object) => world.call('POST', `/v1/runtime/leases/${turn.lease}/${verb}`, body)
	expect((await of('ack')).body.lease).toEqual({ worker_id: id, turn: 1, fence: 1, until: world.clock.now() + 60_000 })
	expect((await world.call('GET', '/v1/runtime/turns')).body.turns).toEqual([
		expect.objectContaining({ worker_id: id, state: 'leased', holder: 'box-1', deadline_at: world.clock.now() + 24 * 3600 * 1000 }),
	])
	expect((await world.input(id, 'more')).body.error.message).toBe(`worker ${id} execution Input returned Busy: already running`)
	await of('events', { events: [{ event: 'text_delta', data: { text: 'hel' } }] })
	expect((await of('extend', { lease_ms: 5000 })).body.lease.until).toBe(world.clock.now() + 5000)
	expect((await of('complete', { text: 'hello yourself' })).status).toBe(200)
	expect((await of('complete', { text: 'hello yourself' })).body.lease.until).toBeNull()
	expect((await of('ack')).body.error.code).toBe('lease_lost')
	const { items } = (await world.call('GET', `/v1/workers/${id}/transcript`)).body.transcript
	expect(items).toMatchObject([
		{ role: 'user', attachments: ['out-known'] },
		{ role: 'assistant', content: 'hello yourself' },
	])
	expect((await world.call('GET', `/v1/workers/${id}`)).body.worker.execution.run_state).toBe('idle')
})

test('of two turns at once one is taken, and the other is refused as busy', async () => {
	await using world = await runtimeWorld()
	const id = await world.create(PULLED)
	const answers = await Promise.all([world.input(id, 'one'), world.input(id, 'two')])
	expect(answers.map(({ status }) => status)).toEqual([200, 409])
	expect((await world.call('POST', '/v1/runtime/pull', pull)).body.turn.content).toBe('one')
})

test('a lease and the turn under it outlive a restart', async () => {
	await using world = await runtimeWorld({ where: 'file' })
	const [held, waiting] = [await world.create(PULLED), await world.create(PULLED)]
	await world.input(held, 'first')
	const { turn } = (await world.call('POST', '/v1/runtime/pull', pull)).body
	await world.call('POST', `/v1/runtime/leases/${turn.lease}/ack`)
	await world.call('POST', `/v1/workers/${waiting}/input`, { kind: 'system', content: 'second', attachments: ['out-known'] })
	await world.restart()
	await eventually(() => world.desk.list().length === 2, { what: 'both turns on the desk' })
	expect((await world.call('GET', `/v1/workers/${held}`)).body.worker.execution.run_state).toBe('busy')
	expect((await world.call('POST', `/v1/runtime/leases/${turn.lease}/complete`, { text: 'over' })).status).toBe(200)
	const next = (await world.call('POST', '/v1/runtime/pull', pull)).body.turn
	expect(next).toMatchObject({ worker_id: waiting, kind: 'system', content: 'second', attachments: ['out-known'], fence: 1 })
	await world.call('POST', `/v1/runtime/leases/${next.lease}/complete`, { error: 'out of paper' })
	const roles = async (id: string) =>
		(await world.call('GET', `/v1/workers/${id}/transcript`)).body.transcript.items.map(({ content }: { content: string }) => content)
	expect([await roles(held), await roles(waiting)]).toEqual([
		['first', 'over'],
		['second', 'error: out of paper'],
	])
})

test('stopping a worker, or cancelling its turn, takes the lease away', async () => {
	await using world = await runtimeWorld()
	for (const end of ['stop', 'cancel'] as const) {
		const id = await world.create({ ...PULLED, initial_input: { kind: 'user', content: 'go' } })
		const { turn } = (await world.call('POST', '/v1/runtime/pull', pull)).body
		await world.call('POST', `/v1/workers/${id}/${end}`)
		const late = await world.call('POST', `/v1/runtime/leases/${turn.lease}/complete`, { text: 'late' })
		expect([end, late.status]).toEqual([end, 410])
		expect((await world.call('GET', `/v1/workers/${id}`)).body.worker.transcript_len).toBe(1)
	}
	expect((await world.call('GET', '/v1/runtime/turns')).body).toEqual({ turns: [] })
})

test('a lease speaks for itself, asking for work needs the token, and an unknown profile is named', async () => {
	await using world = await runtimeWorld({ http: { adminToken: 'adm' } })
	const admin = { authorization: 'Bearer adm' }
	expect((await world.call('POST', '/v1/runtime/pull', pull)).status).toBe(401)
	await world.call('POST', '/v1/workers', { ...CODER, ...PULLED, initial_input: { kind: 'user', content: 'go' } }, admin)
	const { turn } = (await world.call('POST', '/v1/runtime/pull', { ...pull, wait_ms: 1000 }, admin)).body
	expect((await world.call('POST', `/v1/runtime/leases/${turn.lease}/release`)).status).toBe(200)
	expect((await world.call('POST', '/v1/runtime/leases/lease-guessed/ack')).status).toBe(410)
	const unknown = await world.call('POST', '/v1/runtime/pull', { profiles: ['http:nobody'] }, admin)
	expect([unknown.status, unknown.body.error.message]).toEqual([400, 'invalid request: there is no profile `http:nobody`'])
})
