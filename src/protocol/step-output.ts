import { type Static, Type } from '@sinclair/typebox'

/** What the newest step of a name produced (mlua-swarm 0.26.0). `content_url` is a path on this server. */
export const StepOutputSchema = Type.Object({
	name: Type.String(),
	size_bytes: Type.Integer(),
	content_type: Type.String(),
	sha256: Type.String(),
	source: Type.Unsafe<'data_plane' | 'result_ref'>(Type.Union([Type.Literal('data_plane'), Type.Literal('result_ref')])),
	file_path: Type.Optional(Type.String()),
	content_url: Type.String(),
	preview: Type.String(),
	truncated: Type.Boolean(),
})
export type StepOutputEntry = Static<typeof StepOutputSchema>

export const StepOutputListSchema = Type.Object({ task_id: Type.String(), run_id: Type.String(), steps: Type.Array(StepOutputSchema) })

/** `path` narrows to a part of the value, such as `$.a.b`. */
export const StepOutputQuerySchema = Type.Object({ path: Type.Optional(Type.String()) }, { additionalProperties: true })
