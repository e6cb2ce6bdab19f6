import { expect, test } from 'bun:test'
import { tracedLog } from '../../../src/core/trace/traced-log.ts'
import { jsonLogger } from '../../../src/kernel/log.ts'
import { fakeClock } from '../../support/fake-clock.ts'

test('lines about a run have the id of its trace while it is known, also by way of a logger of their own', () => {
	const lines: Record<string, unknown>[] = []
	const log = jsonLogger({ level: 'info', clock: fakeClock(), write: (line) => void lines.push(JSON.parse(line)) })
	const traced = tracedLog(log, (runId) => (runId === 'R-1' ? 'abc' : undefined))
	traced.info('one', { run_id: 'R-1', step_id: 'ST-1' })
	traced.warn('two', { run_id: 'R-2' })
	traced.error('three')
	traced.with({ run_id: 'R-1' }).info('four')
	traced.debug('five', { run_id: 'R-1' })
	expect(lines.map(({ message, trace_id }) => [message, trace_id])).toEqual([
		['one', 'abc'],
		['two', undefined],
		['three', undefined],
		['four', 'abc'],
	])
	expect(lines[0]).toMatchObject({ run_id: 'R-1', step_id: 'ST-1' })
})
