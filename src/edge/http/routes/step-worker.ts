import { Type } from '@sinclair/typebox'
import { type IdempotencyStore, oncePerKey } from '../../../core/access/idempotency.ts'
import type { Presented } from '../../../core/output/face-deps.ts'
import type { WorkerFace } from '../../../core/output/worker-face.ts'
import {
	ArtifactQuerySchema,
	PromptQuerySchema,
	PromptSystemQuerySchema,
	RenderSizeRespSchema,
	SubmitQuerySchema,
	WorkerDegradationReqSchema,
	WorkerPromptSchema,
	WorkerResultReqSchema,
	WorkerStatsReqSchema,
} from '../../../protocol/worker.ts'
import { jsonBody, rawBody } from '../body.ts'
import { swarmRoutes } from '../failure.ts'
import { ownCredential } from '../guard.ts'
import { keyOf, takesKey } from '../idempotency.ts'
import { failures, noContent, plainText } from './answer.ts'

const worker = ownCredential('worker')

/** `/v1/worker/…`: the face of an attempt, for a worker with its handle or token. */
export const stepWorkerRoutes = ({ face, keys }: { face: WorkerFace; keys: IdempotencyStore }) =>
	promptRoutes(face).use(outcomeRoutes(face, keys)).use(reportRoutes(face))

function promptRoutes(face: WorkerFace) {
	return swarmRoutes('step-worker-prompt')
		.get('/v1/worker/prompt', ({ request, query }) => face.prompt(presented(request), query), {
			query: PromptQuerySchema,
			detail: { summary: 'Gives a worker its prompt', ...worker },
			response: { 200: WorkerPromptSchema, ...failures },
		})
		.get(
			'/v1/worker/prompt/system',
			async ({ request, query }) => plainText(await face.promptSystem({ ...presented(request), queryToken: query.token }, query)),
			{
				query: PromptSystemQuerySchema,
				detail: { summary: 'Gives a worker its system prompt as text', ...worker },
				response: { 200: Type.String({ contentMediaType: 'text/plain', examples: ['You greet people.'] }), ...failures },
			},
		)
}

function outcomeRoutes(face: WorkerFace, keys: IdempotencyStore) {
	const once = oncePerKey<void>(keys)
	return swarmRoutes('step-worker-outcome')
		.post(
			'/v1/worker/submit',
			({ request, query, body }) =>
				once(keyOf(request, body), () => face.submit(presented(request), query, body as Uint8Array), doneBefore).then(noContent),
			{
				...takesKey,
				...rawBody(),
				query: SubmitQuerySchema,
				response: { 204: Type.Void(), ...failures },
				detail: { summary: 'Submits the outcome of an attempt, as it is', ...worker },
			},
		)
		.post(
			'/v1/worker/result',
			({ request, body }) => once(keyOf(request, body), () => face.result(presented(request), body), doneBefore).then(noContent),
			{
				...takesKey,
				...jsonBody(WorkerResultReqSchema),
				response: { 204: Type.Void(), ...failures },
				detail: { summary: 'Submits the outcome of an attempt, as JSON', ...worker },
			},
		)
		.post(
			'/v1/worker/artifact',
			({ request, query, body }) =>
				once(keyOf(request, body), () => face.artifact(presented(request), query.name, body as Uint8Array), doneBefore).then(noContent),
			{
				...takesKey,
				...rawBody(),
				query: ArtifactQuerySchema,
				response: { 204: Type.Void(), ...failures },
				detail: { summary: 'Submits a named part of the outcome', ...worker },
			},
		)
}

function reportRoutes(face: WorkerFace) {
	return swarmRoutes('step-worker-report')
		.post('/v1/worker/degradation', ({ request, body }) => face.degradation(presented(request), body).then(noContent), {
			...jsonBody(WorkerDegradationReqSchema),
			detail: { summary: 'Reports that a tool failed and what was done instead', ...worker },
			response: { 204: Type.Void(), ...failures },
		})
		.post('/v1/worker/stats', ({ request, body }) => face.stats(presented(request), body).then(noContent), {
			...jsonBody(WorkerStatsReqSchema),
			detail: { summary: 'Reports what the work took', ...worker },
			response: { 204: Type.Void(), ...failures },
		})
		.get('/v1/agents/:name/render-size', ({ params }) => face.renderSize(params.name), {
			params: Type.Object({ name: Type.String() }),
			detail: { summary: 'Says how large the last rendered prompt of an agent was' },
			response: { 200: RenderSizeRespSchema, ...failures },
		})
}

/** Nothing is answered, so nothing is left to say. */
async function doneBefore(): Promise<void> {}

function presented(request: Request): Presented {
	return { authorization: request.headers.get('authorization') ?? undefined }
}
