import { expect, test } from 'bun:test'
import { checksText, urgentFirst } from '../../../src/edge/console/view/check.ts'
import { gaugeFacts, readFigures, refusals } from '../../../src/edge/console/view/figures.ts'
import { inOrder, lastError, webhookWord } from '../../../src/edge/console/view/webhook.ts'
import type { Check } from '../../../src/protocol/health.ts'
import type { WebhookView } from '../../../src/protocol/webhook.ts'

const figures = `# HELP mse_http_request_seconds Requests by route
# TYPE mse_http_request_seconds histogram
mse_http_request_seconds_bucket{le="0.1",method="POST",route="/v1/tasks",status="413"} 3
mse_http_request_seconds_sum{method="POST",route="/v1/tasks",status="413"} 0.2
mse_http_request_seconds_count{method="POST",route="/v1/tasks",status="413"} 3
mse_http_request_seconds_count{method="GET",route="/v1/runs",status="200"} 90
mse_http_request_seconds_count{method="GET",route="/v1/a\\"b",status="429"} 7
mse_http_request_seconds_count{method="GET",route="/v1/readyz",status="503"} 7

# HELP mse_runs Runs that have not ended, by status
# TYPE mse_runs gauge
mse_runs{state="pending"} 0
mse_runs{state="running"} 1200

# HELP mse_request_oldest_seconds Age of the oldest request without an answer
# TYPE mse_request_oldest_seconds gauge
mse_request_oldest_seconds 0

# HELP mse_database_healthy 1 unless the last commit failed
# TYPE mse_database_healthy gauge
mse_database_healthy 1

# HELP mse_resident_bytes Resident memory of the process
# TYPE mse_resident_bytes gauge
mse_resident_bytes 105287680
`

test('gauges are read by people: states with something in them, bytes in MB, a yes for a one', () => {
	expect(gaugeFacts(readFigures(figures))).toEqual([
		['Runs that have not ended', '1,200 running'],
		['Age of the oldest request without an answer', 'none'],
		['The last commit went well', 'yes'],
		['Resident memory of the process', '105 MB'],
	])
})

test('requests that ran into a limit are counted by route, the most frequent first', () => {
	expect(refusals(readFigures(figures))).toEqual([
		{ route: 'GET /v1/a"b', why: '429 too many', count: 7 },
		{ route: 'POST /v1/tasks', why: '413 too large', count: 3 },
	])
	expect(readFigures('no figures\n# at all')).toEqual([])
})

test('what is broken comes before what is missing, and both are counted', () => {
	const checks = (['ok', 'missing', 'broken', 'ok'] as const).map((status, at): Check => ({ name: `c${at}`, status, detail: '' }))
	expect(urgentFirst(checks).map(({ name }) => name)).toEqual(['c2', 'c1', 'c0', 'c3'])
	expect(checksText(checks)).toBe('1 broken, 1 missing; 2 do what they should.')
	expect(checksText(checks.filter(({ status }) => status === 'ok'))).toBe('All 2 do what they should.')
})

test('webhooks in trouble come first, with the error they had last', () => {
	const well: WebhookView = {
		...{ name: 'chat', url: 'http://x', kinds: [], cursor: 1, delivered: 1, trying: null, undelivered: [], undelivered_total: 0 },
	}
	const gaveUp = (at: number, error: string) => ({ event_seq: at, kind: 'run.done', attempts: 1, error, at })
	const failed = { ...well, name: 'mail', undelivered: [gaveUp(1, 'old'), gaveUp(2, 'new')], undelivered_total: 2 }
	const trying = { ...failed, name: 'pager', trying: { event_seq: 3, attempts: 2, error: 'away', next_at: 9 } }
	expect(inOrder([well, trying, failed]).map((webhook) => [webhook.name, webhookWord(webhook), lastError(webhook)])).toEqual([
		['mail', 'failed', 'new'],
		['pager', 'retrying', 'away'],
		['chat', 'ok', null],
	])
})
