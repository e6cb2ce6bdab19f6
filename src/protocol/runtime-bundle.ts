import { type Static, Type } from '@sinclair/typebox'
import { ProfileSelectorSchema } from './runtime.ts'

const tolerant = { additionalProperties: true }
const OptionalText = Type.Optional(Type.Union([Type.String(), Type.Null()]))

const ProvenanceSchema = Type.Object({ source: Type.String(), detail: OptionalText }, tolerant)

/** `unsupported` may be written and is never stored. */
export const DeclarationKindSchema = Type.Union([
	Type.Literal('secret_ref'),
	Type.Literal('mount_grant'),
	Type.Literal('network_policy'),
	Type.Literal('shell_policy'),
	Type.Literal('git_policy'),
	Type.Literal('capability_grant'),
	Type.Literal('unsupported'),
])
export type DeclarationKind = Static<typeof DeclarationKindSchema>

/** What workers may be made of: selectors and references, never secrets or addresses themselves. */
export const ConfigBundleSchema = Type.Object(
	{
		metadata: Type.Object(
			{
				id: Type.String(),
				digest: Type.String(),
				revision: Type.String(),
				workspace_id: Type.String(),
				created_at: Type.String(),
				provenance: ProvenanceSchema,
			},
			tolerant,
		),
		profiles: Type.Optional(Type.Array(Type.Object({ selector: ProfileSelectorSchema, label: OptionalText }, tolerant))),
		declarations: Type.Optional(
			Type.Array(Type.Object({ kind: DeclarationKindSchema, name: Type.String(), reference: Type.String() }, tolerant)),
		),
	},
	{
		...tolerant,
		examples: [
			{
				metadata: {
					...{ id: 'bundle-1', digest: 'f1faffb46524a985fff79a4a3e9165e776187d2e3a67773995806ac557f3320a' },
					...{ revision: 'rev-1', workspace_id: 'workspace-1', created_at: '2026-06-26T00:00:00Z', provenance: { source: 'test' } },
				},
				profiles: [{ selector: { kind: 'builtin', value: 'builtin:coder' } }],
				declarations: [{ kind: 'secret_ref', name: 'credential', reference: 'secret:github-token' }],
			},
		],
	},
)
export type ConfigBundle = Static<typeof ConfigBundleSchema>

export const ConfigBundleRefSchema = Type.Object({ id: Type.String(), digest: Type.String() }, tolerant)
export type ConfigBundleRef = Static<typeof ConfigBundleRefSchema>

const SUMMARY = {
	...{ id: 'bundle-1', digest: 'f1faffb46524a985fff79a4a3e9165e776187d2e3a67773995806ac557f3320a', digest_algorithm: 'sha256' },
	...{ revision: 'rev-1', workspace_id: 'workspace-1', created_at: '2026-06-26T00:00:00Z', provenance: { source: 'test' } },
	...{ profile_count: 1, declaration_count: 1 },
}

export const ConfigBundleSummarySchema = Type.Object(
	{
		id: Type.String(),
		digest: Type.String(),
		digest_algorithm: Type.Literal('sha256'),
		revision: Type.String(),
		workspace_id: Type.String(),
		created_at: Type.String(),
		provenance: Type.Object({ source: Type.String(), detail: Type.Optional(Type.String()) }),
		profile_count: Type.Integer(),
		declaration_count: Type.Integer(),
	},
	{ examples: [SUMMARY] },
)
export type ConfigBundleSummary = Static<typeof ConfigBundleSummarySchema>

export const ConfigBundleAvailabilitySchema = Type.Object({ reference: ConfigBundleRefSchema, summary: ConfigBundleSummarySchema })
export type ConfigBundleAvailability = Static<typeof ConfigBundleAvailabilitySchema>

export const RuntimeHttpBundleReqSchema = Type.Object({ bundle: ConfigBundleSchema }, tolerant)
export const RuntimeHttpBundlesSchema = Type.Object({ bundles: Type.Array(ConfigBundleSummarySchema) })
export const RuntimeHttpAvailabilitySchema = Type.Object({ availability: ConfigBundleAvailabilitySchema })
