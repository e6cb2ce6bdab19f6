import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { blueprintExample } from './example.ts'
import { CountParam } from './query.ts'
import { VersionSelectorSchema } from './task.ts'

const nullable = <S extends TSchema>(schema: S) => Type.Union([schema, Type.Null()])
const maybe = <S extends TSchema>(schema: S) => Type.Optional(nullable(schema))
const oneOf = <const Words extends readonly string[]>(words: Words) =>
	Type.Unsafe<Words[number]>(
		Type.Union(
			words.map((word) => Type.Literal(word)),
			{ description: `one of ${words.join(', ')}` },
		),
	)
const tolerant = { additionalProperties: true } as const

export const issueStatuses = ['pending', 'in_flight', 'applied', 'rejected'] as const
export const IssueStatusSchema = oneOf(issueStatuses)
export type IssueStatus = (typeof issueStatuses)[number]

/** Body of `POST /v1/issues` (mlua-swarm 0.1.0): what shall become of a Blueprint, in words. It need not exist yet. */
export const PostIssueRequestSchema = Type.Object({ blueprint_id: Type.String(), intent: Type.String() }, tolerant)
export type PostIssueRequest = Static<typeof PostIssueRequestSchema>
export const PostIssueResponseSchema = Type.Object({ issue_id: Type.String(), status: Type.Literal('pending') })
export type PostIssueResponse = Static<typeof PostIssueResponseSchema>

/**
 * Keys that do not apply are null: `reason` tells why an issue was rejected, `new_version` what an applied one led to. The last three
 * keys are ours: `run_id` is the run that works on it or did so last, `attempt` how many there were since it was posted or retried,
 * and `interrupted` is there while that run waits for somebody to resume or cancel it, and says why.
 */
export const GetIssueResponseSchema = Type.Object({
	issue_id: Type.String(),
	status: IssueStatusSchema,
	blueprint_id: nullable(Type.String()),
	intent: nullable(Type.String()),
	reason: nullable(Type.String()),
	new_version: nullable(Type.String()),
	run_id: nullable(Type.String()),
	attempt: Type.Integer({ minimum: 0 }),
	interrupted: Type.Optional(Type.String()),
})
export type GetIssueResponse = Static<typeof GetIssueResponseSchema>

export const IssueListQuerySchema = Type.Object(
	{ status: Type.Optional(IssueStatusSchema), blueprint_id: Type.Optional(Type.String()), limit: Type.Optional(CountParam) },
	tolerant,
)
export type IssueListQuery = Static<typeof IssueListQuerySchema>
/** Ours: issues, newest first. */
export const IssueListSchema = Type.Object({ issues: Type.Array(GetIssueResponseSchema) })

/** What the patch-spawner of an enhance run answers (mlua-swarm 0.1.0). `ops` is an RFC 6902 patch; an empty one means that nothing can or need be done. */
export const PatchAnswerSchema = Type.Object(
	{ ops: Type.Array(Type.Unknown()), bump: oneOf(['major', 'minor', 'patch']), rationale: Type.String() },
	tolerant,
)
export type PatchAnswer = Static<typeof PatchAnswerSchema>

/** What its patch-applier answers, as far as the steps after it read it. `problem` is ours: why the patch could not be applied. */
export const AppliedPatchSchema = Type.Object(
	{
		patch: Type.Unknown(),
		prev_hash: Type.String(),
		new_bp_yaml: Type.String(),
		new_bp_json: Type.Unknown(),
		new_hash: Type.String(),
		problem: maybe(Type.String()),
	},
	tolerant,
)
export type AppliedPatch = Static<typeof AppliedPatchSchema>

/** What one verifier of it says about one axis. */
export const AxisVerdictSchema = Type.Object(
	{
		axis: Type.String(),
		outcome: Type.Union([
			Type.Object({ Pass: Type.Object({ evidence: Type.String() }) }),
			Type.Object({ Deny: Type.Object({ reason: Type.String() }) }),
		]),
	},
	tolerant,
)
export type AxisVerdict = Static<typeof AxisVerdictSchema>

const VerdictSummarySchema = Type.Object(
	{ axis: Type.String(), status: oneOf(['pass', 'deny']), evidence: maybe(Type.String()), reason: maybe(Type.String()) },
	tolerant,
)

/** What its committer decided: the `commit` of the run's final context. `new_bp_yaml` may be there too, and is not read. */
export const CommitDecisionSchema = Type.Union([
	Type.Object(
		{
			committed: Type.Literal(true),
			new_version: Type.String({ minLength: 1 }),
			bump: oneOf(['major', 'minor', 'patch']),
			new_bp_json: Type.Unknown(),
			rationale: Type.String(),
			verdicts_summary: Type.Array(VerdictSummarySchema),
		},
		tolerant,
	),
	Type.Object(
		{
			committed: Type.Literal(false),
			reasons: Type.Array(Type.String(), { minItems: 1 }),
			rationale: Type.String(),
			verdicts_summary: Type.Array(VerdictSummarySchema),
		},
		tolerant,
	),
])
export type CommitDecision = Static<typeof CommitDecisionSchema>

/** What became of one issue (mlua-swarm 0.1.0). `new_hash` is empty when it was rejected. */
export const EnhanceLogEntrySchema = Type.Object({
	issue_id: Type.String(),
	blueprint_id: Type.String(),
	prev_hash: Type.String(),
	new_hash: Type.String(),
	intent: Type.String(),
	rationale: Type.String(),
	verdicts: Type.Array(Type.Object({ axis: Type.String(), status: oneOf(['pass', 'deny']), detail: Type.String() })),
	status: oneOf(['applied', 'rejected']),
	reasons: Type.Array(Type.String()),
	ts_ms: Type.Integer(),
})
export type EnhanceLogEntry = Static<typeof EnhanceLogEntrySchema>
export const EnhanceLogQuerySchema = Type.Object({ blueprint_id: Type.Optional(Type.String()), limit: Type.Optional(CountParam) }, tolerant)

/** Body of `POST` and `PUT` of a setting (mlua-swarm 0.1.0; `spawner` 0.24.0). `blueprint` is a whole document. */
export const EnhanceSettingInputSchema = Type.Object(
	{
		id: Type.String(),
		blueprint: Type.Unknown({ title: 'Blueprint', description: 'a Blueprint', examples: [blueprintExample] }),
		ttl_secs: Type.Integer({ minimum: 0, maximum: 9_000_000_000, description: 'a whole number of seconds' }),
		version: maybe(VersionSelectorSchema),
		verifier_axes: maybe(Type.Array(Type.String())),
		meta: Type.Optional(Type.Unknown()),
		spawner: Type.Optional(Type.Unknown({ description: 'an agent, or null' })),
	},
	tolerant,
)
export type EnhanceSettingInput = Static<typeof EnhanceSettingInputSchema>

/** A setting as it is kept: the document stands in the Blueprint store under `blueprint_id`. */
export const EnhanceSettingSchema = Type.Object({
	id: Type.String(),
	blueprint_id: Type.String(),
	ttl_secs: Type.Integer(),
	version: VersionSelectorSchema,
	verifier_axes: Type.Array(Type.String()),
	meta: Type.Unknown(),
	spawner: Type.Optional(Type.Unknown()),
})
export type EnhanceSetting = Static<typeof EnhanceSettingSchema>
