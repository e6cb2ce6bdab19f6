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
