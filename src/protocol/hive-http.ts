import { type Static, Type } from '@sinclair/typebox'
import { CountParam, FlagParam } from './query.ts'

const closed = { additionalProperties: false }
const Nullable = <T extends ReturnType<typeof Type.String> | ReturnType<typeof Type.Integer>>(schema: T) =>
	Type.Union([schema, Type.Null()])

const STATES = ['creating', 'running', 'stopping', 'stopped', 'failed', 'destroyed'] as const

/** An agent of the hive. Times in milliseconds since the epoch. */
export const HiveAgentSchema = Type.Object({
	name: Type.String({ examples: ['alice'] }),
	role: Type.Union([Type.Literal('agent'), Type.Literal('manager')]),
	state: Type.Unsafe<(typeof STATES)[number]>(
		Type.Union(
			STATES.map((state) => Type.Literal(state)),
			{ examples: ['running'] },
		),
	),
	backend: Type.String({ description: 'The cage that its program runs in.', examples: ['process'] }),
	paused: Type.Boolean({ description: 'Its harness takes no message meanwhile.', examples: [false] }),
	unread: Type.Integer({ description: 'Messages in its inbox that were not delivered.', examples: [0] }),
	parent: Nullable(Type.String({ description: 'Whoever asked for it.', examples: ['manager'] })),
	applied_sha: Nullable(Type.String({ description: 'The commit of its config that it runs.' })),
	exit_code: Nullable(Type.Integer({ description: 'Of its last end, where that was seen.' })),
	failure: Nullable(Type.String({ description: 'Why it failed.' })),
	restarts: Type.Integer({ description: 'In a row, by its restart policy.', examples: [0] }),
	started_at: Nullable(Type.Integer({ examples: [1_763_721_272_104] })),
	created_at: Type.Integer({ examples: [1_763_721_272_004] }),
	updated_at: Type.Integer({ examples: [1_763_721_272_104] }),
})
export type HiveAgent = Static<typeof HiveAgentSchema>

/** `live` is what its cage says of it just now; null where the cage could not be asked. */
export const HiveAgentDetailSchema = Type.Composite([
	HiveAgentSchema,
	Type.Object({
		argv: Type.Array(Type.String(), { examples: [['my-harness']] }),
		live: Type.Union([
			Type.Object({ exists: Type.Boolean({ examples: [true] }), running: Type.Boolean({ examples: [true] }) }),
			Type.Null(),
		]),
	}),
])
export type HiveAgentDetail = Static<typeof HiveAgentDetailSchema>

export const HiveAgentListSchema = Type.Object({
	agents: Type.Array(HiveAgentSchema),
	kept: Type.Array(Type.String(), { description: 'Names that were destroyed and whose folders were kept.', examples: [['bob']] }),
})
export type HiveAgentList = Static<typeof HiveAgentListSchema>

/** Body of `POST /v1/hive/agents`. */
export const HiveSpawnSchema = Type.Object({ name: Type.String({ examples: ['alice'] }) }, closed)

export const HiveDestroyQuerySchema = Type.Object({ purge: Type.Optional(FlagParam) }, { additionalProperties: true })

/** `purged`: its folders are gone too. */
export const HiveDestroyedSchema = Type.Object({ name: Type.String({ examples: ['alice'] }), purged: Type.Boolean({ examples: [false] }) })

/** Body of `POST /v1/hive/agents/:name/messages`; the sender is the operator. */
export const HiveMessageSchema = Type.Object({ body: Type.String({ examples: ['hello'] }) }, closed)

export const HiveSentSchema = Type.Object({
	message_id: Type.Integer({ examples: [7] }),
	from: Type.String({ examples: ['operator'] }),
	to: Type.String({ examples: ['alice'] }),
})
export type HiveSent = Static<typeof HiveSentSchema>

/** `delivered=true` shows delivered messages as well, as long as they are kept; `newest=true` the newest first, and `after` then leads to older ones. */
export const HiveInboxQuerySchema = Type.Object(
	{
		after: Type.Optional(CountParam),
		limit: Type.Optional(CountParam),
		delivered: Type.Optional(FlagParam),
		newest: Type.Optional(FlagParam),
	},
	{ additionalProperties: true },
)
export type HiveInboxQuery = Static<typeof HiveInboxQuerySchema>

/** Reading an inbox delivers nothing. `next` is the `after` of the next page, null at the end. */
export const HiveInboxSchema = Type.Object({
	unread: Type.Integer({ examples: [1] }),
	messages: Type.Array(
		Type.Object({
			id: Type.Integer({ examples: [7] }),
			from: Type.String({ examples: ['operator'] }),
			body: Type.String({ examples: ['hello'] }),
			via: Type.String({ description: 'agent-socket, daemon or api', examples: ['api'] }),
			sent_at: Type.Integer({ examples: [1_763_721_272_104] }),
			delivered_at: Nullable(Type.Integer()),
		}),
	),
	next: Nullable(Type.Integer()),
})
export type HiveInbox = Static<typeof HiveInboxSchema>

/** Most lines of a log that are given at once. */
export const LOG_TAIL_MAX = 10_000
export const LOG_TAIL_DEFAULT = 200

export const HiveLogsQuerySchema = Type.Object({ tail: Type.Optional(CountParam) }, { additionalProperties: true })

/** The newest lines of what the agent's program wrote, oldest first. */
export const HiveLogsSchema = Type.Object({ name: Type.String({ examples: ['alice'] }), text: Type.String({ examples: ['ready\n'] }) })
