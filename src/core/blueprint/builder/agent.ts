import type { AgentMeta, AgentProfile, Policy, VerdictContract } from '../../../protocol/blueprint.ts'
import type { AnyJson } from '../../../protocol/blueprint-field.ts'

/** A schema's type as authors write it: what has a default may be left out, lists may be constant. */
export type Authored<T> = T extends readonly (infer Item)[]
	? readonly Authored<Item>[]
	: T extends object
		? { readonly [K in keyof T]?: Authored<T[K]> }
		: T

/** Text, or a file whose text is put in its place when the document is built. */
export type Text = string | { readonly $file: string }

interface TemplateOverrides {
	readonly model?: string
	readonly tools?: readonly string[]
	readonly cwd?: string
}

export type RunnerDraft<Template extends string = string> =
	| { readonly backend: 'ws_operator' | 'ws_claude_code'; readonly variant: string; readonly tools?: readonly string[] }
	| { readonly backend: 'agent_block_in_process'; readonly tools?: readonly string[] }
	| {
			readonly backend: 'subprocess'
			readonly template: Template
			readonly overrides?: TemplateOverrides
	  }

/** What agents of every kind may say; the names are those of the Blueprint's own entries. */
export interface AgentKeys<RunnerName extends string = string, Template extends string = string, Meta extends string = string> {
	readonly profile?: Authored<Omit<AgentProfile, 'system_prompt'>> & { readonly system_prompt?: Text }
	readonly meta?: Authored<Omit<AgentMeta, 'meta_ref'>> & { readonly meta_ref?: Meta }
	readonly runner?: RunnerDraft<Template>
	readonly runner_ref?: RunnerName
	readonly verdict?: Authored<VerdictContract>
	readonly lints?: { readonly [lint: string]: 'allow' | 'warn' | 'deny' }
	readonly policy?: Authored<Policy>
}

/** Seats that need no entry of the Blueprint. */
type ElsewhereDeclared = `worker:${string}` | `hive:${string}`

/** What performs the steps of an agent, by its kind. */
type AgentWork<Seat extends string> =
	| { readonly kind: 'operator'; readonly spec: { readonly operator_ref: Seat | ElsewhereDeclared } }
	| { readonly kind: 'subprocess'; readonly spec?: ProcessDraft }
	| { readonly kind: 'rust_fn'; readonly spec: { readonly fn_id: string } & { readonly [key: string]: AnyJson } }
	| { readonly kind: 'lua'; readonly spec: { readonly source: Text } | { readonly fn_id: string } }
	| { readonly kind: 'agent_block'; readonly spec?: { readonly [key: string]: AnyJson } }

export interface ProcessDraft {
	readonly program: string
	readonly args?: readonly string[]
	/** The prompt goes to stdin unless this is false; then it is the last argument. */
	readonly use_stdin?: boolean
	readonly stream_mode?: 'ndjson_lines' | 'sse_events' | 'length_prefixed'
	readonly env?: { readonly [name: string]: string }
	readonly cwd?: string
}

/** What an agent file does not say. */
interface AgentFileKeys {
	readonly kind?: AgentWork<string>['kind']
	readonly spec?: AnyJson
}

/** An agent of a Blueprint whose entries have these names; its own name is its key in `agents`. */
export type AgentDraft<Seat extends string, RunnerName extends string, Template extends string, Meta extends string> =
	| (AgentWork<Seat> & AgentKeys<RunnerName, Template, Meta>)
	| ({ readonly $agent_md: string } & AgentFileKeys & AgentKeys<RunnerName, Template, Meta>)

/** Steps are done by whoever holds this seat: an AI client or a person. */
export function operator<
	const S extends string,
	const R extends string = never,
	const T extends string = never,
	const M extends string = never,
>(seat: S, keys: AgentKeys<R, T, M> = {}) {
	return { kind: 'operator' as const, spec: { operator_ref: seat }, ...keys }
}

/** Steps are child processes, started directly and not by a shell. */
export function subprocess<const R extends string = never, const T extends string = never, const M extends string = never>(
	spec: ProcessDraft,
	keys: AgentKeys<R, T, M> = {},
) {
	return { kind: 'subprocess' as const, spec, ...keys }
}

/** Steps are child processes that an entry of `subprocesses` describes; `overrides` are what differs from it. */
export function fromTemplate<const T extends string, const R extends string = never, const M extends string = never>(
	template: T,
	keys: Omit<AgentKeys<R, T, M>, 'runner'> & { readonly overrides?: TemplateOverrides } = {},
) {
	const { overrides, ...rest } = keys
	return { kind: 'subprocess' as const, ...rest, runner: { backend: 'subprocess' as const, template, ...(overrides && { overrides }) } }
}

/** Steps are calls of a function of the server. */
export function fn<const R extends string = never, const T extends string = never, const M extends string = never>(
	id: string,
	keys: AgentKeys<R, T, M> = {},
) {
	return { kind: 'rust_fn' as const, spec: { fn_id: id }, ...keys }
}

/** Steps are runs of a Lua script. */
export function lua<const R extends string = never, const T extends string = never, const M extends string = never>(
	source: Text,
	keys: AgentKeys<R, T, M> = {},
) {
	return { kind: 'lua' as const, spec: { source }, ...keys }
}

/** Steps are conversations with a language model, such as `anthropic/<model>`. */
export function model<const R extends string = never, const T extends string = never, const M extends string = never>(
	name: string,
	{ profile, ...keys }: AgentKeys<R, T, M> = {},
) {
	return { kind: 'agent_block' as const, profile: { ...profile, model: name }, ...keys }
}

/** An agent file (`name.md`), with keys over its own. Paths start from the folder of the Blueprint. */
export function agentFile<const R extends string = never, const T extends string = never, const M extends string = never>(
	file: string,
	keys: AgentKeys<R, T, M> & AgentFileKeys = {},
) {
	return { $agent_md: file, ...keys }
}
