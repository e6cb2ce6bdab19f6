import { swarmRoutes } from '../failure.ts'
import type { Metrics } from '../metrics.ts'

/** What Prometheus reads. The admin token guards it, where there is one. */
export const metricsRoutes = ({ metrics }: { readonly metrics: Metrics }) =>
	swarmRoutes('metrics').get(
		'/metrics',
		async () => new Response(await metrics.text(), { headers: { 'content-type': metrics.contentType } }),
		{ detail: { summary: 'Reads figures of this server in the text format of Prometheus' } },
	)
