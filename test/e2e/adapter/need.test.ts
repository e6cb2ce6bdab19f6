import { describe, expect, test } from 'bun:test'
import { eventually } from '../../support/eventually.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { verifies } from '../../support/verifies.ts'
import { bareEnvironment, binaryPath } from '../support/binary.ts'
import { startTestServer } from '../support/server.ts'
import { upgrade } from '../wire-script/client.ts'
import { handshake } from '../wire-script/handshake.ts'
import { operatorBlueprint, step } from '../wire-script/work.ts'
import { adapterOf01 } from './adapter-0-1.ts'
import { adapterOf026 } from './adapter-0-26.ts'
import { exchange } from './exchange.ts'

const LIMIT_MS = 60_000
const DEFAULT_URL = 'http://127.0.0.1:7777'

test(
	'the address is 127.0.0.1:7777 where nothing says otherwise; a taken one is refused by name',
	async () => {
		verifies('05.M1')
		using home = tempDir()
		const args = [binaryPath(), 'serve', '--data-dir', `${home.path}/data`]
		const child = Bun.spawn(args, { cwd: home.path, env: bareEnvironment(home.path), stdout: 'pipe', stderr: 'pipe' })
		const said = { text: '' }
		const read = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
			for await (const chunk of stream) said.text += new TextDecoder().decode(chunk)
		}
		const drained = Promise.all([read(child.stdout), read(child.stderr)])
		await eventually(() => said.text.includes('127.0.0.1:7777'), { what: 'the server names its address' })
		const isMine = await Promise.race([child.exited.then(() => false), Bun.sleep(200).then(() => true)])
		if (isMine) expect((await exchange(DEFAULT_URL, 'GET', '/v1/healthz')).body).toBe('ok')
		child.kill('SIGKILL')
		await child.exited
		await drained
	},
	LIMIT_MS,
)

test(
	'health is the two bytes ok as text, also while the server is busy',
	async () => {
		verifies('05.M2')
		await using server = await startTestServer()
		const work = { id: 'busy', flow: step('echo', '$.said'), agents: [{ name: 'echo', kind: 'rust_fn', spec: { fn_id: 'echo' } }] }
		const json = { blueprint: { kind: 'inline', value: work }, init_ctx: {} }
		let isBusy = true
		const load = Array.from({ length: 16 }, async () => {
			let done = 0
			for (; isBusy; done++) expect((await exchange(server.url, 'POST', '/v1/tasks', { json })).status).toBe(200)
			return done
		})
		for (let look = 0; look < 20; look++) {
			const { status, body, headers } = await exchange(server.url, 'GET', '/v1/healthz', { timeoutMs: 500 })
			expect([status, body, headers.get('content-type')?.startsWith('text/plain')]).toEqual([200, 'ok', true])
		}
		isBusy = false
		expect(Math.min(...(await Promise.all(load)))).toBeGreaterThan(0)
	},
	LIMIT_MS,
)

describe('an operator', () => {
	test.each([
		[{ roles: ['reviewer', 'main'] }, ['reviewer', 'main']],
		[{ capability_manifest: null, desc: 'a client' }, []],
		[{ capability_manifest: { provider_id: 'claude-code', capabilities: [] }, desc: 'a client' }, []],
		[{}, []],
		[{ roles: [], favourite_colour: 'blue', nested: { a: [1] } }, []],
	])(
		'joins with %j',
		async (body, roles) => {
			verifies('05.M3')
			await using server = await startTestServer()
			const answer = await exchange(server.url, 'POST', '/v1/operators', { json: body })
			expect([answer.status, answer.json]).toEqual([200, { sid: expect.any(String), token: expect.any(String), roles }])
			expect(JSON.parse(answer.body)).not.toContainValue(null)
		},
		LIMIT_MS,
	)

	test(
		'has its bearer looked at before the upgrade, and no subprotocol after it',
		async () => {
			verifies('05.M4')
			await using server = await startTestServer()
			const { sid, token } = (await exchange(server.url, 'POST', '/v1/operators', { json: {} })).json as { sid: string; token: string }
			for (const [asked, bearer, status] of [
				[sid, undefined, 401],
				[sid, `${token}0`, 401],
				['S-ffffffffffffffff', token, 404],
				[sid, token, 101],
			] as const) {
				using answer = await handshake(server.url, asked, bearer)
				expect([asked, answer.status]).toEqual([asked, status])
				expect(answer.headers.has('sec-websocket-protocol')).toBe(false)
			}
		},
		LIMIT_MS,
	)

	test(
		'opens socket after socket with one sid and token, and the last has the session',
		async () => {
			verifies('05.M5')
			await using server = await startTestServer()
			const joined = (await exchange(server.url, 'POST', '/v1/operators', { json: {} })).json as { sid: string; token: string }
			const before = await upgrade(server.url, joined)
			for (let again = 0; again < 3; again++) {
				await using _again = await upgrade(server.url, joined)
			}
			expect((await before.closed).code).toBe(4001)
			await using last = await upgrade(server.url, joined)
			const document = operatorBlueprint('last')
			await exchange(server.url, 'POST', '/v1/blueprints/last', { json: document })
			const body = { blueprint: { kind: 'id', id: 'last' }, init_ctx: {}, ttl_secs: 300, detach: true, operator_sid: joined.sid }
			expect((await exchange(server.url, 'POST', '/v1/tasks', { json: body })).status).toBe(202)
			expect((await last.next()).type).toBe('spawn')
			expect(before.frames).toEqual([])
		},
		LIMIT_MS,
	)
})

test(
	'every kind of frame is kept by a stock client, and every kind of reply counts; a value that is left out is null or {}',
	async () => {
		verifies('05.M6', '05.M7')
		await using server = await startTestServer()
		await using adapter = adapterOf026(server.url)
		const { sid } = await adapter.mse_operator_join({ desc: 'a client' })
		const layers = { spawner_hints: { layers: ['main_ai', 'senior_escalation'] } }
		const stored = await adapter.bp_build({ ...operatorBlueprint('layered'), ...layers })
		expect(stored.status).toBe('registered')
		const operator = { kind: 'main_ai', spawn_hook_id: sid, senior_bridge_id: sid }
		const { run_id } = await adapter.swarm_run({ id: 'layered', detach: true, more: { operator } })
		const asked: string[] = []
		const next = async (kind: string) => {
			const frame = await adapter.mse_pending_wait({ sid })
			if (frame.timed_out) throw new Error(`no ${kind} came`)
			asked.push(frame.type)
			expect([frame.type, Number.isInteger(frame.payload.attempt ?? 1)]).toEqual([kind, true])
			return frame.req_id
		}
		for (const junk of ['nobody asked', '']) await adapter.mse_ack({ sid, req_id: junk, kind: 'spawn_ack' })
		adapter.sessionOf(sid).send({ type: 'a frame of the future', req_id: 'x' })
		await adapter.mse_ack({ sid, req_id: await next('hook_before'), kind: 'hook_ack', error: 'a reason, though it is fine' })
		const stats = { usage: { total_tokens: 12 }, model: 'm' }
		await adapter.mse_ack({ sid, req_id: await next('spawn'), kind: 'spawn_ack', ok: false, stats })
		await next('hook_after')
		await adapter.mse_ack({ sid, req_id: await next('ask'), kind: 'answer' })
		const ended = await untilEnded(adapter, String(run_id))
		expect([ended.status, ended.result_ref]).toEqual(['done', { said: { original: {}, senior_answer: null } }])
		const halting = await adapter.swarm_run({ id: 'layered', detach: true })
		await adapter.mse_ack({ sid, req_id: await next('spawn'), kind: 'spawn_halt', error: 'enough' })
		expect((await untilEnded(adapter, String(halting.run_id))).result_ref).toEqual({ said: { halted: true, reason: 'enough', value: {} } })
		expect(asked).toEqual(['hook_before', 'spawn', 'hook_after', 'ask', 'spawn'])
		expect(adapter.sessionOf(sid).lost()).toEqual([])
	},
	LIMIT_MS,
)

test(
	'leaving is answered 204 and cannot be done with another bearer',
	async () => {
		verifies('05.M8')
		await using server = await startTestServer()
		const joined = (await exchange(server.url, 'POST', '/v1/operators', { json: {} })).json as { sid: string; token: string }
		const leave = (bearer: string) => exchange(server.url, 'DELETE', `/v1/operators/${joined.sid}`, { bearer })
		expect((await leave('f'.repeat(32))).status).toBe(401)
		const { status, body } = await leave(joined.token)
		expect([status, body]).toEqual([204, ''])
	},
	LIMIT_MS,
)

test.each([
	['curl', 'application/x-www-form-urlencoded'],
	['an adapter', 'text/plain'],
	['JSON', 'application/json'],
	['a form without boundary', 'multipart/form-data'],
	['nobody', undefined],
])(
	'raw bodies are taken with the content type of %s, and answered exactly 204',
	async (_of, type) => {
		verifies('05.M10')
		await using server = await startTestServer()
		await using adapter = adapterOf01(server.url)
		const { sid } = await adapter.mse_operator_join()
		const document = operatorBlueprint('raw')
		await exchange(server.url, 'POST', '/v1/blueprints/raw', { json: document })
		const body = { blueprint: { kind: 'id', id: 'raw' }, init_ctx: {}, operator_sid: sid, detach: true }
		const { run_id } = (await exchange(server.url, 'POST', '/v1/tasks', { json: body })).json as { run_id: string }
		const frame = await adapter.mse_pending_wait({ sid })
		if (frame.timed_out) throw new Error('no spawn came')
		const sent = { bearer: String(frame.payload.worker_handle), raw: 'a=1&b=%zz "quoted"\n{', ...(type && { type }) }
		for (const path of ['artifact?name=notes', 'submit?ok=false', 'submit']) {
			const answer = await exchange(server.url, 'POST', `/v1/worker/${path}`, sent)
			expect([path, answer.status, answer.body]).toEqual([path, 204, ''])
		}
		adapter.mse_ack({ sid, req_id: frame.req_id, kind: 'spawn_ack' })
		const run = await eventually(async () => ended(await exchange(server.url, 'GET', `/v1/runs/${run_id}`)), {
			what: 'its end',
		})
		expect(run.result_ref).toEqual({ said: { out: sent.raw, parts: { notes: sent.raw } } })
	},
	LIMIT_MS,
)

test(
	'cancel and unarchive are taken without a body, a length or a content type; what is archived comes back',
	async () => {
		verifies('05.M13', '05.M14')
		await using server = await startTestServer()
		await using adapter = adapterOf026(server.url)
		await adapter.bp_build({
			id: 'kept',
			flow: step('wait', '$.x'),
			agents: [{ name: 'wait', kind: 'rust_fn', spec: { fn_id: 'sleep', ms: 60_000 } }],
		})
		const { run_id } = await adapter.swarm_run({ id: 'kept', detach: true })
		expect(await adapter.swarm_cancel({ run_id: String(run_id) })).toMatchObject({ ok: true, server_ack: true })
		expect((await untilEnded(adapter, String(run_id))).status).toBe('cancelled')
		expect(await adapter.bp_archive({ id: 'kept' })).toMatchObject({ status: 'dry_run' })
		expect((await adapter.bp_doctor({ id: 'kept' })).http_status).toBe(200)
		expect(await adapter.bp_archive({ id: 'kept', confirm: true })).toMatchObject({ status: 'archived' })
		const refused = await adapter.swarm_run({ id: 'kept' })
		expect([refused.status, String(refused.error).includes('unarchive')]).toEqual(['failed', true])
		expect(await adapter.bp_unarchive({ id: 'kept' })).toMatchObject({ status: 'unarchived' })
		expect((await adapter.bp_doctor({ id: 'kept' })).http_status).toBe(200)
		expect(await adapter.bp_unarchive({ id: 'nobody' })).toMatchObject({ status: 'error', http_status: 404 })
	},
	LIMIT_MS,
)

function ended({ json }: { readonly json: unknown }) {
	const run = json as { status: string; result_ref: unknown }
	return run.status !== 'running' && run
}

function untilEnded(adapter: Pick<ReturnType<typeof adapterOf026>, 'swarm_status'>, run_id: string) {
	const look = async () => {
		const run = await adapter.swarm_status({ run_id })
		return run.status !== 'running' && run
	}
	return eventually(look, { what: `the end of ${run_id}` })
}
