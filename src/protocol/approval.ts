import { type Static, Type } from '@sinclair/typebox'
import { CountParam, FlagParam } from './query.ts'

const closed = { additionalProperties: false }
const nullable = <S extends Parameters<typeof Type.Union>[0][number]>(schema: S) => Type.Union([schema, Type.Null()])
const oneOf = <const W extends readonly string[]>(words: W) =>
	Type.Unsafe<W[number]>(
		Type.Union(
			words.map((word) => Type.Literal(word)),
			{ description: `one of ${words.join(', ')}` },
		),
	)

/** What can wait for somebody's yes. */
export const approvalKinds = [
	'spawn',
	'apply_commit',
	'blueprint_commit',
	'task_start',
	'step_spawn',
	'tool_call',
	'data_export',
	'custom',
] as const
export const ApprovalKindSchema = oneOf(approvalKinds)
export type ApprovalKind = (typeof approvalKinds)[number]

/** The last three are final. One that is being applied is still `pending`. */
export const approvalStatuses = ['pending', 'approved', 'denied', 'failed'] as const
export const ApprovalStatusSchema = oneOf(approvalStatuses)
export type ApprovalStatus = (typeof approvalStatuses)[number]

/** What becomes of an approval when its deadline passes; `stay` leaves it pending. */
const OnTimeoutSchema = oneOf(['deny', 'approve', 'stay'])
export type OnTimeout = Static<typeof OnTimeoutSchema>

const SubjectSchema = Type.Object({
	type: Type.String({ examples: ['step'] }),
	id: Type.String({ examples: ['ST-1K9X2M4QZ7'] }),
	name: Type.Optional(Type.String({ description: 'what people know it by', examples: ['deployer'] })),
})
const GrantSchema = Type.Object({ by: Type.String({ examples: ['ada'] }), at: Type.Integer({ examples: [1_763_721_280_000] }) })
const Time = Type.Integer({ description: 'milliseconds since the epoch', examples: [1_763_721_272_000] })
const Note = Type.String({ examples: ['The change is small.'] })

/** An approval as lists show it. Times are milliseconds since the epoch; `age_secs` counts from the question to its end, or to now. */
export const ApprovalSummarySchema = Type.Object({
	id: Type.Integer({ minimum: 1, examples: [7] }),
	kind: ApprovalKindSchema,
	status: ApprovalStatusSchema,
	/** True from the last grant until what was approved is done. */
	applying: Type.Boolean({ examples: [false] }),
	subject: SubjectSchema,
	requester: Type.String({ examples: ['S-1K9X2M4QZ1'] }),
	digest: Type.String({ description: 'SHA-256 of what is asked for' }),
	required: Type.Integer({ examples: [1] }),
	grants: Type.Array(GrantSchema),
	approvers: Type.Array(Type.String({ examples: ['ada'] })),
	no_self_approval: Type.Boolean({ examples: [false] }),
	requested_at: Time,
	deadline_at: nullable(Time),
	on_timeout: OnTimeoutSchema,
	resolved_at: nullable(Time),
	age_secs: Type.Integer({ examples: [12] }),
	by: nullable(Type.String({ description: 'who ended it', examples: ['ada'] })),
	note: nullable(Note),
	run_id: nullable(Type.String()),
	task_id: nullable(Type.String()),
	step_id: nullable(Type.String()),
	position: nullable(Type.String({ description: 'where in its run the question stands', examples: ['/0/approval'] })),
})
export type ApprovalSummary = Static<typeof ApprovalSummarySchema>

/** An approval with what it is about: `payload` is what is asked for, `diff` an RFC 6902 patch where there is something to compare with. */
export const ApprovalSchema = Type.Composite([
	ApprovalSummarySchema,
	Type.Object({
		payload: Type.Unknown({ examples: [{ question: 'May I go on?' }] }),
		diff: Type.Unknown({ examples: [null] }),
		form: Type.Unknown({ description: 'JSON Schema of the answer, or null', examples: [null] }),
		answer: Type.Unknown({ examples: [{ go: true }] }),
	}),
])
export type ApprovalRecord = Static<typeof ApprovalSchema>

export const ApprovalListQuerySchema = Type.Object(
	{
		status: Type.Optional(ApprovalStatusSchema),
		kind: Type.Optional(ApprovalKindSchema),
		run: Type.Optional(Type.String()),
		/** Newest first; `after` then leads to older ones. */
		newest: Type.Optional(FlagParam),
		after: Type.Optional(CountParam),
		limit: Type.Optional(CountParam),
	},
	{ additionalProperties: true },
)
export type ApprovalListQuery = Static<typeof ApprovalListQuerySchema>

/** By id, from `after` on; `next` is the `after` of the next page, null at the end. */
export const ApprovalListSchema = Type.Object({
	approvals: Type.Array(ApprovalSummarySchema),
	next: nullable(Type.Integer({ examples: [7] })),
})

/** `wait` holds the answer back until the approval has ended, so many seconds at most. */
export const ApprovalQuerySchema = Type.Object({ wait: Type.Optional(CountParam) }, { additionalProperties: true })

const By = Type.String({ minLength: 1, maxLength: 200, description: 'a name of 1 to 200 characters' })
const NoteIn = Type.String({ maxLength: 2000, description: 'text of up to 2000 characters' })

/** Body of `POST /v1/approvals/:id/approve`, which may be left out. */
export const ApproveBodySchema = Type.Object(
	{ by: Type.Optional(By), note: Type.Optional(NoteIn), answer: Type.Optional(Type.Unknown()) },
	{ ...closed, examples: [{ by: 'ada', note: 'The change is small.' }] },
)
export type ApproveBody = Static<typeof ApproveBodySchema>

/** Body of `POST /v1/approvals/:id/deny`, which may be left out. */
export const DenyBodySchema = Type.Object(
	{ by: Type.Optional(By), note: Type.Optional(NoteIn) },
	{ ...closed, examples: [{ by: 'ada', note: 'Not on a Friday.' }] },
)

/** Body of `POST /v1/approvals`: a question of anybody's own, of kind `custom`. */
export const AskBodySchema = Type.Object(
	{
		subject: SubjectSchema,
		payload: Type.Optional(Type.Unknown()),
		requester: Type.Optional(By),
		required: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, description: 'a whole number from 1 to 100' })),
		approvers: Type.Optional(Type.Array(By, { maxItems: 100 })),
		no_self_approval: Type.Optional(Type.Boolean()),
		deadline_ms: Type.Optional(
			Type.Integer({ minimum: 1, maximum: 315_360_000_000, description: 'a whole number from 1, ten years at most' }),
		),
		on_timeout: Type.Optional(OnTimeoutSchema),
		form: Type.Optional(Type.Unknown({ description: 'a JSON Schema' })),
	},
	{ ...closed, examples: [{ subject: { type: 'deploy', id: 'web' }, payload: { version: '1.4.0' }, deadline_ms: 600_000 }] },
)
export type AskBody = Static<typeof AskBodySchema>
