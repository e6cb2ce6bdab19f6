import { expect, test } from 'bun:test'
import { runtimeWorld } from '../../edge/http/runtime-world.ts'

async function restingWorld() {
	const world = await runtimeWorld({ where: 'file' })
	world.script.rests = true
	return world
}

test('a worker of a profile that rests holds nothing before its first turn, which goes on with its first generation', async () => {
	await using world = await restingWorld()
	const id = await world.create()
	expect(world.script.closed).toEqual([id])
	const spawned = world.script.contexts.get(id)
	expect((await world.input(id, 'hello')).status).toBe(200)
	expect(world.script.begun).toEqual(['hello'])
	expect(world.script.contexts.get(id)).not.toBe(spawned)
	expect(world.script.contexts.get(id)).toMatchObject({ generation: 1, isRestored: false })
	await world.say(id, 'text_done', { text: 'heard' })
	expect((await world.store.transcript(id, 0, -1)).lines.map(({ content }) => content)).toEqual(['hello', 'heard'])
	const log = await world.db.sqlite.query("SELECT kind FROM event WHERE kind = 'worker.restored'").all()
	expect(log).toEqual([])
})

test('a worker that comes with its first turn is not let go of', async () => {
	await using world = await restingWorld()
	await world.create({ initial_input: { kind: 'user', content: 'go' } })
	expect([world.script.closed, world.script.begun]).toEqual([[], ['go']])
})

test('a resting worker that is ended says so, in the life that created it and in the next', async () => {
	await using world = await restingWorld()
	const [first, second] = [await world.create(), await world.create()]
	const detail = async (id: string) => (await world.call('GET', `/v1/workers/${id}`)).body.worker
	expect((await world.call('POST', `/v1/workers/${first}/stop`)).body.ack.status).toBe('stopped')
	expect(await detail(first)).toMatchObject({ status: 'stopped', execution: { run_state: 'stopped', last_result: { operation: 'stop' } } })
	await world.restart()
	expect((await world.call('POST', `/v1/workers/${second}/cancel`)).body.ack.status).toBe('cancelled')
	expect(await detail(second)).toMatchObject({
		status: 'cancelled',
		execution: { run_state: 'stopped', last_result: { operation: 'cancel', outcome: 'accepted' } },
	})
})

test('a resting worker whose profile cannot start it any more says so, and starts once it can', async () => {
	await using world = await restingWorld()
	const id = await world.create()
	world.script.spawn = () => {
		throw new Error('the key is gone')
	}
	expect((await world.input(id, 'hello')).body.error.code).toBe('worker_execution_unavailable')
	world.script.spawn = () => {}
	expect((await world.input(id, 'hello')).status).toBe(200)
})
