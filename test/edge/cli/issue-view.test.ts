import { expect, test } from 'bun:test'
import { issueDetail, issueList } from '../../../src/edge/cli/issue-view.ts'

const plain = (_: string, text: string): string => text
const issue = { issue_id: 'h-1', status: 'in_flight', blueprint_id: 'b', intent: 'i', reason: null, new_version: null, attempt: 1 } as const

test('an issue whose run is interrupted is shown as such, and says why', () => {
	const stuck = { ...issue, run_id: 'R-1', interrupted: 'The disk gave out. Resume run R-1 or cancel it.' }
	expect(issueList([stuck], plain)).toContain('interrupted')
	expect(issueList([{ ...issue, run_id: 'R-1' }], plain)).toContain('in_flight')
	expect(issueDetail(stuck, null, plain)).toContain('The disk gave out. Resume run R-1 or cancel it.')
})
