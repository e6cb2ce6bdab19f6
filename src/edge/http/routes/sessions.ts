import { Type } from '@sinclair/typebox'
import type { AttachSessions } from '../../../core/access/attach.ts'
import { SessionAttachReqSchema, SessionAttachRespSchema } from '../../../protocol/session.ts'
import { jsonBody } from '../body.ts'
import { swarmRoutes } from '../failure.ts'
import { ownCredential } from '../guard.ts'
import { failures, noContent } from './answer.ts'

/** `/v1/sessions`: engine attach sessions. */
export function sessionRoutes({ sessions }: { sessions: AttachSessions }) {
	return swarmRoutes('sessions')
		.post('/v1/sessions', ({ body }) => sessions.attach(body), {
			...jsonBody(SessionAttachReqSchema),
			detail: { summary: 'Attaches to the engine' },
			response: { 200: SessionAttachRespSchema, ...failures },
		})
		.delete('/v1/sessions', ({ request }) => sessions.detach(request.headers.get('authorization') ?? undefined).then(noContent), {
			detail: { summary: 'Detaches from the engine', ...ownCredential('session') },
			response: { 204: Type.Void(), ...failures },
		})
}
