import type { SpanContext } from './context.ts'

export type Attributes = { readonly [key: string]: string | number | boolean }

/** Something that happened during a span. */
export interface Note {
	readonly name: string
	/** Milliseconds since the epoch. */
	readonly at: number
	readonly attributes: Attributes
}

/** A span that has ended, with all there is to tell of it; times in milliseconds since the epoch. */
export interface Span extends Pick<SpanContext, 'traceId' | 'spanId'> {
	readonly parent: { readonly spanId: string; readonly isRemote: boolean } | undefined
	readonly name: string
	readonly kind: 'internal' | 'client' | 'server'
	readonly startedAt: number
	readonly endedAt: number
	/** `unset`: it ended in a way that is neither a success nor an error. */
	readonly status: 'unset' | 'ok' | 'error'
	readonly message: string | undefined
	readonly attributes: Attributes
	readonly notes: readonly Note[]
	readonly links: readonly Pick<SpanContext, 'traceId' | 'spanId'>[]
}

/** A span while it lasts. */
export interface OpenSpan extends Pick<Span, 'spanId' | 'parent' | 'name' | 'kind' | 'startedAt'> {
	readonly attributes: { [key: string]: string | number | boolean }
	readonly notes: Note[]
	readonly links?: Span['links']
}

/** How a span ended. */
export interface Ending extends Partial<Pick<Span, 'status' | 'message'>> {
	readonly at: number
	readonly attributes?: Attributes
}

/** Most things told of one span. */
const MOST_NOTES = 128

export function note(span: OpenSpan | undefined, made: Note): void {
	if (span && span.notes.length < MOST_NOTES) span.notes.push(made)
}

export function close(span: OpenSpan, traceId: string, { at, status = 'unset', message, attributes }: Ending): Span {
	const { spanId, parent, name, kind, startedAt, notes, links = [] } = span
	const endedAt = Math.max(startedAt, at)
	const all = attributes ? { ...span.attributes, ...attributes } : span.attributes
	return { traceId, spanId, parent, name, kind, startedAt, endedAt, status, message, attributes: all, notes, links }
}
