import type { Static, TObject } from '@sinclair/typebox'
import type { Clock } from '../../kernel/clock.ts'
import type { MseClient } from '../client/client.ts'
import { parseArguments } from './argument.ts'
import type { BlueprintFiles } from './blueprint-file.ts'
import type { Elicited, RequestedForm } from './elicitation.ts'
import type { LaunchedRuns } from './launched-runs.ts'
import type { OperatorDesk } from './operator-desk.ts'

/** One call of a tool: what it may use, and how it tells that it goes on. */
export interface ToolCall {
	/** Fires when the client wants no answer any more. */
	readonly signal: AbortSignal
	readonly clock: Clock
	/** The server, or the one at `bind` (`host:port`), which is never sent our token. Calls end with the signal. */
	server(bind?: string | undefined): MseClient
	/** Sessions of operators that this client joined. */
	readonly desk: OperatorDesk
	readonly launched: LaunchedRuns
	/** Null where the client is somewhere else than the files it names. */
	readonly files: BlueprintFiles | null
	/** Has the client ask its user; null where it cannot. Rejects when the signal fires. */
	readonly elicit: ((message: string, form: RequestedForm, until: AbortSignal) => Promise<Elicited>) | null
	/** For a client that asked to be told; must not throw. */
	progress(message: string): void
}

/** What a client is told of a tool so that it can decide whether to ask its user. */
export interface ToolHints {
	readonly readOnlyHint: boolean
	readonly destructiveHint: boolean
	readonly idempotentHint: boolean
}

export const looks: ToolHints = { readOnlyHint: true, destructiveHint: false, idempotentHint: true }
/** Takes something that will not be there a second time, without changing anything else. */
export const takes: ToolHints = { readOnlyHint: true, destructiveHint: false, idempotentHint: false }
export const adds: ToolHints = { readOnlyHint: false, destructiveHint: false, idempotentHint: false }
export const moves: ToolHints = { readOnlyHint: false, destructiveHint: false, idempotentHint: true }
export const ends: ToolHints = { readOnlyHint: false, destructiveHint: true, idempotentHint: true }

interface Definition<Input extends TObject> {
	readonly name: string
	/** For a model: what it does and when to use it. */
	readonly description: string
	readonly input: Input
	readonly hints: ToolHints
	/** Its result is of no use in parts, and is given whole, however long. Others are cut, with a word on how to get the rest. */
	readonly isWhole?: true
	readonly run: (input: Static<Input>, call: ToolCall) => Promise<unknown>
}

/** A tool of the table. `own` ones fail with a result that says so, those of mlua-swarm 0.26.0 with an error of the protocol, as upstream. */
export interface Tool extends Pick<Definition<TObject>, 'name' | 'description' | 'input' | 'hints'> {
	readonly isOwn: boolean
	readonly isWhole?: boolean
	/** Throws `invalid` with code `invalid_params` for arguments that do not fit. */
	readonly call: (given: unknown, call: ToolCall) => Promise<unknown>
}

/** A tool of mlua-swarm 0.26.0. */
export function swarmTool<Input extends TObject>(definition: Definition<Input>): Tool {
	return toTool(definition, false)
}

/** A tool of ours: unknown arguments are refused. */
export function ownTool<Input extends TObject>(definition: Definition<Input>): Tool {
	return toTool({ ...definition, input: { ...definition.input, additionalProperties: false } }, true)
}

function toTool<Input extends TObject>({ run, ...shown }: Definition<Input>, isOwn: boolean): Tool {
	return { ...shown, isOwn, call: async (given, call) => run(parseArguments(shown.input, given), call) }
}
