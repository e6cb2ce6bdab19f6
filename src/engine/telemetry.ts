import type { Config } from '../config.ts'
import { type Finding, works } from '../core/doctor/probe.ts'
import type { EventLog } from '../core/event/log.ts'
import { type TraceparentOf, traceparentOf } from '../core/trace/context.ts'
import type { TraceSink } from '../core/trace/span-sender.ts'
import type { TraceStore } from '../core/trace/store.ts'
import { startTraces, type TraceFigures, type Traces } from '../core/trace/trace-export.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Logger } from '../kernel/log.ts'
import { VERSION } from '../kernel/version.ts'

type Environment = { readonly [name: string]: string | undefined }

/** Where traces go, or why nowhere. */
type Told = { readonly url: string; readonly share: number } | { readonly url: null; readonly why: string }

/** The traces of a server. */
export interface Telemetry {
	readonly isOn: boolean
	/** Of a run that goes on; undefined also when nothing is traced. */
	traceIdOf(runId: string): string | undefined
	/** Null when nothing is traced. */
	figures(): Promise<TraceFigures | null>
	/** Asks the sink. */
	prove(): Promise<Finding>
	stop(): Promise<void>
}

/** What has happened by the stop gets so long to be sent. */
const LAST_SEND_MS = 3000

/** What workers and child runs are told, whether or not anything is traced here. */
export function tracingOf(config: Config, environment: Environment): TraceparentOf {
	const told = toldBy(config, environment)
	return traceparentOf(told.url === null ? null : told)
}

/** Starts to send traces. Where nothing is traced nothing is loaded, and the next server that does begins with what happens then. */
export async function openTelemetry(deps: {
	readonly config: Config
	readonly environment: Environment
	readonly events: EventLog
	readonly traceStore: TraceStore
	readonly dataDirId: string
	readonly clock: Clock
	readonly log: Logger
}): Promise<Telemetry> {
	const { config, environment, events, traceStore, dataDirId, clock, log } = deps
	const told = toldBy(config, environment)
	if (told.url === null) {
		await traceStore.forget()
		return { isOn: false, traceIdOf: () => undefined, figures: async () => null, prove: async () => works(told.why), stop: async () => {} }
	}
	const { url, share } = told
	const sink = await openSink(config, url, dataDirId)
	const traces = await startTraces({ log: events, store: traceStore, sink, clock, logger: log, share })
	return { isOn: true, ...traces, prove: () => prove(sink, url, traces), stop: () => traces.stop(LAST_SEND_MS) }
}

/** The same question, of a machine on which no server runs. */
export async function proveTelemetry(config: Config, environment: Environment): Promise<Finding> {
	const told = toldBy(config, environment)
	if (told.url === null) return works(told.why)
	const sink = await openSink(config, told.url, 'local')
	return prove(sink, told.url).finally(sink.close)
}

/** The variables that turn everything off are those of every program. */
function toldBy({ telemetry }: Config, environment: Environment): Told {
	const { endpoint, tracesEndpoint, sampleShare: share } = telemetry
	const url = tracesEndpoint ?? (endpoint === null ? null : `${endpoint.replace(/\/$/, '')}/v1/traces`)
	if (url === null) return { url, why: 'traces are off: no telemetry.endpoint, and no OTEL_EXPORTER_OTLP_ENDPOINT' }
	if (environment.OTEL_SDK_DISABLED?.toLowerCase() === 'true') return { url: null, why: 'traces are off: OTEL_SDK_DISABLED is true' }
	if (environment.OTEL_TRACES_EXPORTER === 'none') return { url: null, why: 'traces are off: OTEL_TRACES_EXPORTER is none' }
	return { url, share }
}

async function openSink({ telemetry }: Config, url: string, dataDirId: string): Promise<TraceSink> {
	const { protocol, headers, serviceName, resourceAttributes } = telemetry
	const { otlpSink } = await import('../edge/telemetry/otlp.ts')
	const resource = {
		...{ 'service.name': 'mse-server', 'service.version': VERSION, 'service.instance.id': dataDirId },
		...resourceAttributes,
		...(serviceName !== null && { 'service.name': serviceName }),
	}
	return otlpSink({ url, protocol, headers, resource, version: VERSION })
}

/** Tokens like to live in queries and in front of hosts. */
function shown(url: string): string {
	const { origin, pathname } = new URL(url)
	return `${origin}${pathname}`
}

async function prove(sink: TraceSink, url: string, traces?: Traces): Promise<Finding> {
	const hint =
		'Look at telemetry.endpoint and telemetry.headers, or at the OTEL_EXPORTER_OTLP_* variables. Runs are not held up, and nothing is lost.'
	const refused = await sink.send([]).catch((error: Error) => error.message)
	if (refused !== null) return { status: 'broken', detail: `traces cannot be sent to ${shown(url)}: ${refused}`, hint }
	const { sent, trouble } = (await traces?.figures()) ?? { sent: 0, trouble: null }
	return works(
		`${shown(url)} takes traces${traces ? `; ${sent} spans were sent` : ''}${trouble === null ? '' : `; the last send: ${trouble}`}`,
	)
}
