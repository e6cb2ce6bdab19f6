import { Type } from '@sinclair/typebox'
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
import { failures, noContent, plainText } from './answer.ts'

const detail = ownCredential('worker')

/** `/v1/worker/…`: the face of an attempt, for a worker with its handle or token. */
export function stepWorkerRoutes({ face }: { face: WorkerFace }) {
	return swarmRoutes('step-worker')
		.get('/v1/worker/prompt', ({ request, query }) => face.prompt(presented(request), query), {
			query: PromptQuerySchema,
			response: { 200: WorkerPromptSchema, ...failures },
			detail,
		})
		.get(
			'/v1/worker/prompt/system',
			async ({ request, query }) => plainText(await face.promptSystem({ ...presented(request), queryToken: query.token }, query)),
			{ query: PromptSystemQuerySchema, response: { 200: Type.String(), ...failures }, detail },
		)
		.post('/v1/worker/submit', ({ request, query, body }) => face.submit(presented(request), query, body as Uint8Array).then(noContent), {
			...rawBody(),
			query: SubmitQuerySchema,
			response: { 204: Type.Void(), ...failures },
			detail,
		})
		.post('/v1/worker/result', ({ request, body }) => face.result(presented(request), body).then(noContent), {
			...jsonBody(WorkerResultReqSchema),
			response: { 204: Type.Void(), ...failures },
			detail,
		})
		.post(
			'/v1/worker/artifact',
			({ request, query, body }) => face.artifact(presented(request), query.name, body as Uint8Array).then(noContent),
			{ ...rawBody(), query: ArtifactQuerySchema, response: { 204: Type.Void(), ...failures }, detail },
		)
		.post('/v1/worker/degradation', ({ request, body }) => face.degradation(presented(request), body).then(noContent), {
			...jsonBody(WorkerDegradationReqSchema),
			response: { 204: Type.Void(), ...failures },
			detail,
		})
		.post('/v1/worker/stats', ({ request, body }) => face.stats(presented(request), body).then(noContent), {
			...jsonBody(WorkerStatsReqSchema),
			response: { 204: Type.Void(), ...failures },
			detail,
		})
		.get('/v1/agents/:name/render-size', ({ params }) => face.renderSize(params.name), {
			params: Type.Object({ name: Type.String() }),
			response: { 200: RenderSizeRespSchema, ...failures },
		})
}

function presented(request: Request): Presented {
	return { authorization: request.headers.get('authorization') ?? undefined }
}
