import type { Attachments } from '../../../core/worker/attachment.ts'
import { runtimeRefusals } from '../../../protocol/runtime.ts'
import { AttachmentQuerySchema, RuntimeHttpAttachmentSchema } from '../../../protocol/runtime-worker.ts'
import { rawBody } from '../body.ts'
import { runtimeRoutes } from '../failure.ts'
import { ownCredential } from '../guard.ts'

/** Bodies for turns of workers; ours. They are on the data plane, where workers read them: `GET /v1/data/<id>`. */
export const attachmentRoutes = ({ attachments }: { readonly attachments: Pick<Attachments, 'keep'> }) =>
	runtimeRoutes('runtime-attachments').post(
		'/v1/runtime/attachments',
		async ({ query, body }) => {
			const { id, name } = await attachments.keep(query.name, body as Uint8Array)
			return { attachment: { id, name, bytes: (body as Uint8Array).byteLength } }
		},
		{
			...rawBody(),
			query: AttachmentQuerySchema,
			detail: { ...ownCredential('runtime'), summary: 'Puts down a body that turns of workers can name in `attachments`' },
			response: { 200: RuntimeHttpAttachmentSchema, ...runtimeRefusals(400, 401, 413, 503) },
		},
	)
