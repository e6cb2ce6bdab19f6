import type { JsonObject } from '../../../kernel/json.ts'
import type { AuditDef, Blueprint, OperatorDef, SubprocessDef } from '../../../protocol/blueprint.ts'
import type { AnyJson } from '../../../protocol/blueprint-field.ts'
import type { Node } from '../../../protocol/flow.ts'
import type { AgentDraft, Authored, RunnerDraft } from './agent.ts'
import { type StepEnds, stepOf } from './node.ts'

// This file is the package's `mse-server/blueprint`.
export { agentFile, fn, fromTemplate, lua, model, operator, subprocess } from './agent.ts'
export { all, any, extern, lit, path, raw, type Term } from './expression.ts'
export { assign, branch, fanout, loop, seq, tryCatch } from './node.ts'

/** What a flow is made of beside the nodes of this package: steps, which know the agents there are. */
export interface FlowKit<Agent extends string> {
	step<const P extends string>(agent: Agent, ends: StepEnds<P>): Node
}

type Named = 'flow' | 'agents' | 'operators' | 'metas' | 'runners' | 'subprocesses' | 'audits' | 'default_runner'

/** A Blueprint as authors write it: whatever has a name is a member under that name, and a wrong name does not compile. */
export type Draft<
	Agent extends string,
	Seat extends string,
	RunnerName extends string,
	Template extends string,
	Meta extends string,
> = Authored<Omit<Blueprint, Named | 'id'>> & {
	readonly id: string
	readonly agents: { readonly [A in Agent]: AgentDraft<NoInfer<Seat>, NoInfer<RunnerName>, NoInfer<Template>, NoInfer<Meta>> }
	readonly operators?: { readonly [S in Seat]: Authored<Omit<OperatorDef, 'name'>> }
	readonly metas?: { readonly [M in Meta]: { readonly [key: string]: AnyJson } }
	readonly runners?: { readonly [R in RunnerName]: RunnerDraft<NoInfer<Template>> }
	readonly default_runner?: NoInfer<RunnerName>
	readonly subprocesses?: {
		readonly [T in Template]: Authored<Omit<SubprocessDef, 'name' | 'argv'>> & { readonly argv: readonly string[] }
	}
	readonly audits?: readonly (Authored<Omit<AuditDef, 'agent' | 'steps'>> & {
		readonly agent: NoInfer<Agent>
		readonly steps?: readonly (NoInfer<Agent> | '*')[]
	})[]
	readonly flow: (kit: FlowKit<NoInfer<Agent>>) => Node
}

/**
 * The document of a Blueprint, ready to be sent, written or run; `$file` and `$agent_md` in it are still to be expanded.
 *
 * ```ts
 * export default blueprint({
 * 	id: 'checked-change',
 * 	operators: { 'main-ai': {} },
 * 	agents: { coder: operator('main-ai'), tests: subprocess({ program: 'make', args: ['test'] }) },
 * 	flow: ({ step }) =>
 * 		seq(step('coder', { in: path('$.goal'), out: '$.change' }), step('tests', { in: path('$.change'), out: '$.report' })),
 * })
 * ```
 */
export function blueprint<
	const Agent extends string,
	const Seat extends string = never,
	const RunnerName extends string = never,
	const Template extends string = never,
	const Meta extends string = never,
>(draft: Draft<Agent, Seat, RunnerName, Template, Meta>): JsonObject {
	const { id, flow, agents, operators, metas, runners, subprocesses, ...rest } = draft
	return plain({
		id,
		flow: flow({ step: stepOf }),
		agents: named(agents),
		...(operators && { operators: named(operators) }),
		...(metas && { metas: Object.entries(metas).map(([name, ctx]) => ({ name, ctx })) }),
		...(runners && { runners: Object.entries(runners).map(([name, runner]) => ({ name, runner })) }),
		...(subprocesses && { subprocesses: named(subprocesses) }),
		...rest,
	})
}

const named = (entries: { readonly [name: string]: object }): object[] =>
	Object.entries(entries).map(([name, entry]) => ({ name, ...entry }))

/** As it goes over the wire: terms lose their methods, what is undefined is left out. */
const plain = (document: object): JsonObject => JSON.parse(JSON.stringify(document))
