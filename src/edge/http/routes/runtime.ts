import { Type } from '@sinclair/typebox'
import { requireBundle } from '../../../core/worker/admission.ts'
import { checkBundle, toAvailability, toSummary } from '../../../core/worker/bundle-rule.ts'
import { limitTooLarge } from '../../../core/worker/failure.ts'
import { listProfiles, type ProfileCatalog } from '../../../core/worker/profile.ts'
import type { WorkerStore } from '../../../core/worker/store.ts'
import {
	RuntimeDiagnosticSchema,
	RuntimeEventBatchSchema,
	RuntimeHttpSummarySchema,
	type RuntimeSummary,
	runtimeRefusals,
} from '../../../protocol/runtime.ts'
import { RuntimeHttpAvailabilitySchema, RuntimeHttpBundleReqSchema, RuntimeHttpBundlesSchema } from '../../../protocol/runtime-bundle.ts'
import { AfterQuerySchema } from '../../../protocol/runtime-worker.ts'
import { runtimeRoutes } from '../failure.ts'
import { ownCredential } from '../guard.ts'
import { runtimeBody } from '../runtime-body.ts'
import { toDiagnostic, toRuntimeEvent } from '../wire/runtime-worker.ts'

export interface RuntimeRouteDeps {
	readonly store: WorkerStore
	readonly profiles: ProfileCatalog
	readonly runtimeId: string
	readonly displayName: string | null
	/** What is said of where things are kept. */
	readonly backend: RuntimeSummary['backend']
	readonly maxTranscriptItems: number
	readonly maxEventItems: number
	readonly version: string
}

const guarded = ownCredential('runtime')

/** The worker runtime as a whole, and its config bundles (yoi worker-runtime). */
export const runtimeInfoRoutes = (deps: RuntimeRouteDeps) =>
	runtimeRoutes('runtime')
		.get('/v1/runtime', async () => ({ runtime: await summary(deps), profiles: listProfiles(deps.profiles), version: deps.version }), {
			detail: { ...guarded, summary: 'Shows the worker runtime and the profiles it can run' },
			response: { 200: RuntimeHttpSummarySchema, ...runtimeRefusals(401) },
		})
		.get('/v1/runtime/events', ({ query }) => eventBatch(deps, query.after ?? 0, pageLimit(query.limit, deps.maxEventItems)), {
			query: AfterQuerySchema,
			detail: { ...guarded, summary: 'Lists the events of the worker runtime after an id' },
			response: { 200: RuntimeEventBatchSchema, ...runtimeRefusals(400, 401) },
		})
		.get(
			'/v1/runtime/diagnostics',
			async ({ query }) => {
				const found = await deps.store.diagnostics(query.after ?? 0, pageLimit(query.limit, deps.maxEventItems))
				return { diagnostics: found.map((diagnostic) => toDiagnostic(deps.runtimeId, diagnostic)) }
			},
			{
				query: AfterQuerySchema,
				detail: { ...guarded, summary: 'Lists what the worker runtime noticed about its workers' },
				response: { 200: Type.Object({ diagnostics: Type.Array(RuntimeDiagnosticSchema) }), ...runtimeRefusals(400, 401) },
			},
		)
		.use(bundleRoutes(deps))

/** A page size: what was asked for, or all that is allowed up to 256. Throws `limit_too_large`. */
export function pageLimit(asked: number | undefined, maximum: number): number {
	if (asked !== undefined && asked > maximum) throw limitTooLarge(asked, maximum)
	return asked ?? Math.min(DEFAULT_PAGE, maximum)
}

const DEFAULT_PAGE = 256

const bundleRoutes = ({ store }: RuntimeRouteDeps) =>
	runtimeRoutes('config-bundles')
		.get('/v1/config-bundles', async () => ({ bundles: (await store.bundles()).map(toSummary) }), {
			detail: { ...guarded, summary: 'Lists config bundles' },
			response: { 200: RuntimeHttpBundlesSchema, ...runtimeRefusals(401) },
		})
		.post(
			'/v1/config-bundles',
			async ({ body: { bundle } }) => {
				checkBundle(bundle)
				await store.putBundle(bundle)
				return { availability: toAvailability(bundle) }
			},
			{
				...runtimeBody(RuntimeHttpBundleReqSchema),
				detail: { ...guarded, summary: 'Stores a config bundle, in the place of an earlier one of its id' },
				response: { 200: RuntimeHttpAvailabilitySchema, ...runtimeRefusals(400, 401, 503) },
			},
		)
		.get(
			'/v1/config-bundles/:id/availability',
			async ({ params, query }) => ({
				availability: toAvailability(await requireBundle(store, { id: params.id, digest: query.digest })),
			}),
			{
				query: Type.Object({ digest: Type.String() }),
				detail: { ...guarded, summary: 'Tells whether a config bundle is stored with exactly that content' },
				response: { 200: RuntimeHttpAvailabilitySchema, ...runtimeRefusals(400, 401, 404) },
			},
		)

async function summary(deps: RuntimeRouteDeps): Promise<RuntimeSummary> {
	const { running, stopped, cancelled, diagnostics } = await deps.store.counts()
	return {
		...{ runtime_id: deps.runtimeId, display_name: deps.displayName, backend: deps.backend, status: 'running' },
		...{ worker_count: running + stopped + cancelled, active_worker_count: running },
		...{ stopped_worker_count: stopped, cancelled_worker_count: cancelled, diagnostic_count: diagnostics },
		limits: { max_transcript_projection_items: deps.maxTranscriptItems, max_event_batch_items: deps.maxEventItems },
	}
}

/** One more than the page is read, to know whether there are more. */
async function eventBatch({ store, runtimeId }: RuntimeRouteDeps, after: number, limit: number) {
	const found = await store.events(after, limit + 1)
	const events = found.slice(0, limit)
	return {
		runtime_id: runtimeId,
		cursor: { runtime_id: runtimeId, next_event_id: (events.at(-1)?.id ?? after) + 1 },
		events: events.map((event) => toRuntimeEvent(runtimeId, event)),
		has_more: found.length > limit,
	}
}
