import { expect, test } from 'bun:test'
import { cancelWithParents } from '../../../../src/core/run/supervise/child-runs.ts'
import { asRunId, type RunId } from '../../../../src/kernel/id.ts'
import { silentLogger } from '../../../../src/kernel/log.ts'
import type { Event } from '../../../../src/protocol/event.ts'
import { eventually } from '../../../support/eventually.ts'

const fact = (kind: Event['kind'], run: string, data = {}): Event => ({ seq: 1, at: 1, kind, run_id: run, data }) as Event

function world(statuses: { readonly [run: string]: string }) {
	const cancelled: RunId[] = []
	let tell = (_: readonly Event[]): void => {}
	const runs = {
		unfinishedChildren: async () => [],
		orphans: async () => [],
		listed: async (id: RunId) => (id in statuses ? { status: statuses[id] } : null) as never,
	}
	cancelWithParents({
		runs,
		log: silentLogger,
		events: {
			subscribe(listener) {
				tell = (facts) => void listener(facts)
				return () => {}
			},
		},
		cancel: async (id) => cancelled.push(id) > 0,
	})
	return { cancelled, tell: (...facts: Event[]) => tell(facts) }
}

test('a run that begins just after its parent was cancelled is cancelled, and one with another parent is not', async () => {
	const { cancelled, tell } = world({ 'R-gone': 'cancelled', 'R-here': 'running', 'R-done': 'done' })
	for (const parent of ['R-here', 'R-done', 'R-unknown']) tell(fact('run.started', `${parent}-child`, { parent_run: parent }))
	tell(fact('run.started', 'R-orphan', { parent_run: 'R-gone' }), fact('run.started', 'R-own'))
	await eventually(() => cancelled.length > 0, { what: 'a cancel' })
	expect(cancelled).toEqual([asRunId('R-orphan')])
})
