import { expect, test } from 'bun:test'
import { timelineOf, triesOf } from '../../../src/edge/console/view/timeline.ts'
import type { Event } from '../../../src/protocol/event.ts'
import type { StepEntry } from '../../../src/protocol/run.ts'

const BEGIN = 1_000_000
const entry = (id: string, from: number, to: number | null, status: string | null): StepEntry => ({
	...{ step_id: id, step_ref: id, status, at: 1, attempt: 1, position: `/${id}`, started_at_ms: BEGIN + from },
	...(to !== null && { completed_at_ms: BEGIN + to, duration_ms: to - from }),
})
const event = (kind: Event['kind'], at: number, data: Event['data']): Event => ({ seq: at, at: BEGIN + at, kind, step_id: 'b', data })

const events = [
	event('step.dispatched', 1000, { ref: 'b' }),
	event('attempt.started', 1000, { attempt: 1, backend: 'process' }),
	event('attempt.ended', 2000, { attempt: 1, status: 'failed', code: 'exit', error: 'it exited with 3' }),
	event('attempt.retry_scheduled', 2000, { attempt: 1, wake_at: BEGIN + 3000 }),
	event('attempt.started', 3000, { attempt: 2, backend: 'process' }),
]

test('the tries at a step come from the events of its run', () => {
	expect(triesOf(events).get('b')).toEqual([
		{
			...{ n: 1, backend: 'process', startedAt: BEGIN + 1000, endedAt: BEGIN + 2000 },
			...{ status: 'failed', error: 'it exited with 3', nextAt: BEGIN + 3000 },
		},
		{ n: 2, backend: 'process', startedAt: BEGIN + 3000, endedAt: null, status: null, error: null, nextAt: null },
	])
	expect(triesOf([]).size).toBe(0)
})

test('rows are in the order steps began, a bar for each attempt, and what is open goes on until now', () => {
	const entries = [entry('b', 1000, null, null), entry('a', 0, 1000, 'passed')]
	const { rows, ticks } = timelineOf(entries, triesOf(events), new Set(), BEGIN + 4000)
	expect(rows.map(({ title, word, took }) => [title, word, took])).toEqual([
		['a', 'passed', '1.0 s'],
		['b', 'running', '3.0 s'],
	])
	expect(rows[0]?.bars).toMatchObject([{ from: 0, to: 0.25, word: 'passed' }])
	expect(rows[1]?.bars).toMatchObject([
		{ from: 0.25, to: 0.5, word: 'failed', title: 'attempt 1: failed, 1.0 s, it exited with 3' },
		{ from: 0.75, to: 1, word: 'running' },
	])
	expect(ticks.map(({ text }) => text)).toEqual(['0', '1.0 s', '2.0 s', '3.0 s', '4.0 s'])
})

test('a step that waits for somebody says so, and a run without steps has no rows', () => {
	const { rows } = timelineOf([entry('b', 0, null, null)], new Map(), new Set(['b']), BEGIN + 10)
	expect(rows[0]).toMatchObject({ word: 'waiting', bars: [{ from: 0, to: 1, word: 'waiting' }] })
	expect(timelineOf([], new Map(), new Set(), BEGIN).rows).toEqual([])
})

test('steps that took no time at all still have their place', () => {
	const { rows, ticks } = timelineOf([entry('a', 0, 0, 'passed'), entry('b', 0, 0, 'passed')], new Map(), new Set(), 0)
	expect(rows.flatMap(({ bars }) => bars.map(({ from, to }) => [from, to]))).toEqual([
		[0, 0],
		[0, 0],
	])
	expect(ticks.length).toBeGreaterThan(0)
})
