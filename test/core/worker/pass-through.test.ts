import { expect, test } from 'bun:test'
import { Check } from '@sinclair/typebox/value'
import { callMethod } from '../../../src/edge/http/ws/worker-method.ts'
import { ProtocolEventSchema, ProtocolMethodSchema } from '../../../src/protocol/runtime-frame.ts'
import { RUNTIME_ID, runtimeWorld } from '../../edge/http/runtime-world.ts'
import { departs, verifies } from '../../support/verifies.ts'

const greeting = {
	worker_name: 'w',
	cwd: '',
	provider: 'p',
	model: 'm',
	scope_summary: '',
	tools: [],
	context_window: 1,
	context_tokens: 2,
}

const events: readonly string[] = [
	'{"event":"text_delta","data":{"text":"…"}}',
	'{"event":"thinking_start"}',
	'{"event":"thinking_delta","data":{"text":"…"}}',
	'{"event":"thinking_done","data":{"text":"…"}}',
	'{"event":"run_end","data":{"result":"limit_reached"}}',
	...['user_send', 'notify', 'worker_event', 'system_reminder', 'wakeup'].map(
		(kind) => `{"event":"invoke_start","data":{"kind":"${kind}"}}`,
	),
	'{"event":"llm_call_start","data":{"llm_call":1}}',
	'{"event":"llm_retry","data":{"llm_call":1,"failed_attempt":1,"max_attempts":3,"wait_ms":5,"elapsed_ms":9,"status":504,"error":"slow"}}',
	'{"event":"completions","data":{"kind":"file","entries":[{"value":"a.ts"}]}}',
	`{"event":"snapshot","data":{"entries":[{"any":1}],"greeting":${JSON.stringify(greeting)},"in_flight":{"blocks":[{"kind":"text","text":"x"}]}}}`,
	'{"event":"status","data":{"status":"paused"}}',
	'{"event":"system_item","data":{"item":[1,null]}}',
	'{"event":"segment_rotated","data":{"entry":{}}}',
	'{"event":"alert","data":{"level":"warn","source":"engine","message":"hot","timestamp_ms":1}}',
	'{"event":"compact_start"}',
	'{"event":"compact_done","data":{"new_segment_id":"0190"}}',
	'{"event":"tool_result","data":{"id":"t","summary":"s","is_error":true}}',
	'{"event":"error","data":{"code":"already_running","message":"twice"}}',
	'{"event":"user_message","data":{"segments":[{"kind":"text","content":"日本語 𝒞"},{"kind":"paste","id":1,"chars":2,"lines":1,"content":"ab"}]}}',
	'{"event":"workers_listed","data":{"workers":[]}}',
	'{"event":"worker_restored","data":{"result":{}}}',
	'{"event":"peer_registered","data":{"result":{}}}',
	'{"event":"never_heard_of","data":"anything","more":true}',
]

test('what a worker says reaches its log as it was said, known or not', async () => {
	verifies('07.A82', '07.A83', '07.A84', '07.A85', '07.A86', '07.A90', '07.A92', '07.A93', '07.A94', '07.A95')
	departs('07.A88', '07.A89')
	verifies('07.A96', '07.A97', '07.A98')
	await using world = await runtimeWorld()
	const id = await world.create()
	for (const text of events) {
		const event = JSON.parse(text)
		expect([text, Check(ProtocolEventSchema, event)]).toEqual([text, true])
		world.script.contexts.get(id)?.publish(event)
	}
	await world.script.contexts.get(id)?.flushed()
	const rows = world.db.query<{ data: string }>("SELECT data FROM event WHERE kind = 'worker.observed' ORDER BY seq").all()
	expect(rows.map(({ data }) => JSON.stringify(JSON.parse(data).payload))).toEqual([...events])
})

test('methods need no parameters, turns flatten segments of every kind, and an unknown one is named as such', async () => {
	verifies('07.A78', '07.A79', '07.A81', '07.A99')
	departs('07.A80', '07.A87', '07.A91')
	await using world = await runtimeWorld()
	const id = await world.create()
	const call = (method: object) => {
		expect(Check(ProtocolMethodSchema, method)).toBe(true)
		return callMethod({ runtime: world.runtime, runtimeId: RUNTIME_ID }, id, method as { method: string })
	}
	for (const method of ['resume', 'compact', 'list_workers', 'restore_worker', 'register_peer'])
		expect(call({ method, params: { name: 'x' } })).rejects.toThrow(`does not understand ${method}`)
	await call({ method: 'pause' })
	const input = [
		{ kind: 'text', content: 'see ' },
		{ kind: 'paste', id: 1, chars: 2, lines: 1, content: 'ab' },
		{ kind: 'file_ref', path: 'x.ts' },
		{ kind: 'knowledge_ref', slug: 'k' },
		{ kind: 'workflow_invoke', slug: 'w' },
		{ kind: 'from the future' },
	]
	await call({ method: 'run', params: { input } })
	await call({ method: 'notify', params: { message: 'tea is ready' } })
	expect(world.script.begun).toEqual(['see ab@x.ts#k/w[unknown input segment]', 'tea is ready'])
})
