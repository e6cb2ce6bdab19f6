import { type Static, Type } from '@sinclair/typebox'

const closed = { additionalProperties: false }
const Milliseconds = Type.Integer({ minimum: 1 })

/** `[runtime.profiles.<name>]` of a child process. */
export const ProcessProfileSchema = Type.Object(
	{
		kind: Type.Literal('process'),
		/** In `one_shot` mode `{prompt}`, `{transcript}` and `{worker_id}` are filled in. */
		argv: Type.Array(Type.String(), { minItems: 1 }),
		env: Type.Optional(Type.Record(Type.String(), Type.String())),
		/** Names of the server's own variables that the child gets too. */
		inherit: Type.Optional(Type.Array(Type.String())),
		cwd: Type.Optional(Type.String()),
		/** `session` (default): one child for all turns, JSON lines both ways. `one_shot`: a child for each turn. */
		mode: Type.Optional(Type.Union([Type.Literal('session'), Type.Literal('one_shot')])),
		/** What a one-shot child finds on stdin: the turn (default), the whole transcript as JSON, or nothing. */
		stdin: Type.Optional(Type.Union([Type.Literal('prompt'), Type.Literal('transcript'), Type.Literal('none')])),
		/** What a one-shot child writes: text (default), or protocol events, one a line. */
		output: Type.Optional(Type.Union([Type.Literal('text'), Type.Literal('events')])),
		/** What becomes of lines that are no events: text of the worker (default), or a line of the server's log. */
		stray_lines: Type.Optional(Type.Union([Type.Literal('text'), Type.Literal('log')])),
		ready_timeout_ms: Type.Optional(Milliseconds),
		turn_timeout_ms: Type.Optional(Milliseconds),
		stop_grace_ms: Type.Optional(Milliseconds),
		line_bytes: Type.Optional(Type.Integer({ minimum: 1024 })),
	},
	closed,
)
export type ProcessProfile = Static<typeof ProcessProfileSchema>

/** `[runtime.profiles.<name>]` of a worker behind an HTTP address, to which each turn is posted. */
export const HttpProfileSchema = Type.Object(
	{
		kind: Type.Literal('http'),
		url: Type.String({ pattern: '^https?://' }),
		headers: Type.Optional(Type.Record(Type.String(), Type.String())),
		turn_timeout_ms: Type.Optional(Milliseconds),
		/** Tries of one turn whose address does not answer, or answers 5xx; 3 unless given. */
		attempts: Type.Optional(Type.Integer({ minimum: 1, maximum: 10 })),
	},
	closed,
)
export type HttpProfile = Static<typeof HttpProfileSchema>

/** `[runtime.profiles.<name>]` of a language model, a `[llm.<name>]` of the same name or the one that `llm` names. */
export const LlmProfileSchema = Type.Object({ kind: Type.Literal('llm'), llm: Type.Optional(Type.String()) }, closed)

export const ProfileTableSchema = Type.Union([ProcessProfileSchema, HttpProfileSchema, LlmProfileSchema])
export type ProfileTable = Static<typeof ProfileTableSchema>
