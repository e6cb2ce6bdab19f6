import { type IdempotencyStore, type Once, oncePerKey } from '../../../core/access/idempotency.ts'
import type { EventLog } from '../../../core/event/log.ts'
import type { WorkerRuntime } from '../../../core/worker/runtime.ts'
import type { WorkerStore } from '../../../core/worker/store.ts'
import type { WorkerRecord } from '../../../core/worker/worker.ts'
import type { Clock } from '../../../kernel/clock.ts'
import { isJsonObject } from '../../../kernel/json.ts'
import type { Logger } from '../../../kernel/log.ts'
import { runtimeRefusals } from '../../../protocol/runtime.ts'
import {
	CreateWorkerSchema,
	DeleteQuerySchema,
	LifecycleBodySchema,
	PageQuerySchema,
	RuntimeHttpDeletedSchema,
	RuntimeHttpInputAckSchema,
	RuntimeHttpLifecycleAckSchema,
	RuntimeHttpTranscriptSchema,
	RuntimeHttpWorkerSchema,
	RuntimeHttpWorkersSchema,
	type TranscriptProjection,
	WorkerInputSchema,
	WorkerListQuerySchema,
} from '../../../protocol/runtime-worker.ts'
import { runtimeRoutes } from '../failure.ts'
import { ownCredential } from '../guard.ts'
import { keyOf, takesKey } from '../idempotency.ts'
import { lifecycleBody, requireWorkerId, runtimeBody } from '../runtime-body.ts'
import type { StreamLimits } from '../stall.ts'
import { toAck, toDetail, toEntry, toRef, toSummaryRow } from '../wire/runtime-worker.ts'
import { observationSocket } from '../ws/observation.ts'
import { pageLimit } from './runtime.ts'

export interface WorkerRouteDeps {
	readonly runtime: WorkerRuntime
	readonly store: WorkerStore
	readonly events: EventLog
	readonly keys: IdempotencyStore
	readonly clock: Clock
	readonly log: Logger
	readonly runtimeId: string
	readonly maxTranscriptItems: number
	/** Fires when the server stops. */
	readonly stopping: AbortSignal
	readonly streamLimits?: StreamLimits
}

const guarded = ownCredential('runtime')

/** Long-lived workers (yoi worker-runtime). Filters, pages, deletion and the keyed creation are ours. */
export const workerRoutes = (deps: WorkerRouteDeps) => catalogRoutes(deps, oncePerKey<WorkerRecord>(deps.keys))

const catalogRoutes = (deps: WorkerRouteDeps, createOnce: Once<WorkerRecord>) =>
	runtimeRoutes('workers')
		.get('/v1/workers', ({ query }) => list(deps, query), {
			query: WorkerListQuerySchema,
			detail: { ...guarded, summary: 'Lists workers by id', description: FOLLOWED },
			response: { 200: RuntimeHttpWorkersSchema, ...runtimeRefusals(400, 401) },
		})
		.post(
			'/v1/workers',
			async ({ body, request }) => {
				const created = await createOnce(
					keyOf(request, body),
					() => deps.runtime.create(body),
					(effect) => deps.runtime.require(isJsonObject(effect) ? String(effect.worker_id) : ''),
				)
				return { worker: toDetail(deps.runtimeId, created) }
			},
			{
				...takesKey,
				...runtimeBody(CreateWorkerSchema),
				detail: { ...guarded, summary: 'Creates a worker and starts it' },
				response: { 200: RuntimeHttpWorkerSchema, ...runtimeRefusals(400, 401, 404, 409, 422, 503) },
			},
		)
		.get('/v1/workers/:id', async ({ params }) => ({ worker: toDetail(deps.runtimeId, await find(deps, params.id)) }), {
			detail: { ...guarded, summary: 'Shows a worker' },
			response: { 200: RuntimeHttpWorkerSchema, ...runtimeRefusals(400, 401, 404) },
		})
		.delete(
			'/v1/workers/:id',
			async ({ params, query }) => {
				const id = requireWorkerId(params.id)
				await deps.runtime.remove(id, query.force ?? false)
				return { worker: { worker_id: id, deleted: true as const } }
			},
			{
				query: DeleteQuerySchema,
				detail: { ...guarded, summary: 'Deletes a worker that has ended, or any with force=true' },
				response: { 200: RuntimeHttpDeletedSchema, ...runtimeRefusals(400, 401, 404, 409, 503) },
			},
		)
		.get('/v1/workers/:id/transcript', async ({ params, query }) => ({ transcript: await transcript(deps, params.id, query) }), {
			query: PageQuerySchema,
			detail: { ...guarded, summary: 'Reads a page of what was said to and by a worker' },
			response: { 200: RuntimeHttpTranscriptSchema, ...runtimeRefusals(400, 401, 404) },
		})
		.use(lifecycleRoutes(deps))
		.ws('/v1/workers/:id/events/ws', observationSocket(deps))

const FOLLOWED =
	'To follow the list, go on with `GET /v1/events?after=<cursor>&kind=worker.created,worker.state_changed,worker.restored,worker.stopped,' +
	'worker.cancelled,worker.deleted`: nothing that happens after the list was read is missed.'

const lifecycleRoutes = ({ runtime, runtimeId }: WorkerRouteDeps) =>
	runtimeRoutes('worker-lifecycle')
		.post(
			'/v1/workers/:id/input',
			async ({ params, body }) => {
				const { record, eventId, sequence } = await runtime.input(requireWorkerId(params.id), body)
				return { ack: { worker_ref: toRef(runtimeId, record.id), status: record.status, transcript_sequence: sequence, event_id: eventId } }
			},
			{
				...runtimeBody(WorkerInputSchema),
				detail: { ...guarded, summary: 'Gives a worker its next turn' },
				response: { 200: RuntimeHttpInputAckSchema, ...runtimeRefusals(400, 401, 404, 409, 503) },
			},
		)
		.post(
			'/v1/workers/:id/stop',
			async ({ params, body }) => ({
				ack: toAck(runtimeId, await runtime.end(requireWorkerId(params.id), 'stopped', body?.reason ?? null)),
			}),
			{
				...lifecycleBody(LifecycleBodySchema),
				detail: { ...guarded, summary: 'Ends a worker in good order' },
				response: { 200: RuntimeHttpLifecycleAckSchema, ...runtimeRefusals(400, 401, 404, 409, 413, 503) },
			},
		)
		.post(
			'/v1/workers/:id/cancel',
			async ({ params, body }) => ({
				ack: toAck(runtimeId, await runtime.end(requireWorkerId(params.id), 'cancelled', body?.reason ?? null)),
			}),
			{
				...lifecycleBody(LifecycleBodySchema),
				detail: { ...guarded, summary: 'Ends a worker at once' },
				response: { 200: RuntimeHttpLifecycleAckSchema, ...runtimeRefusals(400, 401, 404, 409, 413, 503) },
			},
		)

function find({ runtime }: WorkerRouteDeps, id: string) {
	return runtime.require(requireWorkerId(id))
}

/** One more than the page is read, to know whether there are more. */
async function list({ store, events, runtimeId }: WorkerRouteDeps, query: (typeof WorkerListQuerySchema)['static']) {
	const { limit } = query
	// Read first: a change in between is told twice rather than never.
	const cursor = String((await events.bounds()).newest)
	const found = await store.list({ ...query, limit: limit === undefined ? undefined : limit + 1 })
	const page = limit === undefined ? found : found.slice(0, limit)
	const next = page.length < found.length ? page.at(-1)?.id : undefined
	return { workers: page.map((record) => toSummaryRow(runtimeId, record)), ...(next !== undefined && { next_after: next }), cursor }
}

async function transcript(
	deps: WorkerRouteDeps,
	workerId: string,
	query: (typeof PageQuerySchema)['static'],
): Promise<TranscriptProjection> {
	const { store, runtimeId, maxTranscriptItems } = deps
	const id = requireWorkerId(workerId)
	const start = query.start ?? 0
	const limit = pageLimit(query.limit, maxTranscriptItems)
	await find(deps, id)
	const { total, lines } = await store.transcript(id, start, limit)
	const end = start + lines.length
	return {
		...{ worker_ref: toRef(runtimeId, id), start, limit, total_items: total },
		items: lines.map((line) => toEntry(runtimeId, id, line)),
		// A page of no lines has no next one: a reader would turn in circles.
		next_start: lines.length > 0 && end < total ? end : null,
	}
}
