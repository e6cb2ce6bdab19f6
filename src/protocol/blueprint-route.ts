import { type Static, Type } from '@sinclair/typebox'
import { WireDiagnosticSchema } from './diagnostic.ts'
import { CountParam, FlagParam } from './query.ts'

const nullable = <S extends Parameters<typeof Type.Union>[0][number]>(schema: S) => Type.Union([schema, Type.Null()])
const tolerant = { additionalProperties: true } as const

/**
 * `strict` refuses a document with errors instead of storing it. `expected_head` is the version the head must have, `none`
 * for no head at all; `If-Match` and `If-None-Match: *` say the same.
 */
export const CommitQuerySchema = Type.Object(
	{
		strict: Type.Optional(FlagParam),
		expected_head: Type.Optional(Type.String()),
		author: Type.Optional(Type.String({ maxLength: 200 })),
		message: Type.Optional(Type.String({ maxLength: 2000 })),
	},
	tolerant,
)

/** Answer of `POST /v1/blueprints/:id`: 201 when it became a new head, 200 when the head was the same already. */
export const CommitReplySchema = Type.Object({
	id: Type.String(),
	version: Type.String(),
	seeded: Type.Boolean(),
	diagnostics: Type.Array(WireDiagnosticSchema),
})

/** `blueprint` as strict clients of mlua-swarm read it; what is ours in the document lies beside it, by JSON path. */
export const HeadSchema = Type.Object({
	id: Type.String(),
	version: Type.String(),
	blueprint: Type.Unknown(),
	extensions: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
})

export const HistoryQuerySchema = Type.Object({ limit: Type.Optional(CountParam), before: Type.Optional(CountParam) }, tolerant)

/** A commit, newest first. `at` is in milliseconds. */
export const HistoryEntrySchema = Type.Object({
	hash: Type.String(),
	version_label: nullable(Type.String()),
	rationale: Type.String(),
	parent: nullable(Type.String()),
	author: Type.String(),
	seq: Type.Integer(),
	at: Type.Integer(),
})
export type HistoryEntry = Static<typeof HistoryEntrySchema>
export const HistorySchema = Type.Object({ count: Type.Integer(), entries: Type.Array(HistoryEntrySchema) })

export const BlueprintListSchema = Type.Object({
	blueprints: Type.Array(
		Type.Object({
			id: Type.String(),
			version: Type.String(),
			version_label: nullable(Type.String()),
			archived: Type.Boolean(),
			committed_at: Type.Integer(),
		}),
	),
})
