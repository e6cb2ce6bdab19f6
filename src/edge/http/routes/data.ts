import { Type } from '@sinclair/typebox'
import { type IdempotencyStore, oncePerKey } from '../../../core/access/idempotency.ts'
import type { Presented } from '../../../core/output/face-deps.ts'
import type { WorkerFace } from '../../../core/output/worker-face.ts'
import { isJsonObject, type Json } from '../../../kernel/json.ts'
import {
	DataEmitReqSchema,
	type DataEmitResp,
	DataEmitRespSchema,
	DataPostReqSchema,
	DataRecordSchema,
	DataTokenQuerySchema,
} from '../../../protocol/data.ts'
import { jsonBody } from '../body.ts'
import { swarmRoutes } from '../failure.ts'
import { ownCredential } from '../guard.ts'
import { keyOf, takesKey } from '../idempotency.ts'
import { failures } from './answer.ts'

const worker = ownCredential('worker')

/** `/v1/data/…`: bodies that workers put down for one another. */
export function dataRoutes({ face, keys }: { face: WorkerFace; keys: IdempotencyStore }) {
	const once = oncePerKey<DataEmitResp>(keys)
	return swarmRoutes('data')
		.post(
			'/v1/data/emit',
			({ request, query, body }) => once(keyOf(request, body), () => face.emit(presented(request, query.token), body), emittedBefore),
			{
				...takesKey,
				...jsonBody(DataEmitReqSchema),
				query: DataTokenQuerySchema,
				response: { 200: DataEmitRespSchema, ...failures },
				detail: { summary: 'Puts down a body for other workers', ...worker },
			},
		)
		.post(
			'/v1/data/:name',
			({ request, query, params, body }) =>
				once(keyOf(request, body), () => face.emitAs(presented(request, query.token), params.name, body), emittedBefore),
			{
				...takesKey,
				...jsonBody(DataPostReqSchema),
				params: Type.Object({ name: Type.String() }),
				query: DataTokenQuerySchema,
				response: { 200: DataEmitRespSchema, ...failures },
				detail: { summary: 'Puts down a body under a name', ...worker },
			},
		)
		.get('/v1/data/:name', ({ request, query, params }) => face.read(presented(request, query.token), params.name), {
			params: Type.Object({ name: Type.String({ description: 'id of a record, or the name it was put down under' }) }),
			query: DataTokenQuerySchema,
			detail: { summary: 'Reads a body by its id or name', ...worker },
			response: { 200: DataRecordSchema, ...failures },
		})
}

/** What the output store kept with the key is the answer itself. */
async function emittedBefore(effect: Json): Promise<DataEmitResp> {
	return { out_id: isJsonObject(effect) ? String(effect.out_id) : '' }
}

function presented(request: Request, queryToken: string | undefined): Presented {
	return { authorization: request.headers.get('authorization') ?? undefined, queryToken }
}
