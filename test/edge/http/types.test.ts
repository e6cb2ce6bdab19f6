import { expect, test } from 'bun:test'
import { treaty } from '@elysiajs/eden'
import type { httpWorld } from './support.ts'

type App = ReturnType<typeof httpWorld>['app']

test('types: a client of the app takes bodies, queries, statuses and answers from the route schemas', () => {
	const prove = async () => {
		const { v1 } = treaty<App>('http://localhost')
		const launched = await v1.tasks.post({ blueprint: { kind: 'id', id: 'x' }, init_ctx: {} })
		launched.data?.run_id satisfies string | undefined
		// @ts-expect-error no such key in the answer
		launched.data?.run
		// @ts-expect-error the context is missing
		await v1.tasks.post({ blueprint: { kind: 'id', id: 'x' } })
		// @ts-expect-error no such kind of reference
		await v1.tasks.post({ blueprint: { kind: 'file', path: 'x' }, init_ctx: {} })
		if (launched.error) {
			launched.error.status satisfies 400 | 401 | 403 | 404 | 409 | 410 | 422 | 503 | 504
			// @ts-expect-error a status the route does not declare
			launched.error.status satisfies 418
		}
		const runs = await v1.runs.get({ query: { limit: 5, status: 'done' } })
		runs.data?.runs[0]?.step_entries[0]?.attempt satisfies number | undefined
		// @ts-expect-error no such status
		await v1.runs.get({ query: { status: 'finished' } })
		// @ts-expect-error a count is a number
		await v1.runs.get({ query: { limit: 'five' } })
		const head = await v1.blueprints({ id: 'x' }).head.get()
		head.data?.version satisfies string | undefined
		const granted = await v1.approvals({ id: '7' }).approve.post({ by: 'ada', answer: { tier: 'a' } })
		granted.data?.grants[0]?.by satisfies string | undefined
		// @ts-expect-error a note is text
		await v1.approvals({ id: '7' }).deny.post({ note: 7 })
		// @ts-expect-error no such kind
		await v1.approvals.get({ query: { kind: 'wish' } })
		const events = v1.events.ws.subscribe({ query: { run: 'R-1' } })
		events.on('message', ({ data }) => {
			data.seq satisfies number
			// @ts-expect-error an event has no such key
			data.sequence
		})
	}
	expect(prove).toBeFunction()
})
