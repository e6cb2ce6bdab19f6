import { expect, test } from 'bun:test'
import { hear, intentText, SILENCE, touchesWorker, workerTitle, workerWord } from '../../../src/edge/console/view/worker.ts'
import type { Event } from '../../../src/protocol/event.ts'

let seq = 0
const observed = (event: string, data?: object): Event => {
	seq += 1
	return { seq, at: seq, kind: 'worker.observed', worker: 'worker-1', data: { payload: { event, ...(data && { data }) } } }
}

test('a worker is called by its name, what it is for, or its id', () => {
	const worker = { worker_id: 'worker-1', intent: { kind: 'assistant' as const } }
	expect(workerTitle(worker)).toBe('worker-1')
	expect(workerTitle({ ...worker, intent: { kind: 'task', objective: 'tidy up' } })).toBe('tidy up')
	expect(workerTitle({ ...worker, display_name: 'Ada' })).toBe('Ada')
	expect(intentText({ kind: 'role', role: 'reviewer', purpose: 'docs' })).toBe('reviewer: docs')
})

test('while it is there it is said what it does, and then how it ended', () => {
	const execution = { backend: 'connected', run_state: 'busy' } as const
	expect([workerWord({ status: 'running', execution }), workerWord({ status: 'stopped', execution })]).toEqual(['busy', 'stopped'])
})

test('pieces of text add up until the whole of it is in the transcript, and what else happens is kept with its time', () => {
	const turn = [
		observed('user_message', { segments: [] }),
		observed('text_delta', { text: 'good ' }),
		observed('text_delta', { text: 'morning' }),
		observed('usage', { input_tokens: 3 }),
	]
	const heard = turn.reduce(hear, SILENCE)
	expect(heard.saying).toBe('good morning')
	expect(heard.happenings).toMatchObject([{ name: 'usage', text: '{"input_tokens":3}' }])
	expect(hear(heard, observed('text_done', { text: 'good morning' })).saying).toBe('')
	const ended = hear(heard, observed('error', { code: 'internal', message: 'it broke' }))
	expect([ended.saying, ended.happenings.at(-1)?.text]).toEqual(['', 'it broke'])
})

test('only the newest of what happens is kept, and no more of one thing than fits a line or two', () => {
	const many = Array.from({ length: 80 }, () => observed('tool_call', { arguments: 'x'.repeat(1000) }))
	const { happenings } = many.reduce(hear, SILENCE)
	expect(happenings).toHaveLength(50)
	expect(happenings[0]?.text.length).toBeLessThan(500)
})

test('a piece of text is no reason to read a worker anew, its other events are', () => {
	const touches = touchesWorker('worker-1')
	expect([touches(observed('text_delta', { text: 'a' })), touches(observed('text_done', { text: 'a' }))]).toEqual([false, true])
	expect(touchesWorker('worker-2')(observed('text_done'))).toBe(false)
})
