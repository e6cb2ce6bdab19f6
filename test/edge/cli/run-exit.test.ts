import { expect, test } from 'bun:test'
import { runExitCode, runFailure, runFailureText } from '../../../src/edge/cli/run-exit.ts'
import type { RunRecord } from '../../../src/protocol/run.ts'

const run = (status: RunRecord['status'], result: unknown = null): RunRecord => ({
	id: 'R-1',
	task_id: 'T-1',
	status,
	phase: null,
	step_entries: [],
	operator_sid: null,
	current: {},
	next_generation: 0,
	result_ref: result,
	generation: 1,
	blueprint_id: null,
	version: 'ab',
	created_at: 0,
	updated_at: 0,
})
const failure = (code: string) => ({ error: { message: 'why', code, failed_step: 'check', verdict_value: null }, partial_ctx: null })

test('the exit code says how the run ended', () => {
	expect([run('done'), run('failed', failure('step_failed')), run('cancelled'), run('interrupted')].map(runExitCode)).toEqual([0, 1, 3, 1])
})

test('a run that ran out of time is 4, a step that did is not', () => {
	expect(runExitCode(run('failed', failure('run_ttl')))).toBe(4)
	expect(runExitCode(run('failed', failure('timed_out')))).toBe(1)
})

test('the reason is read from either shape of a result', () => {
	expect(runFailure(run('failed', failure('c')))).toEqual({ message: 'why', code: 'c', step: 'check' })
	expect(runFailure(run('interrupted', { error: 'server restart' })).message).toBe('server restart')
	expect(runFailure(run('failed')).message).toBe('It left no reason.')
	expect(runFailureText(run('failed', failure('c')))).toBe('R-1 failed at check: why')
	expect(runFailureText(run('cancelled', { error: 'no more' }))).toBe('R-1 is cancelled: no more')
})
