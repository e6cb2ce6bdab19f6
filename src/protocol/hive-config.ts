import { type Static, Type } from '@sinclair/typebox'

const closed = (description: string) => ({ additionalProperties: false, description })
/** No NUL may be handed to a program. */
const PLAIN = '^[^\\u0000]*$'
const Text = Type.String({ minLength: 1, pattern: PLAIN, description: 'a text that is not empty' })
const Texts = Type.Record(Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]*$' }), Type.String({ pattern: PLAIN }), {
	additionalProperties: false,
	description: 'a table of texts by names of letters, digits and _',
})
const AbsolutePath = Type.String({ pattern: '^/[^\\u0000]*$', description: 'an absolute path' })
const AgentName = Type.String({
	pattern: '^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$',
	description: 'a name of 1 to 63 of a-z 0-9 -, not starting or ending with -',
})
const Milliseconds = Type.Integer({ minimum: 1, maximum: 86_400_000, description: 'milliseconds, at least 1' })

const MountSchema = Type.Object(
	{ host: AbsolutePath, guest: AbsolutePath, ro: Type.Optional(Type.Boolean({ description: 'true or false' })) },
	closed('a table with host and guest'),
)

const LimitsSchema = Type.Object(
	{
		cpu: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 4096, description: 'a number of cores' })),
		memory: Type.Optional(Type.Integer({ minimum: 1024 * 1024, description: 'a number of bytes, at least 1048576' })),
		pids: Type.Optional(Type.Integer({ minimum: 1, description: 'a number of processes' })),
	},
	closed('a table with cpu, memory and pids'),
)

const RestartSchema = Type.Union(
	[
		Type.Literal('never'),
		Type.Object(
			{ policy: Type.Literal('on-failure'), max: Type.Integer({ minimum: 1, maximum: 1000 }), backoff_ms: Milliseconds },
			closed('a restart policy'),
		),
	],
	{ description: '"never", or { policy = "on-failure", max = 3, backoff_ms = 1000 }' },
)

/** A server of tools that the agent's harness may use: a program to start, or an address. */
const McpServerSchema = Type.Union(
	[
		Type.Object(
			{ command: Text, args: Type.Optional(Type.Array(Type.String({ pattern: PLAIN }))), env: Type.Optional(Texts) },
			closed('a program'),
		),
		Type.Object(
			{ url: Type.String({ pattern: '^https?://' }), headers: Type.Optional(Type.Record(Type.String(), Type.String())) },
			closed('an address'),
		),
	],
	{ description: 'a table with command, args and env, or with url and headers' },
)

/**
 * `agent.toml`, `agent.yaml` or `agent.json` at the root of an agent's config repository. Closed at every level: a typing error
 * must not be deployed.
 */
export const AgentConfigFileSchema = Type.Object(
	{
		argv: Type.Optional(Type.Array(Text, { minItems: 1, maxItems: 1000, description: 'a list of texts, the program first' })),
		/** Names that begin with `HIVE_` or `MSE_` are the server's own. */
		env: Type.Optional(Texts),
		/** A relative one lies inside the files of the commit. */
		cwd: Type.Optional(Text),
		backend: Type.Optional(
			Type.Union([Type.Literal('process'), Type.Literal('podman'), Type.Literal('docker'), Type.Literal('nspawn')], {
				description: 'one of process, podman, docker, nspawn',
			}),
		),
		image: Type.Optional(Type.String({ pattern: '^[^-\\s\\u0000][^\\s\\u0000]*$', description: 'the name of an image' })),
		mounts: Type.Optional(Type.Array(MountSchema, { maxItems: 100, description: 'a list of tables with host and guest' })),
		limits: Type.Optional(LimitsSchema),
		/** Handed to the agent's harness. */
		model: Type.Optional(Text),
		/** Whom it may write to; everybody unless given. */
		allowed_recipients: Type.Optional(Type.Array(AgentName, { description: 'a list of names' })),
		mcp_servers: Type.Optional(
			Type.Record(Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' }), McpServerSchema, {
				additionalProperties: false,
				description: 'a table of tables by names of letters, digits, _ and -',
			}),
		),
		/** `operator`: it has an operator session without a login. */
		roles: Type.Optional(
			Type.Array(Type.Literal('operator', { description: '"operator"' }), { maxItems: 1, description: 'a list of roles' }),
		),
		/** `recv`: it counts as started only after its first call on its socket. */
		ready: Type.Optional(Type.Union([Type.Literal('started'), Type.Literal('recv')], { description: '"started" or "recv"' })),
		restart: Type.Optional(RestartSchema),
	},
	closed('a table'),
)
export type AgentConfigFile = Static<typeof AgentConfigFileSchema>

/** What a proposal changes: against what its agent runs on now, or against nothing. */
export const ConfigDiffSchema = Type.Object({
	agent: Type.String(),
	/** The commit it was compared with; null for a first deployment. */
	base_sha: Type.Union([Type.String(), Type.Null()], { examples: [null] }),
	fetched_sha: Type.String({ examples: ['3f2a91c0f3a1c2d4e5f60718293a4b5c6d7e8f90'] }),
	files: Type.Array(
		Type.Object({
			path: Type.String({ examples: ['agent.toml'] }),
			change: Type.Union([Type.Literal('added'), Type.Literal('changed'), Type.Literal('removed')], { examples: ['added'] }),
			/** Too large or not text: the patch only names it. */
			opaque: Type.Optional(Type.Literal(true)),
		}),
	),
	/** Unified, one part a file in their order. */
	patch: Type.String({ examples: ['+argv = ["my-harness"]\n'] }),
	/** The patch ends before its last file. */
	truncated: Type.Boolean(),
})
export type ConfigDiff = Static<typeof ConfigDiffSchema>
