import { MseError } from '../../kernel/error.ts'
import type { AgentDef, Blueprint, Policy } from '../../protocol/blueprint.ts'
import { effectivePolicy } from '../blueprint/effective-policy.ts'
import { firstCompileError, type LintOptions, lintBlueprint } from '../blueprint/lint.ts'
import { type StepNames, stepNames } from '../blueprint/step-names.ts'
import { type CompiledFlow, compileFlow } from '../flow/compile-flow.ts'
import type { Backend, Registry, Worker } from './backend.ts'

/** One agent of a plan: its definition, who performs its attempts, and the policy that bounds them. */
export interface Route {
	readonly agent: AgentDef
	readonly backend: Backend
	readonly worker: Worker
	readonly policy: ReturnType<typeof effectivePolicy>
	/** True when an attempt whose worker reported a degradation must not pass. */
	readonly refusesDegraded: boolean
}

/** A Blueprint ready to run: compiled once per commit, shared by all its runs, never changed. */
export interface Plan {
	readonly hash: string
	readonly blueprint: Blueprint
	readonly flow: CompiledFlow
	readonly routes: ReadonlyMap<string, Route>
	/** Under which names the outputs of its steps are found. */
	readonly names: StepNames
}

/** `policy` is what agents have of which the document says nothing. Throws `malformed` (code `compile_error`) with the first compile error; all findings are in its details. */
export function compilePlan(registry: Registry, offered: LintOptions, blueprint: Blueprint, hash: string, policy: Policy = {}): Plan {
	refuseErrors(offered, blueprint)
	const routes = new Map<string, Route>()
	for (const agent of blueprint.agents) {
		const backend = registry.get(agent.kind)
		if (!backend) continue
		routes.set(agent.name, {
			agent,
			backend,
			worker: backend.prepare(agent, blueprint),
			policy: effectivePolicy(blueprint, agent, policy),
			refusesDegraded: blueprint.degradation_policy === 'fail',
		})
	}
	return { hash, blueprint, flow: compileFlow(blueprint.flow), routes, names: stepNames(blueprint) }
}

function refuseErrors(offered: LintOptions, blueprint: Blueprint): void {
	const findings = lintBlueprint(blueprint, offered)
	const first = firstCompileError(findings)
	if (!first) return
	throw new MseError('malformed', `compile: ${first.message}`, {
		code: 'compile_error',
		...(first.hint !== null && { hint: first.hint }),
		details: { diagnostics: findings },
	})
}
