import { expect, test } from 'bun:test'
import { openSocket } from '../edge/http/operator-server.ts'
import { lit, seq, step } from '../support/blueprints.ts'
import { eventually } from '../support/eventually.ts'
import { startTestServer, type TestServer } from './support/server.ts'

const blueprint = {
	...{ id: 'sleeping', agents: [{ name: 'coder', kind: 'operator', spec: { operator_ref: 'main' } }], operators: [{ name: 'main' }] },
	flow: seq(step('coder', lit('first'), '$.a'), step('coder', lit('second'), '$.b')),
}

interface Spawn {
	readonly type: string
	readonly req_id: string
	readonly task_id: string
}

async function post(server: TestServer, route: string, body: unknown): Promise<Record<string, string>> {
	const headers = { 'content-type': 'application/json' }
	const response = await fetch(server.url + route, { method: 'POST', headers, body: JSON.stringify(body) })
	expect(response.status).toBeLessThan(300)
	return (await response.json()) as Record<string, string>
}

async function figure(server: TestServer, name: string): Promise<number> {
	const text = await (await fetch(`${server.url}/metrics`)).text()
	return Number(new RegExp(`^mse_${name} (\\d+)$`, 'm').exec(text)?.[1])
}

const asleep = (server: TestServer, runs: number) =>
	eventually(async () => (await figure(server, 'runs_asleep')) === runs && (await figure(server, 'runs_driven')) === 0, {
		what: `${runs} runs sleep`,
	})

async function statuses(server: TestServer): Promise<string[]> {
	const { runs } = (await (await fetch(`${server.url}/v1/runs?limit=1000`)).json()) as { runs: { status: string }[] }
	return runs.map(({ status }) => status)
}

/** An operator that answers each spawn once, and remembers what it was sent. */
async function answering(server: TestServer, { sid = '', token = '' }: Record<string, string>) {
	const peer = await openSocket(`${server.url.replace('http', 'ws')}/v1/operators/${sid}/ws`, token)
	const spawns: Spawn[] = []
	const take = (text: string): void => {
		const frame = JSON.parse(text) as Spawn
		if (frame.type !== 'spawn') return
		spawns.push(frame)
		peer.say({ type: 'spawn_ack', req_id: frame.req_id, value: 'done' })
	}
	for (const frame of peer.frames) take(JSON.stringify(frame))
	peer.socket.addEventListener('message', ({ data }) => take(String(data)))
	return { spawns, close: () => peer.socket.close() }
}

test('runs that wait for an operator who is away sleep, outlive a kill, and go on when the operator comes', async () => {
	await using server = await startTestServer()
	const operator = await post(server, '/v1/operators', {})
	const launch = { blueprint: { kind: 'inline', value: blueprint }, init_ctx: {}, operator_sid: operator.sid, detach: true }
	for (let n = 0; n < 60; n++) await post(server, '/v1/tasks', launch)
	await asleep(server, 60)
	await server.kill('SIGKILL')
	await server.restart()
	await asleep(server, 60)
	const peer = await answering(server, operator)
	await eventually(async () => (await statuses(server)).every((status) => status === 'done'), { what: 'all runs are done' })
	expect(new Set(peer.spawns.map(({ task_id }) => task_id)).size).toBe(120)
	expect(peer.spawns).toHaveLength(120)
	expect([await figure(server, 'runs_asleep'), await figure(server, 'runs_driven')]).toEqual([0, 0])
	peer.close()
}, 60_000)

test('one call ends all runs that sleep', async () => {
	await using server = await startTestServer()
	const { sid } = await post(server, '/v1/operators', {})
	const launch = { blueprint: { kind: 'inline', value: blueprint }, init_ctx: {}, operator_sid: sid, detach: true }
	for (let n = 0; n < 60; n++) await post(server, '/v1/tasks', launch)
	await asleep(server, 60)
	await post(server, '/v1/runs/cancel', { all: true, reason: 'enough' })
	expect(new Set(await statuses(server))).toEqual(new Set(['cancelled']))
	expect(await figure(server, 'runs_asleep')).toBe(0)
}, 60_000)

test('a hundred readers of the log are each sent every event once and in order', async () => {
	await using server = await startTestServer()
	const address = `${server.url.replace('http', 'ws')}/v1/events/ws?kind=run,step`
	const readers = await Promise.all(
		Array.from({ length: 100 }, async () => {
			const socket = new WebSocket(address)
			const seqs: number[] = []
			socket.addEventListener('message', ({ data }) => seqs.push((JSON.parse(String(data)) as { seq: number }).seq))
			await new Promise((resolve) => socket.addEventListener('open', resolve))
			return { socket, seqs }
		}),
	)
	const pure = {
		...{ id: 'pure', agents: [{ name: 'echo', kind: 'rust_fn', spec: { fn_id: 'identity' } }], flow: step('echo', lit(1), '$.out') },
	}
	for (let n = 0; n < 60; n++) await post(server, '/v1/tasks', { blueprint: { kind: 'inline', value: pure }, init_ctx: {}, detach: false })
	const text = await (await fetch(`${server.url}/v1/events?follow=false&kind=run,step`)).text()
	const log = [...text.matchAll(/^id: (\d+)\ndata: /gm)].map(([, id]) => Number(id))
	expect(log).toHaveLength(180)
	await eventually(() => readers.every(({ seqs }) => seqs.length >= log.length), { what: 'every reader has all of it' })
	for (const { seqs } of readers) expect(seqs).toEqual(log)
	for (const { socket } of readers) socket.close()
}, 60_000)
