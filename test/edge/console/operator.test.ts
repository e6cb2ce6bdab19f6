import { expect, test } from 'bun:test'
import { requestsOf, sessionTitle, sessionWord, vacancies } from '../../../src/edge/console/view/operator.ts'
import type { OpenRequestRecord } from '../../../src/protocol/open-request.ts'

const request = (over: Partial<OpenRequestRecord>): OpenRequestRecord => ({
	...{ req_id: 'RQ-1', kind: 'spawn', state: 'parked', owner: null, slot: 'main', run_id: 'R-1', step_id: 'ST-1', attempt: 1 },
	...{ agent: 'writer', created_at: 100, deadline_at: 900 },
	...over,
})
const owner = { sid: 'S-1', desc: null, roles: [], connected: true }

test('a session is called by what it says of itself, its roles, its agent or its id', () => {
	const session = { sid: 'S-1', desc: null, roles: [], agent: null }
	expect(sessionTitle(session)).toBe('S-1')
	expect(sessionTitle({ ...session, roles: ['main', 'second'] })).toBe('main, second')
	expect(sessionTitle({ ...session, roles: ['main'], desc: 'my desk' })).toBe('my desk')
	expect(sessionTitle({ ...session, agent: 'alice' })).toBe('Agent alice')
	expect([sessionWord({ agent: null, connected: false }), sessionWord({ agent: 'a', connected: false })]).toEqual(['away', 'inbox'])
})

test('what waits for nobody is one vacancy for each seat of a run, the oldest first', () => {
	const requests = [
		request({ run_id: 'R-2', created_at: 50, deadline_at: 800 }),
		request({ agent: 'editor' }),
		request({ created_at: 120, deadline_at: 500 }),
		request({ slot: null, agent: 'loner', created_at: 300 }),
		request({ owner }),
	]
	expect(vacancies(requests)).toEqual([
		{ runId: 'R-2', slot: 'main', agents: ['writer'], count: 1, since: 50, deadline: 800 },
		{ runId: 'R-1', slot: 'main', agents: ['editor', 'writer'], count: 2, since: 100, deadline: 500 },
		{ runId: 'R-1', slot: 'loner', agents: ['loner'], count: 1, since: 300, deadline: 900 },
	])
	expect(requestsOf('S-1', requests)).toHaveLength(1)
})
