import { describe, expect, test } from 'bun:test'
import { eventually } from '../../support/eventually.ts'
import { verifies } from '../../support/verifies.ts'
import { startTestServer } from '../support/server.ts'
import { join, PATIENCE_MS, send, upgrade } from './client.ts'
import { type Frame, violations } from './frame-rules.ts'
import { handshake } from './handshake.ts'
import { strangeKeys } from './strict-blueprint.ts'
import { at, launch, lit, operatorBlueprint, pending, prompt, runOf, settled, step, submit } from './work.ts'

const LONG_RUN_MS = 40_000
const LIMIT_MS = 120_000
const EVERY_FIELD = new URL('../../fixture/blueprint/every-field.json', import.meta.url).pathname
const curl = Bun.which('curl')

const waiting = (what: string) => ({ within: PATIENCE_MS, what })

// At once, because one of them has to last.
describe.concurrent('a client of the swarm', () => {
	test.each([
		['roles', { roles: ['reviewer'] }],
		['a description', { capability_manifest: null, desc: 'a client of the swarm' }],
		['nothing', {}],
		['keys nobody knows', { favourite_colour: 'blue' }],
	])(
		'joins with %s, opens its socket, leaves, and is unknown afterwards',
		async (_title, body) => {
			verifies('01.C37', '01.C38', '01.C46', '05.S1')
			await using server = await startTestServer()
			const session = await join(server.url, body)
			expect([typeof session.sid, typeof session.token, session.roles]).toEqual(['string', 'string', 'roles' in body ? ['reviewer'] : []])
			await using client = await upgrade(server.url, session)
			const { status } = await send(server.url, 'DELETE', `/v1/operators/${session.sid}`, undefined, session.token)
			expect(status).toBe(204)
			expect(await client.closed).toEqual({ code: 1000, reason: expect.stringContaining('torn down') })
			using again = await handshake(server.url, session.sid, session.token)
			expect(again.status).toBe(404)
		},
		LIMIT_MS,
	)

	test(
		'gets its upgrade after the bearer was looked at, and without a subprotocol or an extension',
		async () => {
			await using server = await startTestServer()
			const { sid, token } = await join(server.url)
			const statuses = await Promise.all(
				[handshake(server.url, sid), handshake(server.url, sid, 'f'.repeat(32)), handshake(server.url, 'S-0000000000000000', token)].map(
					async (asked) => {
						using answer = await asked
						return answer.status
					},
				),
			)
			expect(statuses).toEqual([401, 401, 404])
			using accepted = await handshake(server.url, sid, token)
			expect(accepted.status).toBe(101)
			expect(accepted.headers.has('sec-websocket-protocol')).toBe(false)
			expect(accepted.headers.has('sec-websocket-extensions')).toBe(false)
		},
		LIMIT_MS,
	)

	test(
		"has its worker's submitted text as the outcome, whatever the acknowledgement carries",
		async () => {
			verifies('05.S2')
			await using server = await startTestServer()
			const session = await join(server.url, { desc: 'a client of the swarm', capability_manifest: null })
			await using client = await upgrade(server.url, session)
			const run = await launch(server.url, session.sid, operatorBlueprint('step'))
			const frame = await client.next()
			expect(frame).toMatchObject({ type: 'spawn', agent: 'worker', attempt: 1 })
			const asked = await prompt(server.url, frame)
			expect(asked.status).toBe(200)
			const told = (await asked.json()) as Record<string, unknown>
			expect(told).toMatchObject({ task_id: frame.task_id, attempt: 1, agent: 'worker', prompt: 'say hello', system: 'Be brief.' })
			expect(told).not.toHaveProperty('system_ref')
			const submitted = await submit(server.url, frame, 'hello')
			expect([submitted.status, await submitted.text()]).toEqual([204, ''])
			client.send({ type: 'spawn_ack', req_id: frame.req_id, value: {}, ok: true })
			expect(await settled(server.url, run)).toMatchObject({ status: 'done', result_ref: { said: 'hello' } })
			expect(client.lost).toEqual([])
		},
		LIMIT_MS,
	)

	test(
		'may let the acknowledgement carry the result, with stats beside it',
		async () => {
			verifies('01.C69', '05.S3')
			await using server = await startTestServer()
			const session = await join(server.url)
			await using client = await upgrade(server.url, session)
			const run = await launch(server.url, session.sid, operatorBlueprint('ack'))
			const { req_id } = await client.next()
			client.send({ type: 'spawn_ack', req_id, value: { x: 1 }, stats: { usage: { total_tokens: 7 } } })
			const { status, result_ref, step_entries } = await settled(server.url, run)
			expect({ status, result_ref }).toEqual({ status: 'done', result_ref: { said: { x: 1 } } })
			expect(step_entries).toEqual([expect.objectContaining({ usage: { total_tokens: 7 } })])
		},
		LIMIT_MS,
	)

	test(
		'fails the step with the error of its acknowledgement, which a try node catches',
		async () => {
			verifies('01.C68', '05.S4')
			await using server = await startTestServer()
			const session = await join(server.url)
			await using client = await upgrade(server.url, session)
			const caught = { kind: 'assign', at: at('$.caught'), value: lit(true) }
			const flow = { kind: 'try', body: step('worker', '$.said'), catch: caught, err_at: at('$.why') }
			const safe = await launch(server.url, session.sid, operatorBlueprint('safe', flow))
			client.send({ type: 'spawn_ack', req_id: (await client.next()).req_id, value: {}, ok: false, error: 'boom' })
			const { status, result_ref } = await settled(server.url, safe)
			expect({ status, result_ref }).toMatchObject({ status: 'done', result_ref: { caught: true } })
			expect(JSON.stringify(result_ref)).toContain('boom')
			const bare = await launch(server.url, session.sid, operatorBlueprint('bare'))
			client.send({ type: 'spawn_ack', req_id: (await client.next()).req_id, value: {}, ok: false, error: 'boom' })
			const failed = await settled(server.url, bare)
			expect(failed).toMatchObject({ status: 'failed', step_entries: [expect.objectContaining({ step_ref: 'worker' })] })
			expect(JSON.stringify(failed.result_ref)).toContain('boom')
		},
		LIMIT_MS,
	)

	test(
		'stops a step on purpose with a value that the flow can branch on',
		async () => {
			verifies('01.C67', '05.S5')
			await using server = await startTestServer()
			const session = await join(server.url)
			await using client = await upgrade(server.url, session)
			const isHalted = { op: 'eq', lhs: at('$.said.halted'), rhs: lit(true) }
			const note = { kind: 'assign', at: at('$.note'), value: lit('stopped on purpose') }
			const branch = { kind: 'branch', cond: isHalted, then: note, else: { kind: 'seq', children: [] } }
			const flow = { kind: 'seq', children: [step('worker', '$.said'), branch] }
			const run = await launch(server.url, session.sid, operatorBlueprint('halt', flow))
			client.send({ type: 'spawn_halt', req_id: (await client.next()).req_id, value: { at: 3 }, reason: 'enough' })
			const said = { halted: true, reason: 'enough', value: { at: 3 } }
			expect(await settled(server.url, run)).toMatchObject({ status: 'done', result_ref: { said, note: 'stopped on purpose' } })
		},
		LIMIT_MS,
	)

	test(
		'that was away gets the frame when it is back',
		async () => {
			verifies('01.C61', '05.S6')
			await using server = await startTestServer()
			const session = await join(server.url)
			const before = await upgrade(server.url, session)
			await before.drop()
			await eventually(async () => !(await isConnected(server.url, session)), waiting('the server sees that the link is gone'))
			const run = await launch(server.url, session.sid, operatorBlueprint('away'))
			await eventually(async () => [...(await pending(server.url, session)).values()].includes('parked'), waiting('the request parks'))
			await using client = await upgrade(server.url, session)
			const { req_id } = await client.next()
			client.send({ type: 'spawn_ack', req_id, value: 'back', ok: true })
			expect(await settled(server.url, run)).toMatchObject({ status: 'done', result_ref: { said: 'back' } })
		},
		LIMIT_MS,
	)

	test(
		'that has read a frame is not sent it again, and may answer it on another socket',
		async () => {
			verifies('01.C63', '05.S6')
			await using server = await startTestServer()
			const session = await join(server.url)
			const before = await upgrade(server.url, session)
			const first = await launch(server.url, session.sid, operatorBlueprint('read'))
			const read = await before.next()
			await eventually(async () => (await pending(server.url, session)).get(read.req_id) === 'delivered', waiting('it is proven read'))
			await before.drop()
			await using client = await upgrade(server.url, session)
			const second = await launch(server.url, session.sid, operatorBlueprint('read-too'))
			const fresh = await client.next()
			expect(fresh.req_id).not.toBe(read.req_id)
			for (const { req_id } of [read, fresh]) client.send({ type: 'spawn_ack', req_id, value: req_id, ok: true })
			expect(await settled(server.url, first)).toMatchObject({ status: 'done', result_ref: { said: read.req_id } })
			expect(await settled(server.url, second)).toMatchObject({ status: 'done', result_ref: { said: fresh.req_id } })
			expect(client.frames.map(({ req_id }) => req_id)).toEqual([fresh.req_id])
		},
		LIMIT_MS,
	)

	test(
		'whose link died with a frame unread is sent it again, and none that it had read',
		async () => {
			verifies('05.S6')
			await using server = await startTestServer()
			const session = await join(server.url)
			const run = await (async (): Promise<string> => {
				using link = await handshake(server.url, session.sid, session.token)
				expect(link.status).toBe(101)
				const id = await launch(server.url, session.sid, operatorBlueprint('unread'))
				await eventually(async () => [...(await pending(server.url, session)).values()].includes('sent'), waiting('the frame leaves'))
				return id
			})()
			await using client = await upgrade(server.url, session)
			const { req_id } = await client.next()
			client.send({ type: 'spawn_ack', req_id, value: 'seen at last', ok: true })
			expect(await settled(server.url, run)).toMatchObject({ status: 'done', result_ref: { said: 'seen at last' } })
			expect(client.frames).toHaveLength(1)
		},
		LIMIT_MS,
	)

	test(
		'loses no frame, whatever the agent declares and whatever its prompt is',
		async () => {
			verifies('05.S7')
			await using server = await startTestServer()
			const session = await join(server.url)
			await using client = await upgrade(server.url, session)
			const agents = [
				{ name: 'bare', kind: 'operator', spec: { operator_ref: 'main' } },
				{
					name: 'bound',
					kind: 'operator',
					spec: { operator_ref: 'main' },
					profile: { worker_binding: 'coder', model: 'm', tools: ['Read'] },
				},
				{ name: 'run', kind: 'operator', spec: { operator_ref: 'main' }, runner: { backend: 'ws_operator', variant: 'v', tools: [] } },
			]
			const prompts = [null, 7, 'two\nlines "quoted" \u{1F41D}', { a: [1] }]
			const calls = agents.flatMap(({ name }) => prompts.map((value) => ({ ...step(name, '$.said'), in: lit(value) })))
			const flow = { kind: 'seq', children: calls }
			const run = await launch(server.url, session.sid, {
				...operatorBlueprint('all', flow),
				agents,
				metadata: { project_name_alias: 'bee' },
			})
			for (const _ of calls) client.send({ type: 'spawn_ack', req_id: (await client.next()).req_id, value: 1, ok: true })
			expect(await settled(server.url, run)).toMatchObject({ status: 'done' })
			expect(client.lost).toEqual([])
			expect(client.frames.map(({ agent }) => agent)).toEqual(agents.flatMap(({ name }) => prompts.map(() => name)))
		},
		LIMIT_MS,
	)

	test(
		'may send what the server cannot use, and nothing comes of it',
		async () => {
			await using server = await startTestServer()
			const session = await join(server.url)
			await using client = await upgrade(server.url, session)
			const run = await launch(server.url, session.sid, operatorBlueprint('patient'))
			const { req_id } = await client.next()
			for (const junk of [{}, { type: 'who knows' }, { type: 'spawn_ack' }, { type: 'spawn_ack', req_id: 'nobody asked', value: 1 }])
				client.send(junk)
			client.send({ type: 'spawn_ack', req_id, value: 'fine', ok: true })
			expect(await settled(server.url, run)).toMatchObject({ status: 'done', result_ref: { said: 'fine' } })
			expect(client.frames).toHaveLength(1)
			expect(client.lost).toEqual([])
		},
		LIMIT_MS,
	)

	test.each([{ sender: 'the content type of a form', deliver: byForm }, ...(curl ? [{ sender: 'curl', deliver: byCurl }] : [])])(
		'submits with $sender, and only the line end of its own is gone',
		async ({ deliver }) => {
			verifies('05.S8')
			await using server = await startTestServer()
			const session = await join(server.url)
			await using client = await upgrade(server.url, session)
			const run = await launch(server.url, session.sid, operatorBlueprint('curl'))
			const frame = await client.next()
			await deliver(server.url, frame)
			client.send({ type: 'spawn_ack', req_id: frame.req_id, value: {}, ok: true })
			expect(await settled(server.url, run)).toMatchObject({ status: 'done', result_ref: { said: 'two\nlines' } })
		},
		LIMIT_MS,
	)

	test(
		'gets the answer of a launch that lasts longer than idle connections do',
		async () => {
			verifies('05.S9')
			await using server = await startTestServer()
			const slow = { name: 'slow', kind: 'rust_fn', spec: { fn_id: 'sleep', ms: LONG_RUN_MS } }
			const flow = { kind: 'step', ref: 'slow', in: lit(null), out: at('$.slept') }
			const since = performance.now()
			const blueprint = { kind: 'inline', value: { id: 'slow', flow, agents: [slow] } }
			const response = await send(server.url, 'POST', '/v1/tasks', { blueprint, init_ctx: null })
			expect([response.status, await response.json()]).toMatchObject([200, { final_ctx: { slept: { slept_ms: LONG_RUN_MS } } }])
			expect(performance.now() - since).toBeGreaterThanOrEqual(LONG_RUN_MS)
		},
		LIMIT_MS,
	)

	test(
		'may hang up on a launch: the run goes on and can be read',
		async () => {
			verifies('01.C94', '05.S10')
			await using server = await startTestServer()
			const session = await join(server.url, { desc: 'a client of the swarm' })
			await using client = await upgrade(server.url, session)
			const hangUp = new AbortController()
			const body = JSON.stringify({
				blueprint: { kind: 'inline', value: operatorBlueprint('left') },
				init_ctx: {},
				operator_sid: session.sid,
				operator_desc: 'a client of the swarm',
			})
			const headers = { 'content-type': 'application/json' }
			const asked = fetch(`${server.url}/v1/tasks`, { method: 'POST', headers, body, signal: hangUp.signal })
			const frame = await client.next()
			hangUp.abort()
			await expect(asked).rejects.toThrow()
			const { runs } = (await (await send(server.url, 'GET', '/v1/runs')).json()) as { runs: { id: string }[] }
			const id = runs[0]?.id ?? ''
			expect(await runOf(server.url, id)).toMatchObject({ status: 'running' })
			expect((await submit(server.url, frame, 'still here')).status).toBe(204)
			client.send({ type: 'spawn_ack', req_id: frame.req_id, value: {}, ok: true })
			expect(await settled(server.url, id)).toMatchObject({ status: 'done', result_ref: { said: 'still here' } })
		},
		LIMIT_MS,
	)

	test(
		'comes back with its sid and token after the server was killed, and answers what it had read before',
		async () => {
			verifies('01.C52', '05.S11')
			await using server = await startTestServer()
			const session = await join(server.url)
			const before = await upgrade(server.url, session)
			const run = await launch(server.url, session.sid, operatorBlueprint('restart'))
			const read = await before.next()
			await eventually(async () => (await pending(server.url, session)).get(read.req_id) === 'delivered', waiting('it is proven read'))
			await server.restart()
			await before.closed
			expect(await isConnected(server.url, session)).toBe(false)
			await using client = await upgrade(server.url, session)
			client.send({ type: 'spawn_ack', req_id: read.req_id, value: 'after the restart', ok: true })
			expect(await settled(server.url, run)).toMatchObject({ status: 'done', result_ref: { said: 'after the restart' } })
			expect(client.frames.map(({ req_id }) => req_id)).not.toContain(read.req_id)
		},
		LIMIT_MS,
	)

	test(
		'reads the two bytes ok as health, as text',
		async () => {
			verifies('05.S12')
			await using server = await startTestServer()
			const response = await fetch(`${server.url}/v1/healthz`)
			expect(response.status).toBe(200)
			expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([0x6f, 0x6b])
			expect(response.headers.get('content-type')).toStartWith('text/plain')
		},
		LIMIT_MS,
	)

	test(
		'gets back the Blueprint it registered, with no key that a strict parser refuses',
		async () => {
			verifies('05.S13')
			await using server = await startTestServer()
			const document = await Bun.file(EVERY_FIELD).json()
			expect(strangeKeys(document)).toEqual(['agents.policy', 'metadata.policy', 'metadata.run_policy'])
			const registered = await send(server.url, 'POST', '/v1/blueprints/every-field', document)
			expect(registered.ok).toBe(true)
			const head = (await (await send(server.url, 'GET', '/v1/blueprints/every-field/head')).json()) as {
				blueprint: Record<string, unknown>
			}
			expect(strangeKeys(head.blueprint)).toEqual([])
			expect(head.blueprint).toEqual(withoutOwnKeys(document))
			const again = await send(server.url, 'POST', '/v1/blueprints/every-field', head.blueprint)
			expect(again.ok).toBe(true)
		},
		LIMIT_MS,
	)
})

test('the rules by which a stock client keeps a frame refuse what it would lose', () => {
	const spawn = { type: 'spawn', req_id: 'r', task_id: 'ST-1', agent: 'a', attempt: 1, capability_token: 't', directive: 'd' }
	const lost = (change: object) => violations(JSON.stringify({ ...spawn, ...change })).length > 0
	expect(lost({})).toBe(false)
	const changes = [
		{ task_id: 'T-1' },
		{ task_id: 'ST-' },
		{ attempt: -1 },
		{ attempt: 1.5 },
		{ directive: null },
		{ parent_req_id: null },
		{ type: 'hello' },
	]
	expect(changes.filter((change) => !lost(change))).toEqual([])
	expect(violations(new Uint8Array())).not.toEqual([])
})

async function isConnected(url: string, { sid, token }: { sid: string; token: string }): Promise<boolean> {
	const response = await send(url, 'GET', `/v1/operators/${sid}`, undefined, token)
	return ((await response.json()) as { connected: boolean }).connected
}

/** The content type is the one that curl sends. */
async function byForm(url: string, frame: Frame): Promise<void> {
	expect((await submit(url, frame, 'two\nlines\n')).status).toBe(204)
}

async function byCurl(url: string, frame: Frame): Promise<void> {
	const auth = `Authorization: Bearer ${String(frame.worker_handle)}`
	const args = ['-sS', '--fail-with-body', '--noproxy', '*', '-H', auth, '--data-binary', '@-', `${url}/v1/worker/submit`]
	const child = Bun.spawn([curl ?? 'curl', ...args], { stdin: new TextEncoder().encode('two\nlines\n'), stdout: 'pipe' })
	expect([await child.exited, await child.stdout.text()]).toEqual([0, ''])
}

function withoutOwnKeys({ agents, metadata, ...rest }: Record<string, unknown>): Record<string, unknown> {
	const without = (value: unknown, ...names: string[]) =>
		Object.fromEntries(Object.entries(value as object).filter(([key]) => !names.includes(key)))
	return {
		...rest,
		agents: (agents as object[]).map((agent) => without(agent, 'policy')),
		metadata: without(metadata, 'policy', 'run_policy'),
	}
}
