import { describe, expect, test } from 'bun:test'
import { painter } from '../../../src/edge/cli/print.ts'
import { progressLines } from '../../../src/edge/cli/progress.ts'
import type { Event } from '../../../src/protocol/event.ts'

const plain = painter({ colour: false })
const event = (kind: Event['kind'], at: number, data: Event['data'], stepId?: string): Event => ({
	seq: 1,
	at,
	kind,
	run_id: 'R-1',
	...(stepId && { step_id: stepId }),
	data,
})
const lines = (...events: readonly Event[]): (string | null)[] => events.map(progressLines(plain))

describe('a line of progress', () => {
	test('says what began, what ended and how long it took', () => {
		expect(
			lines(
				event('run.started', 1000, { blueprint: 'gate', hash: 'ab', goal: 'g' }),
				event('step.dispatched', 1001, { ref: 'check' }, 'ST-1'),
				event('attempt.started', 1001, { ref: 'check', attempt: 1 }, 'ST-1'),
				event('attempt.ended', 1002, { attempt: 1, status: 'finished' }, 'ST-1'),
				event('step.completed', 2500, { ref: 'check', status: 'passed', attempt: 1, duration_ms: 1499 }, 'ST-1'),
				event('run.done', 2600, {}),
			),
		).toEqual(['run         R-1 of gate', 'started     check', null, null, 'passed      check  1.4 s', 'done        R-1  1.6 s'])
	})

	test('of another attempt says why the last one failed, and only once', () => {
		expect(
			lines(
				event('step.dispatched', 1, { ref: 'check' }, 'ST-1'),
				event('attempt.ended', 2, { attempt: 1, status: 'failed', error: 'exit code 1\nboom' }, 'ST-1'),
				event('attempt.started', 3, { ref: 'check', attempt: 2 }, 'ST-1'),
				event('step.completed', 4, { ref: 'check', status: 'failed', attempt: 2, duration_ms: 3, error: 'exit code 2' }, 'ST-1'),
			),
		).toEqual([
			'started     check',
			null,
			'again       check, attempt 2: exit code 1 boom',
			'failed      check after 2 attempts  3 ms: exit code 2',
		])
	})

	test('of a step that waits names the step, also where the event does not', () => {
		expect(lines(event('step.dispatched', 1, { ref: 'ask' }, 'ST-1'), event('request.parked', 2, {}, 'ST-1'))[1]).toBe(
			'waits       ask for an operator',
		)
	})

	test('of a step that waits for an approval says for which', () => {
		const asked = event('approval.requested', 2, { id: 7, kind: 'step_spawn' }, 'ST-1')
		expect(lines(event('step.dispatched', 1, { ref: 'ship' }, 'ST-1'), asked)[1]).toBe('waits       ship for approval 7')
		expect(lines(event('approval.requested', 1, { id: 8, kind: 'custom' }))).toEqual([null])
	})

	test('has its word coloured on a terminal alone', () => {
		const done = event('run.failed', 1, { reason: 'why' })
		expect(progressLines(painter({ colour: true }))(done)).toBe('\x1b[31mfailed      \x1b[0mR-1: why')
		expect(progressLines(plain)(done)).toBe('failed      R-1: why')
	})
})
