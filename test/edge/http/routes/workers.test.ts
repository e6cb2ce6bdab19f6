import { expect, test } from 'bun:test'
import { refused } from '../../../../src/core/worker/execution.ts'
import { SqliteEventStore } from '../../../../src/store/sqlite/event/event-store.ts'
import { departs, verifies } from '../../../support/verifies.ts'
import { CODER, RUNTIME_ID, runtimeWorld } from '../runtime-world.ts'

const ref = (n: number) => ({ runtime_id: RUNTIME_ID, worker_id: `worker-0000000${n}` })
const text = JSON.stringify

/** The bytes upstream sends, of which ours are the beginning: what we add comes last. */
const startsLike = (golden: string) =>
	expect.stringMatching(new RegExp(`^${golden.slice(0, -1).replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}[,}]`))

test('a worker is created, told, read, stopped and counted', async () => {
	verifies('07.A1', '07.A2', '07.A3', '07.A4', '07.A5', '07.A6', '07.A7', '07.A8', '07.B12')
	await using world = await runtimeWorld()
	world.script.cancels = false
	const created = await world.call('POST', '/v1/workers', { ...CODER, intent: { kind: 'task', objective: 'ship' } })
	expect(created.status).toBe(200)
	expect(created.body.worker).toMatchObject({ worker_ref: ref(1), status: 'running' })
	const input = await world.input('worker-00000001', ' first \n')
	expect([input.status, text(input.body)]).toEqual([
		200,
		`{"ack":{"worker_ref":${text(ref(1))},"status":"running","transcript_sequence":1,"event_id":3}}`,
	])
	expect((await world.call('GET', '/v1/workers/worker-00000001')).body.worker.transcript_len).toBe(1)
	const page = await world.call('GET', '/v1/workers/worker-00000001/transcript?start=0&limit=1')
	expect(page.body.transcript.items[0].content).toBe(' first \n')
	const stopped = await world.call('POST', '/v1/workers/worker-00000001/stop')
	expect(text(stopped.body)).toBe(`{"ack":{"worker_ref":${text(ref(1))},"status":"stopped","event_id":4}}`)
	const late = await world.call('POST', '/v1/workers/worker-00000001/cancel')
	expect([late.status, late.body]).toEqual([200, stopped.body])
	expect((await world.call('GET', '/v1/workers')).body.workers).toEqual([expect.objectContaining({ transcript_len: 1 })])
	expect((await world.call('GET', '/v1/runtime')).body.runtime).toMatchObject({
		worker_count: 1,
		active_worker_count: 0,
		stopped_worker_count: 1,
	})
})

test('a worker with everything and one with the defaults look as upstream writes them', async () => {
	verifies('07.A21', '07.A22', '07.A23', '07.B13')
	await using world = await runtimeWorld()
	const full = {
		intent: { kind: 'task', objective: 'ship' },
		profile: { kind: 'builtin', value: 'builtin:coder' },
		requested_capabilities: [{ name: 'read', reason: 'r' }],
		workspace_refs: [{ name: 'ws', reference: 'ref' }],
		mount_refs: [{ name: 'm', reference: 'mr' }],
	}
	const execution =
		'"execution":{"backend":"connected","run_state":"idle","last_result":{"operation":"spawn","outcome":"accepted","run_state":"idle"}}'
	const { worker } = (await world.call('POST', '/v1/workers', full)).body
	expect(text(worker)).toEqual(
		startsLike(
			`{"worker_ref":${text(ref(1))},"runtime_id":"${RUNTIME_ID}","worker_id":"worker-00000001","status":"running",${execution},"intent":{"kind":"task","objective":"ship"},"profile":{"kind":"builtin","value":"builtin:coder"},"requested_capabilities":[{"name":"read","reason":"r"}],"workspace_refs":[{"name":"ws","reference":"ref"}],"mount_refs":[{"name":"m","reference":"mr"}],"transcript_len":0,"last_event_id":2}`,
		),
	)
	await world.call('POST', '/v1/workers', {
		intent: { kind: 'assistant', purpose: null },
		profile: { kind: 'runtime_default', value: null },
	})
	const [, row] = (await world.call('GET', '/v1/workers')).body.workers
	expect(text(row)).toEqual(
		startsLike(
			`{"worker_ref":${text(ref(2))},"runtime_id":"${RUNTIME_ID}","worker_id":"worker-00000002","status":"running",${execution},"intent":{"kind":"assistant"},"profile":{"kind":"runtime_default"},"requested_capability_count":0,"has_config_bundle":false,"transcript_len":0,"last_event_id":3}`,
		),
	)
})

test('what a client sent in another order, with nulls and keys of its own, is told as upstream tells it', async () => {
	await using world = await runtimeWorld()
	const { worker } = (
		await world.call('POST', '/v1/workers', {
			intent: { purpose: 'p', mood: 'good', role: 'r', kind: 'role' },
			profile: { value: 'builtin:coder', mine: 1, kind: 'builtin' },
			requested_capabilities: [
				{ reason: 'r', name: 'read' },
				{ extra: 1, reason: null, name: 'write' },
			],
			workspace_refs: [{ reference: 'ref', also: true, name: 'ws' }],
			mount_refs: [{ reference: 'mr', name: 'm' }],
		})
	).body
	expect(text(worker)).toContain(
		'"intent":{"kind":"role","role":"r","purpose":"p"},"profile":{"kind":"builtin","value":"builtin:coder"},"requested_capabilities":[{"name":"read","reason":"r"},{"name":"write"}],"workspace_refs":[{"name":"ws","reference":"ref"}],"mount_refs":[{"name":"m","reference":"mr"}],"transcript_len"',
	)
	await world.create({ intent: { purpose: null, kind: 'assistant', objective: 'none' } })
	const [, row] = (await world.call('GET', '/v1/workers')).body.workers
	expect(text(row)).toContain('"intent":{"kind":"assistant"},"profile":')
})

test('a query key that is given twice is invalid_query', async () => {
	await using world = await runtimeWorld()
	const id = await world.create()
	for (const path of [`/v1/workers/${id}/transcript?limit=1&limit=2`, '/v1/workers?status=running&status=stopped']) {
		const { status, body } = await world.call('GET', path)
		expect([status, body.error]).toEqual([
			400,
			{ code: 'invalid_query', message: expect.stringMatching(/^invalid query parameters: .* more than once/) },
		])
	}
})

test('a shape that is wrong is invalid_json, a meaning that is wrong its own code, and nothing is created', async () => {
	verifies('07.B9', '07.B10', '07.B11', '07.B33')
	await using world = await runtimeWorld()
	const post = async (body: unknown, headers?: Record<string, string>) => {
		const answer = await world.call('POST', '/v1/workers', body, headers)
		return [answer.status, answer.body.error?.code]
	}
	const invalidJson = [400, 'invalid_json']
	for (const body of [{}, { intent: { kind: 'assistant' } }, { ...CODER, profile: 'coder' }, { ...CODER, requested_capabilities: null }])
		expect(await post(body)).toEqual(invalidJson)
	expect(await post({ ...CODER, profile: { kind: 'builtin' } })).toEqual(invalidJson)
	expect(await post(text(CODER), { 'content-type': 'text/plain' })).toEqual(invalidJson)
	expect(await post('{"intent":', { 'content-type': 'application/json' })).toEqual(invalidJson)
	expect(await post({ ...CODER, intent: { kind: 'task', objective: ' ' } })).toEqual([400, 'invalid_request'])
	expect(await post({ ...CODER, requested_capabilities: [{ name: '' }] })).toEqual([400, 'invalid_request'])
	for (const profile of [
		{ kind: 'named', value: 'x' },
		{ kind: 'builtin', value: ' ' },
		{ kind: 'builtin', value: '/etc/p' },
	])
		expect(await post({ ...CODER, profile })).toEqual([400, 'invalid_profile_selector'])
	expect((await world.call('GET', '/v1/workers')).body.workers).toEqual([])
	expect(await post({ ...CODER, intent: { kind: 'role', role: '' }, config_bundle: null, unknown: 1 })).toEqual([200, undefined])
})

test('a spawn that is refused is 409 worker_execution_rejected and leaves no row', async () => {
	departs('07.B14')
	await using world = await runtimeWorld()
	world.script.spawn = () => {
		throw new Error('no profile')
	}
	const failed = await world.call('POST', '/v1/workers', CODER)
	expect([failed.status, failed.body.error]).toEqual([
		409,
		{
			code: 'worker_execution_rejected',
			message: 'worker worker-00000001 execution Spawn returned Errored: no profile',
			details: { operation: 'spawn', outcome: 'errored' },
		},
	])
	const unknown = await world.call('POST', '/v1/workers', { ...CODER, profile: { kind: 'builtin', value: 'process:none' } })
	expect([unknown.status, unknown.body.error.code]).toEqual([409, 'worker_execution_rejected'])
	expect((await world.call('GET', '/v1/runtime')).body.runtime.worker_count).toBe(0)
})

test('a turn that the backend refuses is 409 with the outcome, and leaves no line', async () => {
	verifies('07.A42', '07.A44')
	departs('07.A43', '07.B15')
	await using world = await runtimeWorld()
	const id = await world.create()
	const sentences = {
		busy: ['already running', 'Busy: already running'],
		rejected: ['no', 'Rejected: no'],
		errored: ['broken', 'Errored: broken'],
		unsupported: [undefined, 'Unsupported: Input Unsupported'],
	} as const
	for (const [outcome, [message, sentence]] of Object.entries(sentences)) {
		const result = refused('input', outcome as keyof typeof sentences, message ?? '')
		world.script.input = () => (message === undefined ? { operation: 'input', outcome: 'unsupported', run_state: 'rejected' } : result)
		const answer = await world.input(id, 'hello')
		expect([answer.status, answer.body.error.code, answer.body.error.message]).toEqual([
			409,
			'worker_execution_rejected',
			`worker ${id} execution Input returned ${sentence}`,
		])
		const { worker } = (await world.call('GET', `/v1/workers/${id}`)).body
		expect([worker.execution.run_state, worker.execution.last_result.outcome, worker.transcript_len]).toEqual(['idle', outcome, 0])
	}
	expect((await world.input(id, '  ')).body.error.message).toBe('invalid request: worker input content must not be empty')
})

test('a worker that its backend cannot end goes on', async () => {
	verifies('07.A47', '07.A48')
	await using world = await runtimeWorld()
	world.script.cancels = false
	const id = await world.create()
	const answer = await world.call('POST', `/v1/workers/${id}/cancel`, {})
	expect([answer.status, answer.body.error.details]).toEqual([409, { operation: 'cancel', outcome: 'unsupported' }])
	expect((await world.call('GET', `/v1/workers/${id}`)).body.worker.status).toBe('running')
})

test('the first end stands, whichever it is, and later ones are told of it', async () => {
	verifies('07.A54', '07.A55', '07.A56', '07.A57', '07.A58', '07.A59', '07.A60', '07.A61', '07.B34')
	await using world = await runtimeWorld()
	const [one, two] = [await world.create(), await world.create()]
	const end = async (id: string, verb: string, body?: unknown) => (await world.call('POST', `/v1/workers/${id}/${verb}`, body)).body.ack
	const stopped = await end(one, 'stop', { reason: null })
	expect(await end(one, 'cancel')).toEqual(stopped)
	const cancelled = await end(two, 'cancel', {})
	expect(await end(two, 'stop', { reason: 'enough' })).toEqual(cancelled)
	expect([stopped.status, cancelled.status]).toEqual(['stopped', 'cancelled'])
	expect((await world.call('GET', '/v1/runtime')).body.runtime).toMatchObject({
		...{ worker_count: 2, active_worker_count: 0, stopped_worker_count: 1, cancelled_worker_count: 1 },
	})
	const { events } = (await world.call('GET', '/v1/runtime/events')).body
	const kinds = events.map(({ kind }: { kind: { kind: string } }) => kind.kind)
	expect(kinds).toEqual(['runtime_started', 'worker_created', 'worker_created', 'worker_stopped', 'worker_cancelled'])
	expect((await world.input(one, 'hello')).body.error).toMatchObject({
		code: 'invalid_request',
		message: `invalid request: worker ${one} is not running`,
	})
	const nonsense = await world.call('POST', `/v1/workers/${one}/stop`, 'nonsense', { 'content-type': 'text/plain' })
	expect([nonsense.status, nonsense.body.error.code]).toEqual([400, 'invalid_json'])
	expect((await world.call('POST', `/v1/workers/${one}/stop`, '{}', { 'content-type': 'text/plain' })).status).toBe(200)
})

test('what a worker says becomes lines and run states', async () => {
	verifies('07.B17', '07.B18')
	await using world = await runtimeWorld()
	const id = await world.create()
	const state = async () => (await world.call('GET', `/v1/workers/${id}`)).body.worker.execution.run_state
	const states: string[] = []
	for (const [event, data] of [
		['text_done', { text: 'all' }],
		['text_done', { text: ' \n' }],
		['tool_result', { id: 't1', summary: 'fine', is_error: false }],
		['tool_result', { id: 't2', summary: 'bad', is_error: true }],
		['error', { code: 'internal', message: 'lost' }],
		['status', { status: 'running' }],
		['text_delta', { text: 'x' }],
		['run_end', { result: 'finished' }],
		['run_end', { result: 'limit_reached' }],
		['shutdown', undefined],
		['made_up', { any: ['thing'] }],
	] as const) {
		await world.say(id, event, data)
		states.push(await state())
	}
	expect(states).toEqual(['idle', 'idle', 'idle', 'idle', 'errored', 'busy', 'busy', 'idle', 'errored', 'errored', 'errored'])
	const { items } = (await world.call('GET', `/v1/workers/${id}/transcript`)).body.transcript
	expect(items.map(({ sequence, role, content, event_id }: Record<string, unknown>) => [sequence, role, content, event_id])).toEqual([
		[1, 'assistant', 'all', 2],
		[2, 'system', 'tool result t1: fine', 2],
		[3, 'system', 'tool result t2: error: bad', 2],
		[4, 'system', 'error: lost', 2],
	])
})

test('the transcript is read by index, in pages no longer than the limit', async () => {
	verifies('07.A51', '07.A52', '07.A53')
	departs('07.B19')
	await using world = await runtimeWorld({ maxTranscriptItems: 2 })
	const id = await world.create()
	expect((await world.input(id, 'one')).body.ack.transcript_sequence).toBe(1)
	await world.input(id, 'two', 'system')
	await world.input(id, 'three')
	const page = async (query: string) => (await world.call('GET', `/v1/workers/${id}/transcript${query}`)).body
	expect(text((await page('?start=1&limit=1')).transcript)).toBe(
		`{"worker_ref":${text(ref(1))},"start":1,"limit":1,"total_items":3,"items":[{"sequence":2,"worker_ref":${text(ref(1))},"role":"system","content":"two","event_id":4}],"next_start":2}`,
	)
	expect((await page('')).transcript).toMatchObject({ limit: 2, total_items: 3, next_start: 2 })
	expect((await page('?start=9')).transcript).toMatchObject({ items: [], next_start: null })
	expect((await page('?limit=0')).transcript.next_start).toBe(null)
	expect((await page('?limit=3')).error).toMatchObject({ code: 'limit_too_large', message: 'limit 3 exceeds maximum 2' })
	expect((await page('?limit=-1')).error.code).toBe('invalid_query')
})

test('workers are filtered and paged, and deleted once they have ended', async () => {
	await using world = await runtimeWorld()
	const ids = [await world.create(), await world.create(), await world.create()]
	await world.call('POST', `/v1/workers/${ids[1]}/stop`)
	const list = async (query: string) => (await world.call('GET', `/v1/workers?${query}`)).body
	const idsOf = ({ workers }: { workers: { worker_id: string }[] }) => workers.map(({ worker_id }) => worker_id)
	expect(idsOf(await list('status=stopped'))).toEqual([ids[1] ?? ''])
	const first = await list('limit=2')
	expect([idsOf(first), first.next_after]).toEqual([ids.slice(0, 2), ids[1]])
	const rest = await list(`limit=2&after=${first.next_after}`)
	expect([idsOf(rest), rest.next_after]).toEqual([ids.slice(2), undefined])
	expect(idsOf(await list('profile=builtin:echo'))).toEqual([])

	const running = await world.call('DELETE', `/v1/workers/${ids[0]}`)
	expect([running.status, running.body.error.code]).toEqual([409, 'worker_running'])
	for (const path of [`/v1/workers/${ids[0]}?force=true`, `/v1/workers/${ids[1]}`])
		expect((await world.call('DELETE', path)).status).toBe(200)
	expect((await world.call('DELETE', `/v1/workers/${ids[1]}`)).status).toBe(404)
	expect(idsOf(await list(''))).toEqual(ids.slice(2))
	expect(await world.create()).toBe('worker-00000004')
})

test('the same key creates one worker, and another body with it is refused', async () => {
	await using world = await runtimeWorld()
	const create = (body: object) => world.call('POST', '/v1/workers', body, { 'idempotency-key': 'k1' })
	const [first, second] = await Promise.all([create(CODER), create(CODER)])
	expect(second.body.worker.worker_id).toBe(first.body.worker.worker_id)
	const other = await create({ ...CODER, display_name: 'other' })
	expect([other.status, other.body.error.code]).toEqual([422, 'idempotency_mismatch'])
	expect((await world.call('GET', '/v1/workers')).body.workers).toHaveLength(1)
})

test('a key outlives the server, its worker was told its first turn once, and after a day it is free', async () => {
	await using world = await runtimeWorld({ where: 'file' })
	const body = { ...CODER, initial_input: { kind: 'user', content: 'go' } }
	const create = async () => (await world.call('POST', '/v1/workers', body, { 'idempotency-key': 'k1' })).body.worker
	const first = await create()
	await world.restart()
	expect(await create()).toMatchObject({ worker_id: first.worker_id, transcript_len: 1 })
	expect(world.script.begun).toEqual(['go'])
	await world.clock.advance(25 * 3600 * 1000)
	expect((await create()).worker_id).toBe('worker-00000002')
})

test('a worker whose first turn is refused is not created', async () => {
	await using world = await runtimeWorld()
	world.script.input = () => refused('input', 'rejected', 'not today')
	const answer = await world.call('POST', '/v1/workers', { ...CODER, initial_input: { kind: 'user', content: 'go' } })
	expect([answer.status, answer.body.error.message]).toEqual([409, expect.stringContaining('Input returned Rejected: not today')])
	const blank = await world.call('POST', '/v1/workers', { ...CODER, initial_input: { kind: 'user', content: ' ' } })
	expect([blank.status, blank.body.error.code]).toEqual([400, 'invalid_request'])
	expect((await world.call('GET', '/v1/workers')).body.workers).toEqual([])
})

test('the list goes on in the event log from its cursor, without what workers say', async () => {
	await using world = await runtimeWorld()
	const id = await world.create()
	const { cursor } = (await world.call('GET', '/v1/workers')).body
	world.script.input = () => ({ runState: 'busy', begin: () => {} })
	await world.input(id, 'hello')
	await world.say(id, 'text_done', { text: 'hello' })
	await world.say(id, 'run_end', { result: 'finished' })
	await world.call('POST', `/v1/workers/${id}/stop`)
	const kinds = ['worker.created', 'worker.state_changed', 'worker.restored', 'worker.stopped', 'worker.cancelled', 'worker.deleted']
	const events = await new SqliteEventStore(world.db).read(Number(cursor), { kinds }, 100)
	expect(events.map(({ kind, worker, data }) => [kind, worker, data.run_state])).toEqual([
		['worker.state_changed', id, 'busy'],
		['worker.state_changed', id, 'idle'],
		['worker.stopped', id, undefined],
		['worker.state_changed', id, 'stopped'],
	])
})

test('builtin selectors mean the same with and without their prefix, and echo answers', async () => {
	verifies('07.A49')
	await using world = await runtimeWorld()
	for (const value of ['echo', 'builtin:echo']) {
		const id = await world.create({ profile: { kind: 'builtin', value } })
		await world.input(id, 'hello')
		await world.runtime.flushed(id)
		const { items } = (await world.call('GET', `/v1/workers/${id}/transcript`)).body.transcript
		expect(items.map(({ role, content }: Record<string, string>) => [role, content])).toEqual([
			['user', 'hello'],
			['assistant', 'hello'],
		])
	}
})

test('a first turn comes with the creation, and attachments have to be on the data plane', async () => {
	await using world = await runtimeWorld()
	const id = await world.create({ initial_input: { kind: 'user', content: 'go', attachments: ['out-known'] }, display_name: 'Ada' })
	expect(world.script.begun).toEqual(['go'])
	expect((await world.call('GET', `/v1/workers/${id}`)).body.worker.display_name).toBe('Ada')
	const missing = await world.call('POST', `/v1/workers/${id}/input`, { kind: 'user', content: 'go', attachments: ['out-nothing'] })
	expect([missing.status, missing.body.error.code]).toEqual([400, 'invalid_request'])
})

test('a restart keeps workers, transcripts and counters, and starts executions again', async () => {
	verifies('07.A66', '07.A67', '07.A68')
	departs('07.A65', '07.A71', '07.B28')
	await using world = await runtimeWorld({ where: 'file' })
	const [stopped, running, cut] = [await world.create(), await world.create(), await world.create()]
	await world.input(stopped, 'one')
	await world.call('POST', `/v1/workers/${stopped}/stop`)
	await world.input(running, 'two')
	world.script.input = () => ({ runState: 'busy', begin: () => {} })
	await world.input(cut, 'three')
	await world.restart()
	const detail = async (id: string) => (await world.call('GET', `/v1/workers/${id}`)).body.worker
	expect(await detail(stopped)).toMatchObject({ status: 'stopped', transcript_len: 1 })
	expect(await detail(running)).toMatchObject({
		status: 'running',
		transcript_len: 1,
		execution: { backend: 'connected', run_state: 'idle' },
	})
	await world.script.contexts.get(cut)?.flushed()
	expect((await detail(cut)).execution.run_state).toBe('errored')
	expect(world.script.contexts.get(running)).toMatchObject({ generation: 2, isRestored: true })
	expect(await world.create()).toBe('worker-00000004')
	expect((await world.call('GET', '/v1/runtime/events?limit=1')).body).toMatchObject({ events: [{ id: 1 }], has_more: true })
})

test('a worker whose execution cannot be started again says so, and starts with the next turn', async () => {
	await using world = await runtimeWorld({ where: 'file' })
	const id = await world.create()
	world.script.spawn = () => {
		throw new Error('the program is gone')
	}
	await world.restart()
	expect((await world.call('GET', `/v1/workers/${id}`)).body.worker.execution).toMatchObject({
		backend: 'unconnected',
		run_state: 'unconnected',
	})
	const { diagnostics } = (await world.call('GET', '/v1/runtime/diagnostics')).body
	expect(diagnostics.at(-1)).toMatchObject({ code: 'worker_execution_restore_failed', worker_ref: ref(1) })
	expect((await world.input(id, 'hello')).body.error.code).toBe('worker_execution_unavailable')
	world.script.spawn = () => {}
	expect((await world.input(id, 'hello')).status).toBe(200)
})
