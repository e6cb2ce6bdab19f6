import Counter from 'prom-client/lib/counter'
import Gauge from 'prom-client/lib/gauge'
import Histogram from 'prom-client/lib/histogram'
import Registry from 'prom-client/lib/registry'

/** What the rest of the server tells when it is asked. */
export interface Gauged {
	readonly name: string
	readonly help: string
	/** One value, or one for each state. */
	read(): Promise<number | { readonly [state: string]: number }>
}

export interface Metrics {
	/** One request, answered. `route` is the pattern it matched, so that ids make no series of their own. */
	answered(method: string, route: string, status: number, seconds: number): void
	/** One commit: how many changes shared it, and how long it took. */
	committed(changes: number, seconds: number): void
	/** The text a scraper reads. */
	text(): Promise<string>
	readonly contentType: string
}

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60]
const CHANGES = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000]

/** Metrics of one server, in a registry of their own. */
export function newMetrics(gauges: readonly Gauged[]): Metrics {
	const registers = [new Registry()]
	const [registry = new Registry()] = registers
	const named = (name: string, help: string) => ({ name: `mse_${name}`, help, registers })
	const labelNames = ['method', 'route', 'status'] as const
	const requests = new Histogram({ ...named('http_request_seconds', 'Requests by route'), labelNames, buckets: SECONDS })
	const failures = new Counter({ ...named('http_failures_total', 'Requests answered with 5xx, by route'), labelNames })
	const commits = new Histogram({ ...named('commit_seconds', 'Time of one commit'), buckets: SECONDS })
	const batches = new Histogram({ ...named('commit_changes', 'Changes that shared one commit'), buckets: CHANGES })
	for (const gauge of gauges) register(gauge, named(gauge.name, gauge.help))
	return {
		answered(method, route, status, seconds) {
			const labels = { method, route, status: String(status) }
			requests.observe(labels, seconds)
			if (status >= 500) failures.inc(labels)
		},
		committed(changes, seconds) {
			commits.observe(seconds)
			batches.observe(changes)
		},
		text: () => registry.metrics(),
		contentType: registry.contentType,
	}
}

function register({ read }: Gauged, options: { name: string; help: string; registers: Registry[] }): void {
	new Gauge({
		...options,
		labelNames: ['state'],
		async collect() {
			const value = await read()
			this.reset()
			if (typeof value === 'number') this.set(value)
			else for (const [state, count] of Object.entries(value)) this.set({ state }, count)
		},
	})
}
