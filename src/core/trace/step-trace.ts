import type { Event } from '../../protocol/event.ts'
import { attemptSpanId, type SpanContext, stepSpanId } from './context.ts'
import { failureIn, numberIn, present, textIn, workerAttributes } from './event-data.ts'
import { type Attributes, close, type Ending, note, type OpenSpan, type Span } from './span.ts'

interface Root {
	readonly context: SpanContext
	readonly generation: number
}

type Data = Event['data']

/** Backends whose workers are other programs. */
const OUTSIDE: ReadonlySet<string> = new Set(['process', 'operator', 'llm'])

/** One step of a trace, with its attempts. */
export class StepTrace {
	readonly #root: Root
	readonly #stepId: string
	readonly #ref: string
	readonly #span: OpenSpan
	readonly #attempts = new Map<number, OpenSpan>()
	/** It may outlive its run. */
	readonly isAudit: boolean

	/** `first` is its `step.dispatched`; where that is missing, its `step.completed` says how long it took. */
	constructor(root: Root, first: Event) {
		const { step_id: stepId = '', run_id: runId, data } = first
		this.#root = root
		this.#stepId = stepId
		this.#ref = textIn(data, 'ref') ?? stepId
		const position = textIn(data, 'position') ?? ''
		this.isAudit = position.includes('/audit:')
		this.#span = {
			spanId: stepSpanId(stepId, root.generation),
			parent: { spanId: root.context.spanId, isRemote: false },
			name: `step ${this.#ref}`,
			kind: 'internal',
			startedAt: first.at - (first.kind === 'step.completed' ? (numberIn(data, 'duration_ms') ?? 0) : 0),
			attributes: { 'mse.run.id': runId ?? '', 'mse.step.id': stepId, 'mse.step.ref': this.#ref, 'mse.step.position': position },
			notes: [],
		}
		if (this.isAudit) this.#span.attributes['mse.step.audit'] = true
		// An attempt that begins with its step has no fact of its own about that.
		const n = first.kind === 'step.dispatched' ? numberIn(data, 'attempt') : undefined
		if (n !== undefined) this.#begin(n, first)
	}

	/** A fact about it other than its beginning and its end. */
	take(event: Event): readonly Span[] {
		const { kind, at, data } = event
		const n = numberIn(data, 'attempt') ?? 0
		const attempt = this.#attempts.get(n)
		if (kind === 'attempt.started') this.#begin(n, event)
		else if (kind === 'attempt.ended') return this.#endAttempt(n, attemptEnding(this.#ref, event))
		else if (kind === 'attempt.retry_scheduled') note(this.#span, { name: kind, at, attributes: retryAttributes(n, data) })
		else if (attempt && kind === 'attempt.reported') Object.assign(attempt.attributes, workerAttributes(this.#ref, data))
		else if (attempt && kind.startsWith('request.')) noteRequest(attempt, event)
		return []
	}

	/** `step.completed` */
	complete(event: Event): readonly Span[] {
		const { at, data } = event
		const n = numberIn(data, 'attempt') ?? 0
		const status = textIn(data, 'status') ?? ''
		const verdict = verdictOf(status, data)
		const ended = status === 'failed' || status === 'cancelled' ? status : 'finished'
		const attempts = this.#endAll(attemptEnding(this.#ref, { ...event, data: { ...data, status: ended } }))
		const attributes = { ...verdict.attributes, 'mse.step.status': status, 'mse.step.attempts': n }
		return [...attempts, close(this.#span, this.#root.context.traceId, { at, ...verdict, attributes })]
	}

	/** It ends without having come to an end by itself. */
	abandon(at: number, message: string): readonly Span[] {
		const attempts = this.#endAll({ at, message, attributes: { 'mse.attempt.status': 'cancelled' } })
		return [...attempts, close(this.#span, this.#root.context.traceId, { at, message, attributes: { 'mse.step.status': 'cancelled' } })]
	}

	#begin(n: number, { at, data }: Event): void {
		const { generation } = this.#root
		const backend = textIn(data, 'backend')
		this.#attempts.set(n, {
			spanId: attemptSpanId(this.#stepId, generation, n),
			parent: { spanId: this.#span.spanId, isRemote: false },
			name: `attempt ${this.#ref}`,
			kind: backend !== undefined && OUTSIDE.has(backend) ? 'client' : 'internal',
			startedAt: at,
			attributes: {
				...this.#span.attributes,
				...present({ 'mse.agent': this.#ref, 'mse.attempt.number': n, 'mse.backend': backend }),
			},
			notes: [],
		})
	}

	#endAttempt(n: number, ending: Ending): readonly Span[] {
		const attempt = this.#attempts.get(n)
		this.#attempts.delete(n)
		return attempt ? [close(attempt, this.#root.context.traceId, ending)] : []
	}

	#endAll(ending: Ending): readonly Span[] {
		return this.#attempts.size === 0 ? [] : [...this.#attempts.keys()].flatMap((n) => this.#endAttempt(n, ending))
	}
}

/** A blocked step stops its flow as a failed one does; one that was cancelled did nothing wrong. */
function verdictOf(status: string, data: Data): Pick<Ending, 'status' | 'message'> & { readonly attributes: Attributes } {
	const { code, message } = failureIn(data)
	if (status === 'failed') return { status: 'error', message, attributes: { 'error.type': code ?? 'failed' } }
	if (status === 'blocked') return { status: 'error', message: 'the worker blocked the step', attributes: { 'error.type': 'blocked' } }
	return { status: status === 'passed' ? 'ok' : 'unset', message: undefined, attributes: {} }
}

/** What an attempt that `finished` is worth is the step's business; `lost` ones the server took with it when it died. */
function attemptEnding(ref: string, { at, data }: Event): Ending {
	const status = textIn(data, 'status') ?? ''
	const { code, message } = failureIn(data)
	const isError = status === 'failed' || status === 'lost'
	return {
		at,
		status: isError ? 'error' : 'unset',
		message: isError ? message : undefined,
		attributes: {
			...workerAttributes(ref, data),
			...present({ 'mse.attempt.status': status, 'error.type': isError ? (code ?? status) : undefined }),
		},
	}
}

const retryAttributes = (n: number, data: Data): Attributes =>
	present({ 'mse.attempt.number': n, 'mse.retry.wait_ms': numberIn(data, 'wait_ms'), 'error.type': textIn(data, 'code') })

/** What an operator is asked. The request that carries the attempt's own work is named on its span. */
function noteRequest(attempt: OpenSpan, { kind, at, operator, data }: Event): void {
	const id = textIn(data, 'req_id')
	const about = present({ 'mse.request.id': id, 'mse.request.kind': textIn(data, 'kind'), 'mse.operator.id': operator })
	note(attempt, { name: kind, at, attributes: about })
	if (data.kind !== 'spawn') return
	if (id !== undefined) attempt.attributes['mse.request.id'] = id
	if (operator !== undefined) attempt.attributes['mse.operator.id'] = operator
}
