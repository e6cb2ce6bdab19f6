import { expect, test } from 'bun:test'
import { departs, verifies } from '../../../support/verifies.ts'
import { observe, runtimeWorld } from '../runtime-world.ts'

const eventFrame = (n: number, workerId: string, payload: string) => {
	const cursor = `wo_${n.toString(16).padStart(16, '0')}`
	return `{"kind":"event","envelope":{"cursor":"${cursor}","event_id":"${cursor}","worker_id":"${workerId}","payload":${payload}}}`
}

test('an observer gets a snapshot and then what the worker does, to the byte', async () => {
	verifies('07.A12', '07.A13', '07.A14', '07.B24', '07.B39', '07.B40')
	await using world = await runtimeWorld()
	const url = world.listen()
	const id = await world.create()
	using one = await observe(url, id)
	using two = await observe(url, id)
	expect(JSON.stringify(await one.next())).toBe(
		`{"kind":"event","envelope":{"cursor":"wo_0000000000000000","event_id":"snapshot:wo_0000000000000000","worker_id":"${id}","payload":{"event":"snapshot","data":{"entries":[],"greeting":{"worker_name":"${id}","cwd":"","provider":"worker-runtime","model":"worker-runtime","scope_summary":"runtime worker observation","tools":[],"context_window":0,"context_tokens":0},"status":"idle"}}}}`,
	)
	await two.next()
	await world.say(id, 'text_delta', { text: 'started' })
	expect(JSON.stringify(await one.next())).toBe(eventFrame(1, id, '{"event":"text_delta","data":{"text":"started"}}'))
	expect((await two.next()).envelope.cursor).toBe('wo_0000000000000001')
	await world.input(id, 'hello')
	expect((await one.next()).envelope.payload).toEqual({ event: 'user_message', data: { segments: [{ kind: 'text', content: 'hello' }] } })
	await world.input(id, 'note', 'system')
	expect((await one.next()).envelope.payload).toEqual({
		event: 'system_item',
		data: { item: { kind: 'embedded_worker_system_input', content: 'note' } },
	})
})

test('a cursor goes on where it was, over a restart too, and only this worker is heard', async () => {
	verifies('07.A15', '07.A16', '07.A17', '07.A18', '07.A45', '07.A46', '07.B16')
	await using world = await runtimeWorld({ where: 'file' })
	const [mine, other] = [await world.create(), await world.create()]
	await world.say(mine, 'text_delta', { text: 'seen' })
	await world.say(other, 'text_delta', { text: 'not mine' })
	await world.restart()
	await world.say(mine, 'text_done', { text: 'next' })
	const url = world.listen()
	using observer = await observe(url, mine, '?cursor=wo_0000000000000001')
	const snapshot = await observer.next()
	expect(snapshot.envelope.event_id).toBe('snapshot:wo_0000000000000001')
	expect(snapshot.envelope.payload.data.entries).toEqual([{ sequence: 1, role: 'assistant', content: 'next' }])
	expect(JSON.stringify(await observer.next())).toBe(eventFrame(3, mine, '{"event":"text_done","data":{"text":"next"}}'))
	await world.say(mine, 'made_up', [1, { two: 3 }])
	expect((await observer.next()).envelope.payload).toEqual({ event: 'made_up', data: [1, { two: 3 }] })
	expect(observer.waiting()).toBe(0)
})

test('a new observer sees text that is being written', async () => {
	await using world = await runtimeWorld()
	const id = await world.create()
	await world.say(id, 'status', { status: 'running' })
	await world.say(id, 'text_delta', { text: 'half a ' })
	await world.say(id, 'text_delta', { text: 'sentence' })
	using observer = await observe(world.listen(), id)
	expect((await observer.next()).envelope.payload.data).toMatchObject({
		status: 'running',
		in_flight: { blocks: [{ kind: 'text', text: 'half a sentence' }] },
	})
})

test('what is wrong with a cursor is told in a frame, and ends the socket', async () => {
	verifies('07.A19', '07.B23')
	departs('07.B20')
	await using world = await runtimeWorld()
	const url = world.listen()
	const id = await world.create()
	for (const cursor of ['bad', 'wo_1', 'wo_000000000000000g', 'wo_00000000000000001', 'WO_0000000000000001', 'wo_%2B000000000000001']) {
		using observer = await observe(url, id, `?cursor=${cursor}`)
		const message = `malformed worker observation cursor: ${decodeURIComponent(cursor)}`
		expect(await observer.next()).toEqual({ kind: 'diagnostic', diagnostic: { code: 'runtime.cursor_malformed', message } })
		expect(await observer.closeCode()).toBe(1008)
	}
	for (const cursor of ['wo_000000000000000d', 'wo_ffffffffffffffff']) {
		using observer = await observe(url, id, `?cursor=${cursor}`)
		expect((await observer.next()).envelope.payload.event).toBe('snapshot')
		expect((await observer.next()).diagnostic.code).toBe('runtime.cursor_unknown_or_expired')
		expect(await observer.closeCode()).toBe(1008)
	}
})

test('a cursor expires exactly when something after it is no longer kept, and cursor zero says what is missing', async () => {
	verifies('07.B21')
	departs('07.B22')
	await using world = await runtimeWorld({ kept: 10 })
	const url = world.listen()
	const [mine, other] = [await world.create(), await world.create()]
	for (let n = 0; n < 30; n++) await world.say(n % 2 === 0 ? mine : other, 'text_delta', { text: String(n) })
	const { trimmedThrough } = await world.store.observationBounds(mine)
	expect(trimmedThrough).toBeGreaterThan(0)
	const at = (n: number) => `?cursor=wo_${n.toString(16).padStart(16, '0')}`
	using expired = await observe(url, mine, at(trimmedThrough - 1))
	await expired.next()
	expect((await expired.next()).diagnostic).toEqual({
		code: 'runtime.cursor_unknown_or_expired',
		message: `invalid request: worker observation cursor ${at(trimmedThrough - 1).slice(8)} is expired for worker ${mine}`,
	})
	using huge = await observe(url, mine, '?cursor=wo_FFFFffffFFFFffff')
	expect((await huge.next()).envelope).toMatchObject({ cursor: 'wo_ffffffffffffffff', event_id: 'snapshot:wo_ffffffffffffffff' })
	expect((await huge.next()).diagnostic.message).toBe(
		`invalid request: worker observation cursor wo_ffffffffffffffff is unknown for worker ${mine}`,
	)
	using kept = await observe(url, mine, at(trimmedThrough))
	await kept.next()
	expect((await kept.next()).envelope.cursor).toBe(at(trimmedThrough + 2).slice(8))
	using all = await observe(url, mine, at(0))
	await all.next()
	expect((await all.next()).diagnostic.code).toBe('runtime.gap')
	expect((await all.next()).envelope.cursor).toBe(at(trimmedThrough + 2).slice(8))
})

test('a socket is for observing, unless it asked to send methods', async () => {
	verifies('07.A20', '07.B37', '07.B38')
	await using world = await runtimeWorld()
	const url = world.listen()
	const id = await world.create()
	for (const frame of ['{}', 'text', new Uint8Array([1, 2])]) {
		using observer = await observe(url, id)
		await observer.next()
		const pong = new Promise((heard) => observer.socket.addEventListener('pong', heard, { once: true }))
		observer.socket.ping()
		await pong
		observer.socket.send(frame)
		expect(await observer.next()).toEqual({
			kind: 'diagnostic',
			diagnostic: { code: 'runtime.observation_only', message: 'runtime worker event WebSocket is observation-only' },
		})
		expect(await observer.closeCode()).toBe(1008)
	}
})

test('with methods=true turns, pauses and the end go over the socket', async () => {
	await using world = await runtimeWorld()
	const id = await world.create()
	using observer = await observe(world.listen(), id, '?methods=true')
	await observer.next()
	const send = (method: string, params?: object) => observer.socket.send(JSON.stringify({ method, ...(params && { params }) }))
	const nextOf = async (kind: string) => {
		for (;;) {
			const frame = await observer.next()
			if (frame.kind === kind) return frame
		}
	}
	send('run', {
		input: [
			{ kind: 'text', content: 'look at ' },
			{ kind: 'file_ref', path: 'a.ts' },
		],
	})
	expect(await nextOf('ack')).toMatchObject({ method: 'run', ack: { transcript_sequence: 1 } })
	expect(world.script.begun).toEqual(['look at @a.ts'])
	send('pause')
	expect((await nextOf('ack')).method).toBe('pause')
	expect(world.script.methods).toEqual(['pause'])
	for (const frame of ['text', '{}', '{"method":1}', new Uint8Array([1])]) {
		observer.socket.send(frame)
		expect((await nextOf('diagnostic')).diagnostic.code).toBe('runtime.method_malformed')
	}
	send('rewind_to')
	expect((await nextOf('diagnostic')).diagnostic.code).toBe('invalid_request')
	send('shutdown')
	expect((await nextOf('ack')).ack.status).toBe('stopped')
})

test('who watches a worker that is deleted is told so, and the socket ends', async () => {
	await using world = await runtimeWorld()
	const url = world.listen()
	const [mine, other] = [await world.create(), await world.create()]
	using observer = await observe(url, mine)
	await observer.next()
	await world.call('DELETE', `/v1/workers/${other}?force=true`)
	await world.say(mine, 'text_done', { text: 'still here' })
	expect((await observer.next()).envelope.payload.event).toBe('text_done')
	await world.call('DELETE', `/v1/workers/${mine}?force=true`)
	expect(await observer.next()).toEqual({
		kind: 'diagnostic',
		diagnostic: { code: 'runtime.worker_not_found', message: `worker ${mine} was deleted` },
	})
	expect(await observer.closeCode()).toBe(1008)
})

test('an unknown or blank worker is refused before the upgrade', async () => {
	verifies('07.B36')
	await using world = await runtimeWorld()
	const url = world.listen()
	const headers = {
		upgrade: 'websocket',
		connection: 'Upgrade',
		'sec-websocket-version': '13',
		'sec-websocket-key': 'x3JJHMbDL1EzLkh9GBhXDw==',
	}
	for (const [id, status, code] of [
		['nobody', 404, 'worker_not_found'],
		['%20', 400, 'invalid_worker_id'],
	] as const) {
		const answer = await fetch(`${url}/v1/workers/${id}/events/ws`, { headers })
		expect([answer.status, ((await answer.json()) as { error: { code: string } }).error.code]).toEqual([status, code])
	}
})
