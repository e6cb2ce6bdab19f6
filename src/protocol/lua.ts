import { type Static, Type } from '@sinclair/typebox'

/** Asks a Lua process to run one script. Everything the script sees of the attempt is in `globals`. */
export const LuaRun = Type.Object({
	source: Type.String(),
	/** The chunk's name, as its errors show it. */
	label: Type.String(),
	/** Global name to value; each value is JSON. */
	globals: Type.Record(Type.String(), Type.Unknown()),
	/** Names under `host`; with none there is no `host`. */
	host_functions: Type.Array(Type.String()),
	/** Chunks that the script may `require` by name; each runs once, when it is asked for. Without any there is no `require`. */
	modules: Type.Optional(Type.Array(Type.Object({ name: Type.String(), label: Type.String(), source: Type.String() }))),
	/** What the interpreter may allocate. */
	memory_bytes: Type.Integer({ minimum: 1 }),
	/** Largest JSON of a result, and of an argument of a host function. */
	output_bytes: Type.Integer({ minimum: 1 }),
})
export type LuaRun = Static<typeof LuaRun>

/** The answer to a `host` line; exactly one of the two. */
export const LuaHostReply = Type.Union([Type.Object({ value: Type.Unknown() }), Type.Object({ error: Type.String() })])
export type LuaHostReply = Static<typeof LuaHostReply>

const ending = {
	/** The beginning of what the script printed. */
	printed: Type.String(),
	/** The process wants no further script: it is worn out or broken. */
	retire: Type.Boolean(),
}

/** A line of a Lua process. After `host` it waits for a `LuaHostReply`; the other two end the run. */
export const LuaReply = Type.Union([
	Type.Object({ type: Type.Literal('host'), name: Type.String(), argument: Type.Unknown() }),
	Type.Object({ type: Type.Literal('returned'), value: Type.Unknown(), ...ending }),
	Type.Object({
		type: Type.Literal('failed'),
		/** `eval`: the script failed. `json`: what it returned cannot be JSON. */
		stage: Type.Union([Type.Literal('eval'), Type.Literal('json')]),
		message: Type.String(),
		...ending,
	}),
])
export type LuaReply = Static<typeof LuaReply>
