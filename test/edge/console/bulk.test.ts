import { expect, test } from 'bun:test'
import { bulkFilter, bulkText, meantText } from '../../../src/edge/console/view/bulk.ts'

const none = { status: '', phase: '', blueprint: '' }
const shown = [{ id: 'R-1' }, { id: 'R-2' }]

test('what is meant at once is the filter of the list; a phase names the runs that are shown', () => {
	expect(bulkFilter(none, shown)).toEqual({ all: true })
	expect(bulkFilter({ ...none, status: 'running', blueprint: 'hello' }, shown)).toEqual({ status: 'running', blueprint: 'hello' })
	expect(bulkFilter({ ...none, status: 'running', phase: 'waiting' }, shown)).toEqual({ run_ids: ['R-1', 'R-2'] })
})

test('which runs are meant is said before it is done', () => {
	expect(meantText(none, 2)).toBe('all runs')
	expect(meantText({ ...none, status: 'running', blueprint: 'hello' }, 2)).toBe('all running runs of hello')
	expect(meantText({ ...none, status: 'running', phase: 'waiting_approval' }, 2)).toBe('these 2 waiting approval runs')
})

test('what became of it counts both sides, and tells why', () => {
	expect(bulkText('cancel', { changed: ['R-1'], refused: [] })).toBe('1 run was cancelled.')
	const refused = [{ run_id: 'R-2', error: 'Run R-2 is already paused.', code: 'paused' }]
	expect(bulkText('pause', { changed: [], refused })).toBe('0 runs were paused. 1 was left as it is: Run R-2 is already paused.')
})
