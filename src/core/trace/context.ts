import { fingerprint, sha256Hex } from '../../kernel/hash.ts'

/** Where a span stands: what the W3C header `traceparent` says. Ids are lower-case hex of 16 and 8 bytes. */
export interface SpanContext {
	readonly traceId: string
	readonly spanId: string
	readonly isSampled: boolean
}

/** What the ids of a run's spans are made of. */
export interface TracedRun {
	readonly id: string
	readonly generation: number
	/** `traceparent` is whom its launch named; its first generation is a part of that trace. */
	readonly options: { readonly traceparent?: string }
}

/** Undefined for what is no `traceparent` (W3C Trace Context, level 1): it is then as if there were none. */
export function parseTraceparent(header: string | null | undefined): SpanContext | undefined {
	const parts = /^(?!ff)[0-9a-f]{2}-(?<traceId>[0-9a-f]{32})-(?<spanId>[0-9a-f]{16})-(?<flags>[0-9a-f]{2})(-|$)/.exec(header?.trim() ?? '')
	const { traceId = '', spanId = '', flags = '' } = parts?.groups ?? {}
	if (parts === null || isZero(traceId) || isZero(spanId)) return undefined
	return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 }
}

export const toTraceparent = ({ traceId, spanId, isSampled }: SpanContext): string => `00-${traceId}-${spanId}-0${isSampled ? 1 : 0}`

/** The root of a generation of a run. The same in every life of the server, so it is nowhere stored. `share` of all traces are sampled. */
export function rootOf({ id, generation, options }: TracedRun, share: number): SpanContext {
	const spanId = fingerprint(`run ${id} ${generation}`)
	const caller = callerOf(generation, options.traceparent)
	if (caller) return { traceId: caller.traceId, spanId, isSampled: caller.isSampled }
	const traceId = sha256Hex(`run ${id} ${generation}`).slice(0, 32)
	return { traceId, spanId, isSampled: isInShare(traceId, share) }
}

/** Whoever launched the run; a later generation was not asked for by them. */
export const callerOf = (generation: number, traceparent: string | undefined): SpanContext | undefined =>
	generation === 1 ? parseTraceparent(traceparent) : undefined

export const stepSpanId = (stepId: string, generation: number): string => fingerprint(`step ${stepId} ${generation}`)

export const attemptSpanId = (stepId: string, generation: number, n: number): string => fingerprint(`attempt ${stepId} ${generation} ${n}`)

export const approvalSpanId = (runId: string, id: number): string => fingerprint(`approval ${runId} ${id}`)

/** What a run tells of its trace to others: to workers, to the runs that these start. */
export type TraceparentOf = (run: TracedRun, stepId: string, n: number) => string | undefined

/** The span of an attempt. Where nothing is traced it is the caller's own, handed on. */
export const traceparentOf =
	(traces: { readonly share: number } | null): TraceparentOf =>
	(run, stepId, n) =>
		traces
			? toTraceparent({ ...rootOf(run, traces.share), spanId: attemptSpanId(stepId, run.generation, n) })
			: run.generation === 1
				? run.options.traceparent
				: undefined

/** By the last seven bytes of the id, so that everybody who knows it decides alike. */
const isInShare = (traceId: string, share: number): boolean => share >= 1 || Number.parseInt(traceId.slice(-14), 16) < share * 2 ** 56

const isZero = (hex: string): boolean => /^0+$/.test(hex)
