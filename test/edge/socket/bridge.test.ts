import { expect, test } from 'bun:test'
import { askPatiently } from '../../../src/edge/client/patient-socket.ts'
import { systemClock } from '../../../src/kernel/clock.ts'
import { hiveWorld } from './hive-world.ts'
import { scriptedBridge } from './scripted-bridge.ts'

async function bridgeWorld() {
	const script = scriptedBridge()
	const world = await hiveWorld({ bridge: script.bridge })
	const ask = (request: object, path = world.paths.agentSocket('alice')) =>
		askPatiently({ path, clock: systemClock }, request, { mayRepeat: true })
	return { ...script, world, ask, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() }
}

test('the verbs of our bridge do their work on the sockets of agents and of the manager, as their owner', async () => {
	await using it = await bridgeWorld()
	const ack = { req_id: 'r', kind: 'answer', value: { score: 7.5, big: 1e300, none: null } }
	expect(await it.ask({ cmd: 'mse_ack', ...ack })).toEqual({ kind: 'ok' })
	expect(await it.ask({ cmd: 'mse_ack', ...ack }, it.world.paths.managerSocket)).toEqual({ kind: 'ok' })
	expect(it.calls).toEqual([
		['alice', ack],
		['manager', ack],
	])
	expect(await it.ask({ cmd: 'worker_prompt', worker_handle: 'wh-1' })).toMatchObject({ kind: 'result', value: { prompt: 'do it' } })
	expect(await it.ask({ cmd: 'worker_submit', worker_handle: 'wh-1', body: 'b', ok: false })).toEqual({ kind: 'ok' })
	expect(await it.ask({ cmd: 'data_emit', worker_handle: 'wh-1', value: 1 })).toEqual({ kind: 'result', value: { out_id: 'out-1' } })
	expect(await it.ask({ cmd: 'data_get', worker_handle: 'wh-1', key: 'k' })).toEqual({ kind: 'result', value: { id: 'k' } })
	expect(await it.ask({ cmd: 'harness_state' })).toEqual({ kind: 'result', value: { paused: false } })
})

test('what they refuse, and what is none of their requests, is an error line', async () => {
	await using it = await bridgeWorld()
	expect(await it.ask({ cmd: 'worker_prompt', worker_handle: 'wh-unknown' })).toEqual({ kind: 'err', message: 'no such handle' })
	expect(await it.ask({ cmd: 'worker_prompt', worker_handle: 7 })).toMatchObject({
		kind: 'err',
		message: expect.stringMatching(/^invalid request: worker_handle: /),
	})
})

test('other clients are told of the verbs of hyperhive alone, and the operator has none of ours', async () => {
	await using it = await bridgeWorld()
	const client = await it.world.agent('alice')
	expect(await client.ask({ cmd: 'mse_nack' })).toEqual({
		kind: 'err',
		message: 'invalid request: unknown variant `mse_nack`, expected one of `send`, `recv`, `status`, `operator_msg`',
	})
	const host = await it.world.host()
	expect(await host.ask({ cmd: 'mse_ack', req_id: 'r', kind: 'answer' })).toMatchObject({
		ok: false,
		error: expect.stringContaining('unknown variant'),
	})
})
