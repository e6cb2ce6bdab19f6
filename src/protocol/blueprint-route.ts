import { type Static, Type } from '@sinclair/typebox'
import { WireDiagnosticSchema } from './diagnostic.ts'
import { blueprintExample } from './example.ts'
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
export type CommitQuery = Static<typeof CommitQuerySchema>

/** Body of `POST /v1/blueprints/:id`: a whole document, whose shape is checked as documents are, with all findings at once. */
export const BlueprintBodySchema = Type.Unknown({ title: 'Blueprint', examples: [blueprintExample] })

/** Answer of `POST /v1/blueprints/:id`: 201 when it became a new head, 200 when the head was the same already. */
export const CommitReplySchema = Type.Object({
	id: Type.String(),
	version: Type.String(),
	seeded: Type.Boolean(),
	diagnostics: Type.Array(WireDiagnosticSchema),
})
export type CommitReply = Static<typeof CommitReplySchema>

/** Answer of a commit that waits for an approval: 202, and the head stays until it is granted. */
export const ProposedReplySchema = Type.Object({
	id: Type.String(),
	version: Type.String(),
	approval_id: Type.Integer({ examples: [7] }),
	diagnostics: Type.Optional(Type.Array(WireDiagnosticSchema)),
})
export type ProposedReply = Static<typeof ProposedReplySchema>

/** `blueprint` as strict clients of mlua-swarm read it; what is ours in the document lies beside it, by JSON path. */
export const HeadSchema = Type.Object({
	id: Type.String(),
	version: Type.String(),
	blueprint: Type.Unknown({ title: 'Blueprint', examples: [blueprintExample] }),
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

/** Ours: one version of a Blueprint, the document as `head` shows it, with its newest commit. */
export const VersionSchema = Type.Composite([HeadSchema, Type.Object({ commit: HistoryEntrySchema })])

/** `from` is the version before `to` when left out, and `to` the head. */
export const DiffQuerySchema = Type.Object({ from: Type.Optional(Type.String()), to: Type.Optional(Type.String()) }, tolerant)

/** An RFC 6902 patch that makes the document of `from` (null: nothing was there) into that of `to`, keys of ours included. */
export const DiffSchema = Type.Object({
	id: Type.String(),
	from: nullable(Type.String()),
	to: Type.String(),
	patch: Type.Array(Type.Object({ op: Type.String({ examples: ['remove'] }), path: Type.String(), value: Type.Optional(Type.Unknown()) })),
})

/** Body of `POST /v1/blueprints/:id/restore`. */
export const RestoreBodySchema = Type.Object(
	{
		version: Type.String({ description: 'a version of this Blueprint, as 64 hex digits' }),
		expected_head: Type.Optional(Type.String()),
		author: Type.Optional(Type.String({ maxLength: 200 })),
		message: Type.Optional(Type.String({ maxLength: 2000 })),
	},
	{ additionalProperties: false },
)

/** 201 with a new commit, 200 when the head was that version already. */
export const RestoredSchema = Type.Object({ id: Type.String(), version: Type.String(), restored: Type.Boolean() })
