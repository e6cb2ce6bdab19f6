import { type Attributes, type HrTime, type Link, type SpanContext, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api'
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type { Span } from '../../core/trace/span.ts'
import type { TraceSink } from '../../core/trace/span-sender.ts'

export interface OtlpOptions {
	/** The whole address. */
	readonly url: string
	readonly protocol: 'http/protobuf' | 'http/json'
	readonly headers: Readonly<Record<string, string>>
	/** What every span says of this server. */
	readonly resource: Attributes
	readonly version: string
}

/**
 * Sends spans by OTLP/HTTP. Timeout, compression and certificates are what the standard's own variables say. An answer that is about
 * the spans themselves refuses them for good; anything else may be mended, and they are sent again.
 */
export function otlpSink({ url, protocol, headers, resource: facts, version }: OtlpOptions): TraceSink {
	const exporter = new (protocol === 'http/json' ? JsonExporter : ProtobufExporter)({ url, headers })
	const resource = resourceFromAttributes(facts)
	const scope = { name: 'mse-server', version }
	return {
		send: (spans) =>
			new Promise((resolve, reject) => {
				const readable = spans.map((span) => toReadable(span, resource, scope))
				exporter.export(readable, ({ code, error }) => {
					if (code === 0) resolve(null)
					else if (isAboutSpans(error)) resolve(sentenceOf(error))
					else reject(new Error(sentenceOf(error)))
				})
			}),
		close: () => exporter.shutdown(),
	}
}

const ABOUT_SPANS: ReadonlySet<unknown> = new Set([400, 413, 422])

const isAboutSpans = (error: Error | undefined): boolean => error !== undefined && 'code' in error && ABOUT_SPANS.has(error.code)

function sentenceOf(error: Error | undefined): string {
	if (error === undefined) return 'it was not taken'
	return 'code' in error && typeof error.code === 'number' ? `it answered ${error.code} ${error.message}`.trim() : error.message
}

const KINDS = { internal: SpanKind.INTERNAL, client: SpanKind.CLIENT, server: SpanKind.SERVER } as const
const CODES = { unset: SpanStatusCode.UNSET, ok: SpanStatusCode.OK, error: SpanStatusCode.ERROR } as const

function toReadable(
	span: Span,
	resource: ReadableSpan['resource'],
	instrumentationScope: ReadableSpan['instrumentationScope'],
): ReadableSpan {
	const { traceId, spanId, parent, name, kind, startedAt, endedAt, status, message, attributes, notes, links } = span
	const context = toContext({ traceId, spanId })
	return {
		...{ name, kind: KINDS[kind], resource, instrumentationScope, attributes: { ...attributes }, ended: true },
		spanContext: () => context,
		...(parent && { parentSpanContext: { ...toContext({ traceId, spanId: parent.spanId }), isRemote: parent.isRemote } }),
		...{ startTime: toTime(startedAt), endTime: toTime(endedAt), duration: toTime(endedAt - startedAt) },
		status: { code: CODES[status], ...(message !== undefined && { message }) },
		events: notes.map((note) => ({ name: note.name, time: toTime(note.at), attributes: { ...note.attributes } })),
		links: links.map((link): Link => ({ context: toContext(link) })),
		...{ droppedAttributesCount: 0, droppedEventsCount: 0, droppedLinksCount: 0 },
	}
}

const toContext = ({ traceId, spanId }: Pick<SpanContext, 'traceId' | 'spanId'>): SpanContext => ({
	...{ traceId, spanId, traceFlags: TraceFlags.SAMPLED },
})

const toTime = (ms: number): HrTime => [Math.floor(ms / 1000), Math.round((ms % 1000) * 1_000_000)]
