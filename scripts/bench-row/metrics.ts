import { newMetrics } from '../../src/edge/http/metrics.ts'
import { elapsed } from './part/round.ts'
import type { BenchRow } from './row.ts'

const ROUTES = 60

/** What it costs to count a request, and to write everything down for a scraper. */
export const metricsRow: BenchRow = {
	name: 'metrics',
	async measure({ quick }) {
		const requests = quick ? 20_000 : 200_000
		const metrics = newMetrics([{ name: 'a_gauge', help: 'One that costs nothing to read', read: async () => 1 }])
		const count = async (): Promise<void> => {
			for (let n = 0; n < requests; n++) metrics.answered('GET', `/v1/route/${n % ROUTES}`, n % 50 === 0 ? 404 : 200, n / requests)
		}
		await count()
		const ns = ((await elapsed(count)) * 1e6) / requests
		const scrapeMs = await elapsed(async () => void (await metrics.text()))
		const plain = { bare: null, ratio: null, floors: [] }
		return [
			{ what: 'counting a request in /metrics', value: ns, unit: 'ns', ...plain },
			{ what: `a scrape of ${ROUTES} routes`, value: scrapeMs, unit: 'ms', ...plain },
		]
	},
}
