import type { Event, EventKind } from '../../../protocol/event.ts'
import type { TraceEvent } from '../../../protocol/run.ts'

/** The facts that mlua-swarm's trace shows, under its names; everything else is in `GET /v1/events` alone. */
const NAMES: { readonly [K in EventKind]?: string } = {
	'run.started': 'core.run_started',
	'run.resumed': 'core.run_started',
	'run.recovered': 'core.run_started',
	'run.reopened': 'core.run_started',
	'run.cancel_requested': 'core.cancel_requested',
	'run.done': 'core.run_finished',
	'run.failed': 'core.run_finished',
	'run.cancelled': 'core.run_finished',
	'run.interrupted': 'core.run_finished',
	'step.dispatched': 'core.step_dispatched',
	'step.completed': 'core.step_completed',
	'seat.assigned': 'core.assignee_assigned',
	'seat.released': 'core.assignee_released',
	'attempt.held_long': 'mw.long_hold_warn',
	'attempt.degraded': 'worker.degradation',
}

const MODES: { readonly [K in EventKind]?: string } = {
	'run.started': 'launch',
	'run.resumed': 'resume',
	'run.recovered': 'recover',
	'run.reopened': 'rerun',
}
const MAX_PAYLOAD_BYTES = 8192
const HEAD_CHARS = 1024

/** Our kinds whose upstream name starts with one of the prefixes; all that the trace shows when there are none. */
export function tracedKinds(prefixes: readonly string[]): readonly EventKind[] {
	const kinds = Object.keys(NAMES) as EventKind[]
	return prefixes.length === 0 ? kinds : kinds.filter((kind) => prefixes.some((prefix) => NAMES[kind]?.startsWith(prefix)))
}

/** A fact of the log as the trace shows it; `seq` is the log's own. */
export function toTraceEvent(event: Event): TraceEvent {
	const { ref, attempt } = event.data
	return {
		run_id: event.run_id ?? '',
		seq: event.seq,
		ts_ms: event.at,
		kind: NAMES[event.kind] ?? event.kind,
		...(typeof ref === 'string' && { step_ref: ref }),
		...(typeof attempt === 'number' && { attempt }),
		payload: bounded(payloadOf(event)),
	}
}

function payloadOf({ kind, step_id, data }: Event): object {
	const mode = MODES[kind]
	if (mode !== undefined) return { mode, ...data }
	if (NAMES[kind] === 'core.run_finished') return { ...data, status: kind.slice('run.'.length) }
	if (kind === 'seat.assigned' || kind === 'seat.released') return { ...data, assignee: data.op }
	return step_id === undefined ? data : { step_id, ...data }
}

function bounded(payload: object): unknown {
	const text = JSON.stringify(payload)
	const size = Buffer.byteLength(text)
	return size <= MAX_PAYLOAD_BYTES ? payload : { truncated: true, size_bytes: size, head: text.slice(0, HEAD_CHARS) }
}
