import { type Static, Type } from '@sinclair/typebox'

const closed = { additionalProperties: false }
const Milliseconds = Type.Integer({ minimum: 1, description: 'a number of milliseconds' })
const oneOf = <const Word extends string>(...words: Word[]) =>
	Type.Unsafe<Word>(
		Type.Union(
			words.map((word) => Type.Literal(word)),
			{ description: words.join(' or ') },
		),
	)

/** `[runtime.profiles.<name>]` of a child process. */
export const ProcessProfileSchema = Type.Object(
	{
		kind: Type.Literal('process'),
		/** In `one_shot` mode `{prompt}`, `{transcript}` and `{worker_id}` are filled in. */
		argv: Type.Array(Type.String(), { minItems: 1, description: 'a program and its arguments' }),
		env: Type.Optional(Type.Record(Type.String(), Type.String())),
		/** Names of the server's own variables that the child gets too. */
		inherit: Type.Optional(Type.Array(Type.String())),
		cwd: Type.Optional(Type.String()),
		/** `session` (default): one child for all turns, JSON lines both ways. `one_shot`: a child for each turn. */
		mode: Type.Optional(oneOf('session', 'one_shot')),
		/** What a one-shot child finds on stdin: the turn (default), the whole transcript as JSON, or nothing. */
		stdin: Type.Optional(oneOf('prompt', 'transcript', 'none')),
		/** What a one-shot child writes: text (default), or protocol events, one a line. */
		output: Type.Optional(oneOf('text', 'events')),
		/** What becomes of lines that are no events: text of the worker (default), or a line of the server's log. */
		stray_lines: Type.Optional(oneOf('text', 'log')),
		ready_timeout_ms: Type.Optional(Milliseconds),
		turn_timeout_ms: Type.Optional(Milliseconds),
		stop_grace_ms: Type.Optional(Milliseconds),
		line_bytes: Type.Optional(Type.Integer({ minimum: 1024, description: 'a number of bytes, 1024 at least' })),
	},
	closed,
)
export type ProcessProfile = Static<typeof ProcessProfileSchema>

const lease = {
	/** How long a turn stays with somebody who is not heard of; one minute unless given. */
	lease_ms: Type.Optional(Type.Integer({ minimum: 1000, description: 'a number of milliseconds, 1000 at least' })),
	/** From the acceptance of a turn to its end. Pushed 10 minutes, pulled a day unless given. */
	turn_timeout_ms: Type.Optional(Milliseconds),
}

/** `[runtime.profiles.<name>]` of a worker behind an HTTP address, to which each turn is posted. */
export const HttpPushProfileSchema = Type.Object(
	{
		kind: Type.Literal('http'),
		mode: Type.Optional(Type.Literal('push', { description: 'push or pull' })),
		url: Type.String({ pattern: '^https?://', description: 'an address that begins with http:// or https://, or mode = "pull"' }),
		headers: Type.Optional(Type.Record(Type.String(), Type.String())),
		...lease,
		/** Tries of one turn whose address does not answer, answers 5xx or lets its lease run out; 3 unless given. */
		attempts: Type.Optional(Type.Integer({ minimum: 1, maximum: 10, description: 'a number from 1 to 10' })),
	},
	closed,
)
export type HttpPushProfile = Static<typeof HttpPushProfileSchema>

/** `[runtime.profiles.<name>]` of workers that ask for their turns over HTTP. */
export const HttpPullProfileSchema = Type.Object({ kind: Type.Literal('http'), mode: Type.Literal('pull'), ...lease }, closed)
export type HttpPullProfile = Static<typeof HttpPullProfileSchema>

/** `[runtime.profiles.<name>]` of a language model, a `[llm.<name>]` of the same name or the one that `llm` names. */
export const LlmProfileSchema = Type.Object(
	{
		kind: Type.Literal('llm'),
		llm: Type.Optional(Type.String()),
		/** Another one than that table's, or `provider/model` without a table. */
		model: Type.Optional(Type.String()),
		/** What the model is told before everything else. */
		system: Type.Optional(Type.String()),
		max_output_tokens: Type.Optional(Type.Integer({ minimum: 1, description: 'a number of tokens' })),
		turn_timeout_ms: Type.Optional(Milliseconds),
	},
	closed,
)
export type LlmProfile = Static<typeof LlmProfileSchema>

export type ProfileTable = ProcessProfile | HttpPushProfile | HttpPullProfile | LlmProfile
