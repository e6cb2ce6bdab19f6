import { eventually } from './eventually.ts'
import { type ReceivedSpan, spansIn } from './otlp-request.ts'

export interface TraceSinkServer extends AsyncDisposable {
	/** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
	readonly url: string
	/** Everything that was taken, in its order. */
	readonly spans: readonly ReceivedSpan[]
	readonly requests: readonly { readonly path: string; readonly headers: Headers }[]
	/** What it answers from now on; 200 takes. */
	status: number
	/** The spans of one run, once its root is among them. */
	run(id: string): Promise<readonly ReceivedSpan[]>
	/** The spans that match, once there are so many. */
	until(count: number, matches?: (span: ReceivedSpan) => boolean): Promise<readonly ReceivedSpan[]>
}

/** A collector on a free port that takes traces over OTLP/HTTP, as JSON and as protobuf. */
export function traceSink(): TraceSinkServer {
	const spans: ReceivedSpan[] = []
	const requests: { path: string; headers: Headers }[] = []
	const server = Bun.serve({
		...{ port: 0, hostname: '127.0.0.1' },
		async fetch(request) {
			const body = new Uint8Array(await request.arrayBuffer())
			requests.push({ path: new URL(request.url).pathname, headers: request.headers })
			if (sink.status !== 200) return new Response('not now', { status: sink.status })
			spans.push(...spansIn(request.headers.get('content-type'), body))
			return new Response(null, { status: 200 })
		},
	})
	const sink: TraceSinkServer = {
		url: server.url.origin,
		...{ spans, requests, status: 200 },
		async run(id) {
			const ofRun = () => spans.filter(({ attributes }) => attributes['mse.run.id'] === id)
			const isRoot = ({ attributes }: ReceivedSpan): boolean => 'mse.run.status' in attributes
			await eventually(() => ofRun().some(isRoot), { within: 20_000, what: `the root of run ${id} arrives` })
			return ofRun()
		},
		until: (count, matches = () => true) =>
			eventually(
				() => {
					const found = spans.filter(matches)
					return found.length >= count && found
				},
				{ within: 20_000, what: `${count} spans arrive` },
			),
		async [Symbol.asyncDispose]() {
			await server.stop(true)
		},
	}
	return sink
}
