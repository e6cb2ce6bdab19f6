import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { newChildSlots } from '../../../src/backend/process/child-slots.ts'
import { processProfile } from '../../../src/backend/process/worker/profile.ts'
import { type Execution, refused } from '../../../src/core/worker/execution.ts'
import { systemClock } from '../../../src/kernel/clock.ts'
import { silentLogger } from '../../../src/kernel/log.ts'
import type { ProtocolEvent } from '../../../src/protocol/runtime-frame.ts'
import type { ProcessProfile } from '../../../src/protocol/runtime-profile.ts'
import { eventually } from '../../support/eventually.ts'
import { testServer } from '../../support/test-server.ts'
import { verifies } from '../../support/verifies.ts'

const PROGRAM = join(import.meta.dir, '../../fixture/program/session-worker.ts')
const SESSION: ProcessProfile = { kind: 'process', argv: [process.execPath, PROGRAM] }

/** One worker of that profile, and what it said. */
async function started(settings: ProcessProfile, lines: { role: 'user'; content: string }[] = []) {
	const events: ProtocolEvent[] = []
	const profile = processProfile('test', settings, {
		...{ clock: systemClock, log: silentLogger, killGraceMs: 200, outputBytes: 100_000, dataDirId: `test-${crypto.randomUUID()}` },
		...{ environment: { PATH: process.env.PATH }, baseUrl: () => undefined, childSlots: newChildSlots(4) },
	})
	const execution: Execution = await profile.spawn({
		...{ workerId: 'worker-00000001', generation: 1, isRestored: false },
		request: { intent: { kind: 'assistant' }, profile: { kind: 'runtime_default' } },
		publish: (event) => void events.push(event),
		flushed: async () => {},
		attachment: async () => null,
		transcript: async () => lines.map((line, at) => ({ ...line, sequence: at + 1, eventId: 1 })),
	})
	return {
		execution,
		events,
		async tell(content: string): Promise<void> {
			const answer = await execution.input({ kind: 'user', content })
			if ('outcome' in answer) throw new Error(answer.message)
			answer.begin(1)
		},
		has: (event: string) => eventually(() => events.find((one) => one.event === event), { what: event }),
		[Symbol.asyncDispose]: () => execution.close(),
	}
}

test('one child serves many turns, refuses a second one at a time, and shuts down when it is stopped', async () => {
	await using worker = await started(SESSION)
	await worker.tell('hang')
	expect(await worker.execution.input({ kind: 'user', content: 'more' })).toEqual(refused('input', 'busy', 'already running'))
	expect(await worker.execution.stop?.(null)).toMatchObject({ outcome: 'accepted', run_state: 'stopped' })
	expect(worker.execution.ended?.()).toBe(true)
	expect(worker.events.filter(({ event }) => event === 'error')).toEqual([])
})

test('a child that ends by itself is told with its code and its last words, and takes no more turns', async () => {
	await using worker = await started(SESSION)
	await worker.tell('die')
	expect((await worker.has('error')).data).toEqual({ code: 'internal', message: 'the process ended with code 3: out of paper' })
	expect(worker.execution.ended?.()).toBe(true)
})

test('lines that are no events are text, and a line without end ends the child', async () => {
	await using worker = await started({ ...SESSION, line_bytes: 1024 })
	await worker.tell('chat')
	expect((await worker.has('text_delta')).data).toEqual({ text: 'not an event\n' })
	await worker.has('run_end')
	await worker.tell('long')
	expect(JSON.stringify(await worker.has('error'))).toContain('a line is longer than 1024 bytes')
	await eventually(() => worker.execution.ended?.(), { what: 'the end of the child' })
})

test('a turn that takes too long is an error, and its child is ended', async () => {
	await using worker = await started({ ...SESSION, turn_timeout_ms: 50 })
	await worker.tell('hang')
	expect(JSON.stringify(await worker.has('error'))).toContain('the turn took longer than 50 ms')
	await eventually(() => worker.execution.ended?.(), { what: 'the end of the child' })
})

test('a child that never says that it is ready, and a program that is not there, are refused', async () => {
	const silent = { ...SESSION, argv: [...SESSION.argv, 'silent'], ready_timeout_ms: 100 }
	expect(started(silent)).rejects.toThrow('did not say that it is ready within 100 ms')
	expect(started({ kind: 'process', argv: ['true'] })).rejects.toThrow('the process ended with code 0')
	expect(started({ kind: 'process', argv: ['/nowhere/at-all'] })).rejects.toThrow('not found')
})

test('in one-shot mode a child for each turn finds the turn or the transcript', async () => {
	await using cat = await started({ kind: 'process', argv: ['cat'], mode: 'one_shot' })
	await cat.tell('hello')
	await cat.has('run_end')
	expect(cat.events.at(-2)).toEqual({ event: 'text_done', data: { text: 'hello' } })

	const sh = ['sh', '-c', 'cat; printf " {worker_id} %s" "$1"', 'sh', '{prompt}']
	await using all = await started({ kind: 'process', argv: sh, mode: 'one_shot', stdin: 'transcript' }, [{ role: 'user', content: 'a' }])
	await all.tell('b')
	expect((await all.has('text_done')).data).toEqual({ text: '[{"role":"user","content":"a"}] worker-00000001 b' })

	await using failing = await started({ kind: 'process', argv: ['sh', '-c', 'echo no >&2; exit 4'], mode: 'one_shot' })
	await failing.tell('x')
	expect((await failing.has('error')).data).toMatchObject({ message: 'the process ended with code 4: no' })
})

test('a turn over the API reaches the child of the profile and comes back as a line', async () => {
	verifies('07.A50', '06.47')
	await using server = await testServer({ 'runtime-profiles': JSON.stringify({ tester: SESSION, model: { kind: 'llm' } }) })
	const { profiles } = (await server.call('GET', '/v1/runtime')).body
	expect(profiles).toEqual([
		{ name: 'builtin:echo', available: true },
		{ name: 'process:tester', available: true },
		{ name: 'llm:model', available: false, reason: 'the config file has no [llm.model]' },
	])
	const create = (value: string) =>
		server.call('POST', '/v1/workers', { intent: { kind: 'assistant' }, profile: { kind: 'builtin', value } })
	expect((await create('llm:model')).status).toBe(409)
	const { worker_id: id } = (await create('process:tester')).body.worker
	await server.call('POST', `/v1/workers/${id}/input`, { kind: 'user', content: 'hello' })
	const lines = await eventually(
		async () => {
			const { items } = (await server.call('GET', `/v1/workers/${id}/transcript`)).body.transcript
			return items.length === 2 && items
		},
		{ what: 'the answer' },
	)
	expect(lines[1]).toMatchObject({ role: 'assistant', content: 'you said hello' })
	expect((await server.call('POST', `/v1/workers/${id}/stop`)).body.ack.status).toBe('stopped')
})
