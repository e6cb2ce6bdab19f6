import { type Static, Type } from '@sinclair/typebox'

/** Everything that can have happened. Closed: a new fact is a new row here, past tense, under one of these nouns. */
export const eventKinds = [
	'run.started',
	'run.recovered',
	'run.resumed',
	'run.paused',
	'run.reopened',
	'run.cancel_requested',
	'run.done',
	'run.failed',
	'run.cancelled',
	'run.interrupted',
	'run.warned',
	'step.dispatched',
	'step.completed',
	'step.input_changed',
	'step.audited',
	'step.audit_failed',
	'attempt.started',
	'attempt.ended',
	'attempt.progressed',
	'attempt.submitted',
	'attempt.emitted',
	'attempt.degraded',
	'attempt.reported',
	'attempt.held_long',
	'attempt.retry_scheduled',
	'request.parked',
	'request.sent',
	'request.delivered',
	'request.answered',
	'request.withdrawn',
	'request.expired',
	'session.joined',
	'session.connected',
	'session.disconnected',
	'session.ended',
	'session.expired',
	'seat.assigned',
	'seat.released',
	'blueprint.committed',
	'blueprint.archived',
	'blueprint.unarchived',
	'issue.posted',
	'issue.taken',
	'issue.requeued',
	'issue.retried',
	'issue.applied',
	'issue.rejected',
	'issue.setting_saved',
	'issue.setting_deleted',
	'worker.runtime_started',
	'worker.created',
	'worker.input_accepted',
	'worker.state_changed',
	'worker.observed',
	'worker.stopped',
	'worker.cancelled',
	'worker.restored',
	'worker.deleted',
	'worker.diagnosed',
	'worker.bundle_stored',
	'server.started',
	'server.recovered',
	'server.stopping',
	'server.paused',
	'server.resumed',
] as const

export const EventKindSchema = Type.Union(eventKinds.map((kind) => Type.Literal(kind)))
export type EventKind = (typeof eventKinds)[number]

/** One fact of the log. `seq` is unique and only grows; gaps are possible. `at` is in milliseconds. */
export const EventSchema = Type.Object({
	seq: Type.Integer({ minimum: 1 }),
	at: Type.Integer(),
	kind: EventKindSchema,
	run_id: Type.Optional(Type.String()),
	task_id: Type.Optional(Type.String()),
	step_id: Type.Optional(Type.String()),
	operator: Type.Optional(Type.String()),
	worker: Type.Optional(Type.String()),
	data: Type.Record(Type.String(), Type.Unknown()),
})
export type Event = Static<typeof EventSchema> & { readonly kind: EventKind }

/** What `GET /v1/events` answers: each event as `data:`, its seq as `id:`. */
export const EventStreamSchema = Type.String({
	contentMediaType: 'text/event-stream',
	examples: ['id: 7\ndata: {"seq":7,"at":1763721272104,"kind":"run.done","run_id":"R-1K9X2M4QZ5","data":{}}\n\n'],
})

/** Query of `GET /v1/events` and of its WebSocket. `kind` is a comma list of prefixes. */
export const EventQuerySchema = Type.Object({
	after: Type.Optional(Type.String()),
	run: Type.Optional(Type.String()),
	task: Type.Optional(Type.String()),
	worker: Type.Optional(Type.String()),
	operator: Type.Optional(Type.String()),
	kind: Type.Optional(Type.String()),
	follow: Type.Optional(Type.String({ description: '`false` ends the stream once it has caught up' })),
})
export type EventQuery = Static<typeof EventQuerySchema>
