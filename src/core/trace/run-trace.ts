import type { Event, EventKind } from '../../protocol/event.ts'
import { approvalSpanId, callerOf, parseTraceparent, rootOf, type SpanContext, stepSpanId } from './context.ts'
import { failureIn, numberIn, present, runFailureIn, textIn } from './event-data.ts'
import { close, note, type OpenSpan, type Span } from './span.ts'
import { StepTrace } from './step-trace.ts'

/** The root of a generation, and how the rest finds it. */
interface Root extends OpenSpan {
	readonly context: SpanContext
	readonly generation: number
	isOpen: boolean
}

const ENDS: ReadonlySet<EventKind> = new Set(['run.done', 'run.failed', 'run.cancelled'])
const APPROVAL_ENDS: ReadonlySet<EventKind> = new Set(['approval.approved', 'approval.denied', 'approval.failed'])

/**
 * The trace of one run, made of its facts alone: taken in the order of the log, each gives the spans that ended with it. Whoever takes
 * the same facts again gets the same spans. A run in its next generation is a new trace with a link to the one before.
 */
export class RunTrace {
	readonly #runId: string
	readonly #share: number
	#root: Root | undefined
	readonly #steps = new Map<string, StepTrace>()
	readonly #approvals = new Map<number, OpenSpan>()

	constructor(runId: string, share: number) {
		this.#runId = runId
		this.#share = share
	}

	/** Nothing of it is open; what may still follow can be found in the log again. */
	get isOver(): boolean {
		return this.#root?.isOpen === false && this.#steps.size === 0 && this.#approvals.size === 0
	}

	get traceId(): string | undefined {
		return this.#root?.context.traceId
	}

	take(event: Event): readonly Span[] {
		const { kind } = event
		const noun = kind.slice(0, kind.indexOf('.'))
		if (noun === 'run') return this.#ofRun(event)
		if (!this.#rootFor(event).context.isSampled) return []
		return noun === 'approval' ? this.#ofApproval(event) : this.#ofStep(event)
	}

	#ofRun(event: Event): readonly Span[] {
		if (event.kind === 'run.started') this.#root = this.#open(event, 1)
		else if (event.kind === 'run.reopened') return this.#reopen(event)
		else if (ENDS.has(event.kind)) return this.#end(event)
		else {
			const { code, message } = failureIn(event.data)
			note(this.#rootFor(event), { name: event.kind, at: event.at, attributes: present({ 'mse.code': code, 'mse.message': message }) })
		}
		return []
	}

	#ofStep(event: Event): readonly Span[] {
		const { step_id: stepId, kind } = event
		if (stepId === undefined) return []
		const root = this.#rootFor(event)
		const known = this.#steps.get(stepId)
		if (kind === 'step.completed') {
			this.#steps.delete(stepId)
			// It repeats what an earlier run did.
			return event.data.copied_from === undefined ? (known ?? new StepTrace(root, event)).complete(event) : []
		}
		if (kind !== 'step.dispatched') return known?.take(event) ?? []
		this.#steps.set(stepId, new StepTrace(root, event))
		return []
	}

	#ofApproval(event: Event): readonly Span[] {
		const { kind, data, at } = event
		const id = numberIn(data, 'id')
		if (id === undefined) return []
		const root = this.#rootFor(event)
		if (kind === 'approval.requested') this.#approvals.set(id, this.#openApproval(root, event, id))
		const open = this.#approvals.get(id)
		if (!open || kind === 'approval.requested') return []
		if (!APPROVAL_ENDS.has(kind)) note(open, { name: kind, at, attributes: present({ 'mse.approval.by': textIn(data, 'by') }) })
		if (!APPROVAL_ENDS.has(kind)) return []
		this.#approvals.delete(id)
		const status = kind.slice('approval.'.length)
		const attributes = present({ 'mse.approval.status': status, 'mse.approval.by': textIn(data, 'by') })
		return [close(open, root.context.traceId, { at, status: status === 'approved' ? 'ok' : 'unset', attributes })]
	}

	#openApproval({ spanId, generation }: Root, { step_id: stepId, data, at }: Event, id: number): OpenSpan {
		return {
			spanId: approvalSpanId(this.#runId, id),
			parent: { spanId: stepId === undefined ? spanId : stepSpanId(stepId, generation), isRemote: false },
			name: `approval ${textIn(data, 'kind') ?? ''}`.trim(),
			kind: 'internal',
			startedAt: at,
			attributes: {
				...present({ 'mse.run.id': this.#runId, 'mse.step.id': stepId, 'mse.approval.id': id, 'mse.approval.kind': textIn(data, 'kind') }),
				...present({ 'mse.approval.requester': textIn(data, 'requester'), 'mse.approval.required': numberIn(data, 'required') }),
			},
			notes: [],
		}
	}

	/** Of a run whose beginning is no longer kept, the first fact known is one. */
	#rootFor(event: Event): Root {
		this.#root ??= this.#open(event, 1)
		return this.#root
	}

	#open({ at, task_id: taskId, data }: Event, generation: number, before?: Root): Root {
		const traceparent = textIn(data, 'traceparent')
		const context = rootOf({ id: this.#runId, generation, options: traceparent === undefined ? {} : { traceparent } }, this.#share)
		const caller = callerOf(generation, traceparent)
		const earlier = parseTraceparent(textIn(data, 'of_traceparent')) ?? before?.context
		const blueprint = textIn(data, 'blueprint') ?? before?.attributes['mse.blueprint.id']
		return {
			context,
			generation,
			isOpen: true,
			spanId: context.spanId,
			parent: caller && { spanId: caller.spanId, isRemote: true },
			name: blueprint === undefined ? 'run' : `run ${blueprint}`,
			kind: caller ? 'server' : 'internal',
			startedAt: at,
			attributes: {
				...present({ 'mse.run.id': this.#runId, 'mse.task.id': taskId, 'mse.run.generation': generation }),
				...present({
					'mse.blueprint.id': blueprint,
					'mse.blueprint.commit': textIn(data, 'hash') ?? before?.attributes['mse.blueprint.commit'],
				}),
				...present({ 'mse.run.parent_id': textIn(data, 'parent_run'), 'mse.run.parent_step_id': textIn(data, 'parent_step') }),
				...present({ 'mse.run.rerun_of': textIn(data, 'of'), 'mse.run.rerun_from': textIn(data, 'from') }),
			},
			notes: [],
			links: earlier ? [earlier] : [],
		}
	}

	/** What the generation before left open when it was interrupted ends here. */
	#reopen(event: Event): readonly Span[] {
		const before = this.#rootFor(event)
		const message = 'the run was run again from one of its steps'
		const spans = [...this.#steps.values()].flatMap((step) => step.abandon(event.at, message))
		this.#steps.clear()
		if (before.isOpen) {
			const attributes = { 'mse.run.status': 'interrupted', 'error.type': 'interrupted' }
			spans.push(close(before, before.context.traceId, { at: event.at, status: 'error', message, attributes }))
		}
		this.#root = this.#open(event, numberIn(event.data, 'generation') ?? before.generation + 1, before)
		return before.context.isSampled ? spans : []
	}

	/** What a run had under way when it was ended from outside ends with it; audits go on. */
	#end(event: Event): readonly Span[] {
		const root = this.#rootFor(event)
		if (!root.isOpen) return []
		root.isOpen = false
		const status = event.kind.slice('run.'.length)
		const spans: Span[] = []
		for (const [stepId, step] of this.#steps) {
			if (step.isAudit && status !== 'cancelled') continue
			spans.push(...step.abandon(event.at, `the run is ${status}`))
			this.#steps.delete(stepId)
		}
		const { code, message, step } = runFailureIn(event.data)
		const isFailed = status === 'failed'
		const attributes = present({
			'mse.run.status': status,
			'error.type': isFailed ? (code ?? 'failed') : undefined,
			'mse.run.failed_step': step,
		})
		const verdict = isFailed ? 'error' : status === 'done' ? 'ok' : 'unset'
		spans.push(close(root, root.context.traceId, { at: event.at, status: verdict, message: isFailed ? message : undefined, attributes }))
		return root.context.isSampled ? spans : []
	}
}
