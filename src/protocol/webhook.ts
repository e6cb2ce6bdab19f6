import { type Static, Type } from '@sinclair/typebox'

const closed = { additionalProperties: false }

/** A table `[webhook.<name>]` of the config file. */
export const WebhookTableSchema = Type.Object(
	{
		url: Type.String({ pattern: '^https?://.+', description: 'an http(s) URL' }),
		secret_env: Type.String({
			pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
			description: 'the name of the variable with the secret, not the secret itself',
		}),
		kinds: Type.Optional(
			Type.Array(Type.String({ minLength: 1 }), {
				description: 'a list of kinds of events, or of their beginnings, such as ["run.", "approval."]',
			}),
		),
		timeout_secs: Type.Optional(Type.Integer({ minimum: 1, maximum: 300, description: 'a whole number of seconds from 1 to 300' })),
		max_attempts: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: 'a whole number from 1 to 1000' })),
	},
	{ ...closed, description: 'a table' },
)
export type WebhookTable = Static<typeof WebhookTableSchema>

/** An event that its address did not take. Times in milliseconds. */
export const UndeliveredSchema = Type.Object({
	event_seq: Type.Integer(),
	kind: Type.String(),
	attempts: Type.Integer(),
	error: Type.String(),
	at: Type.Integer(),
})

export const WebhookSchema = Type.Object({
	name: Type.String(),
	url: Type.String({ description: 'Without its query, which may be secret.' }),
	kinds: Type.Array(Type.String(), { description: 'Empty: every kind.' }),
	cursor: Type.Integer({ description: 'Seq up to which the log was delivered or did not match.' }),
	delivered: Type.Integer(),
	/** What is being tried again, and why it was not taken. */
	trying: Type.Union([
		Type.Null(),
		Type.Object({ event_seq: Type.Integer(), attempts: Type.Integer(), error: Type.String(), next_at: Type.Integer() }),
	]),
	undelivered: Type.Array(UndeliveredSchema, { description: 'The newest 20 events that were given up.' }),
	undelivered_total: Type.Integer(),
})
export type WebhookView = Static<typeof WebhookSchema>

const chat = { name: 'chat', url: 'https://chat.example/hooks/mse', kinds: ['run.'], cursor: 41, delivered: 12 }
export const WebhookListSchema = Type.Object(
	{ webhooks: Type.Array(WebhookSchema) },
	{ examples: [{ webhooks: [{ ...chat, trying: null, undelivered: [], undelivered_total: 0 }] }] },
)

/** What `POST /v1/webhooks/:name/retry` did. */
export const WebhookRetriedSchema = Type.Object(
	{
		delivered: Type.Integer(),
		left: Type.Integer(),
		error: Type.Optional(Type.String({ description: 'Why it stopped, when something is left.' })),
	},
	{ examples: [{ delivered: 2, left: 0 }] },
)
export type WebhookRetried = Static<typeof WebhookRetriedSchema>
