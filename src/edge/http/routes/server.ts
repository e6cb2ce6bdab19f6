import { Type } from '@sinclair/typebox'
import type { ServerPause } from '../../../core/run/supervise/server-pause.ts'
import { MseError } from '../../../kernel/error.ts'
import { refusals } from '../../../protocol/error.ts'
import { BackupBodySchema, BackupSchema, ServerPauseBodySchema, ServerPausedSchema } from '../../../protocol/server.ts'
import { optionalJsonBody } from '../body.ts'
import { swarmRoutes } from '../failure.ts'

export interface ServerDeps {
	readonly pause: ServerPause
	/** Writes a backup into the server's folder for them. */
	backUp(name?: string): Promise<{ readonly file: string; readonly bytes: number }>
}

/** The kill switch (no step of any run begins until somebody resumes the server, across restarts), and backups. */
export const serverRoutes = ({ pause, backUp }: ServerDeps) =>
	swarmRoutes('server')
		.post('/v1/server/pause', async ({ body }) => ({ ...(await pause.pause(body?.reason ?? 'It was paused over the API.')) }), {
			...optionalJsonBody(ServerPauseBodySchema),
			detail: { summary: 'Lets no step of any run begin until the server is resumed' },
			response: { 200: ServerPausedSchema, ...refusals(400, 422, 503) },
		})
		.post(
			'/v1/server/resume',
			async ({ status }) => {
				if (!(await pause.resume())) throw new MseError('conflict', 'The server is not paused.', { code: 'not_paused' })
				return status(204, undefined)
			},
			{ detail: { summary: 'Lets the steps of all runs begin again' }, response: { 204: Type.Undefined(), ...refusals(409, 503) } },
		)
		.post(
			'/v1/backup',
			async ({ body, request, server, status }) => {
				server?.timeout(request, 0)
				return status(201, { ...(await backUp(body?.name)) })
			},
			{
				...optionalJsonBody(BackupBodySchema),
				detail: { summary: 'Writes a backup of everything to a file on the machine of the server' },
				response: { 201: BackupSchema, ...refusals(400, 409, 422, 503) },
			},
		)
