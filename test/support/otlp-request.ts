/** A span as a collector sees it. Times in milliseconds; ids in hex, as they are in traceparents. */
export interface ReceivedSpan {
	readonly traceId: string
	readonly spanId: string
	/** Empty for a root. */
	readonly parentSpanId: string
	readonly name: string
	readonly kind: number
	readonly startedAt: number
	readonly endedAt: number
	/** 0 unset, 1 ok, 2 error. */
	readonly status: number
	readonly message: string
	readonly attributes: Attributes
	readonly resource: Attributes
	readonly links: readonly { readonly traceId: string; readonly spanId: string }[]
	readonly notes: readonly string[]
}

type Attributes = { readonly [key: string]: string | number | boolean }

/** The spans of one `ExportTraceServiceRequest`, by its content type. */
export function spansIn(contentType: string | null, body: Uint8Array): ReceivedSpan[] {
	return contentType === 'application/json' ? inJson(JSON.parse(new TextDecoder().decode(body))) : inProtobuf(body)
}

// biome-ignore lint/suspicious/noExplicitAny: read by path, as a test does
type Loose = any

function inJson(request: Loose): ReceivedSpan[] {
	return (request.resourceSpans ?? []).flatMap(({ resource, scopeSpans }: Loose) =>
		scopeSpans.flatMap(({ spans }: Loose) =>
			spans.map((span: Loose) => ({
				...{ traceId: span.traceId, spanId: span.spanId, parentSpanId: span.parentSpanId ?? '', name: span.name, kind: span.kind },
				...{ startedAt: Number(BigInt(span.startTimeUnixNano) / 1_000_000n), endedAt: Number(BigInt(span.endTimeUnixNano) / 1_000_000n) },
				...{ status: span.status.code ?? 0, message: span.status.message ?? '' },
				...{ attributes: jsonAttributes(span.attributes), resource: jsonAttributes(resource.attributes) },
				links: (span.links ?? []).map(({ traceId, spanId }: Loose) => ({ traceId, spanId })),
				notes: (span.events ?? []).map(({ name }: Loose) => name),
			})),
		),
	)
}

const jsonAttributes = (list: Loose): Attributes =>
	Object.fromEntries(
		(list ?? []).map(({ key, value }: Loose) => [key, value.stringValue ?? value.boolValue ?? value.doubleValue ?? Number(value.intValue)]),
	)

/** By number, in their order: numbers of varints, views of everything else. */
type Fields = ReadonlyMap<number, readonly (number | DataView)[]>

function fieldsOf(view: DataView): Fields {
	const fields = new Map<number, (number | DataView)[]>()
	let at = 0
	const varint = (): number => {
		for (let value = 0, factor = 1; ; factor *= 128) {
			const byte = view.getUint8(at++)
			value += (byte & 127) * factor
			if (byte < 128) return value
		}
	}
	const take = (length: number): DataView => {
		at += length
		return new DataView(view.buffer, view.byteOffset + at - length, length)
	}
	while (at < view.byteLength) {
		const tag = varint()
		const wire = tag & 7
		const value = wire === 0 ? varint() : take(wire === 1 ? 8 : wire === 5 ? 4 : varint())
		fields.set(tag >> 3, [...(fields.get(tag >> 3) ?? []), value])
	}
	return fields
}

const messages = (fields: Fields, number: number): Fields[] => views(fields, number).map(fieldsOf)
const views = (fields: Fields, number: number): DataView[] => (fields.get(number) ?? []).filter((it) => it instanceof DataView)
const bytes = (fields: Fields, number: number): Buffer => {
	const [view] = views(fields, number)
	return view ? Buffer.from(view.buffer, view.byteOffset, view.byteLength) : Buffer.alloc(0)
}
const text = (fields: Fields, number: number): string => bytes(fields, number).toString('utf8')
const hex = (fields: Fields, number: number): string => bytes(fields, number).toString('hex')
const whole = (fields: Fields, number: number): number => Number(fields.get(number)?.[0] ?? 0)
const nanos = (fields: Fields, number: number): number => Number((views(fields, number)[0]?.getBigUint64(0, true) ?? 0n) / 1_000_000n)

function inProtobuf(body: Uint8Array): ReceivedSpan[] {
	const request = fieldsOf(new DataView(body.buffer, body.byteOffset, body.byteLength))
	return messages(request, 1).flatMap((ofResource) => {
		const [resource = new Map() as Fields] = messages(ofResource, 1)
		return messages(ofResource, 2).flatMap((ofScope) => messages(ofScope, 2).map((span) => toSpan(span, attributesIn(resource, 1))))
	})
}

function toSpan(span: Fields, resource: Attributes): ReceivedSpan {
	const [status = new Map() as Fields] = messages(span, 15)
	return {
		...{ traceId: hex(span, 1), spanId: hex(span, 2), parentSpanId: hex(span, 4), name: text(span, 5), kind: whole(span, 6) },
		...{ startedAt: nanos(span, 7), endedAt: nanos(span, 8), status: whole(status, 3), message: text(status, 2) },
		...{ attributes: attributesIn(span, 9), resource },
		links: messages(span, 13).map((link) => ({ traceId: hex(link, 1), spanId: hex(link, 2) })),
		notes: messages(span, 11).map((event) => text(event, 2)),
	}
}

function attributesIn(fields: Fields, number: number): Attributes {
	return Object.fromEntries(
		messages(fields, number).map((pair) => {
			const [value = new Map() as Fields] = messages(pair, 2)
			if (value.has(1)) return [text(pair, 1), text(value, 1)]
			if (value.has(2)) return [text(pair, 1), whole(value, 2) === 1]
			return [text(pair, 1), value.has(3) ? whole(value, 3) : (views(value, 4)[0]?.getFloat64(0, true) ?? 0)]
		}),
	)
}
