import { Type } from '@sinclair/typebox'
import type { Presented } from '../../../core/output/face-deps.ts'
import type { WorkerFace } from '../../../core/output/worker-face.ts'
import { DataEmitReqSchema, DataEmitRespSchema, DataPostReqSchema, DataRecordSchema, DataTokenQuerySchema } from '../../../protocol/data.ts'
import { jsonBody } from '../body.ts'
import { swarmRoutes } from '../failure.ts'
import { ownCredential } from '../guard.ts'
import { failures } from './answer.ts'

const worker = ownCredential('worker')

/** `/v1/data/…`: bodies that workers put down for one another. */
export function dataRoutes({ face }: { face: WorkerFace }) {
	return swarmRoutes('data')
		.post('/v1/data/emit', ({ request, query, body }) => face.emit(presented(request, query.token), body), {
			...jsonBody(DataEmitReqSchema),
			query: DataTokenQuerySchema,
			detail: { summary: 'Puts down a body for other workers', ...worker },
			response: { 200: DataEmitRespSchema, ...failures },
		})
		.post('/v1/data/:name', ({ request, query, params, body }) => face.emitAs(presented(request, query.token), params.name, body), {
			...jsonBody(DataPostReqSchema),
			params: Type.Object({ name: Type.String() }),
			query: DataTokenQuerySchema,
			detail: { summary: 'Puts down a body under a name', ...worker },
			response: { 200: DataEmitRespSchema, ...failures },
		})
		.get('/v1/data/:name', ({ request, query, params }) => face.read(presented(request, query.token), params.name), {
			params: Type.Object({ name: Type.String({ description: 'id of a record, or the name it was put down under' }) }),
			query: DataTokenQuerySchema,
			detail: { summary: 'Reads a body by its id or name', ...worker },
			response: { 200: DataRecordSchema, ...failures },
		})
}

function presented(request: Request, queryToken: string | undefined): Presented {
	return { authorization: request.headers.get('authorization') ?? undefined, queryToken }
}
