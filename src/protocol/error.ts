import { type Static, Type } from '@sinclair/typebox'

/** What every failing route of the swarm family answers, whatever the status. `error` is a sentence, `code` a stable word. */
export const SwarmErrorSchema = Type.Object(
	{
		error: Type.String(),
		code: Type.String(),
		hint: Type.Optional(Type.String()),
		details: Type.Optional(Type.Unknown()),
	},
	{ additionalProperties: true },
)
export type SwarmError = Static<typeof SwarmErrorSchema>

/** The error statuses a swarm route declares, beside its answers. */
export function refusals<const Status extends number>(...statuses: Status[]) {
	return Object.fromEntries(statuses.map((status) => [status, SwarmErrorSchema])) as { [S in Status]: typeof SwarmErrorSchema }
}
