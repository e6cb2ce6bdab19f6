import { type Static, Type } from '@sinclair/typebox'

/** Body of `POST /v1/server/pause`, which may be left out. */
export const ServerPauseBodySchema = Type.Object(
	{ reason: Type.Optional(Type.String({ maxLength: 1024 })) },
	{ additionalProperties: false },
)
export type ServerPauseBody = Static<typeof ServerPauseBodySchema>

/** A server in which no step begins. `since` is in milliseconds. */
export const ServerPausedSchema = Type.Object(
	{ reason: Type.String(), since: Type.Integer() },
	{ examples: [{ reason: 'The disk is being changed.', since: 1767225600000 }] },
)
export type ServerPaused = Static<typeof ServerPausedSchema>

/** Body of `POST /v1/backup`, which may be left out: the name of the file, in the server's own folder of backups. */
export const BackupBodySchema = Type.Object(
	{ name: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}$' })) },
	{ additionalProperties: false, examples: [{ name: 'before-upgrade.mse' }] },
)

/** A backup on the server's disk, whole. */
export const BackupSchema = Type.Object(
	{ file: Type.String(), bytes: Type.Integer() },
	{ examples: [{ file: '/home/ada/.mse/backup/before-upgrade.mse', bytes: 1048576 }] },
)
