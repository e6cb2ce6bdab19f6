import type { JsonObject } from '../../../kernel/json.ts'
import type { AgentContext } from '../../dispatch/backend.ts'
import type { Plan, Route } from '../../dispatch/plan.ts'
import { assembleContext } from '../../layer/agent-context.ts'
import type { Journal } from '../journal.ts'
import type { Run } from '../record.ts'

/** The contexts of a run's agents; what no step adds to is assembled once. */
export class AgentContexts {
	readonly #parts: { readonly run: Run; readonly journal: Journal; readonly plan: Plan }
	readonly #known = new Map<string, AgentContext>()
	readonly #told = new Set<string>()

	constructor(parts: { readonly run: Run; readonly journal: Journal; readonly plan: Plan }) {
		this.#parts = parts
	}

	of(route: Route, stepCtx?: JsonObject): AgentContext {
		if (stepCtx) return this.#assemble(route, stepCtx)
		const known = this.#known.get(route.agent.name)
		if (known) return known
		const made = this.#assemble(route, undefined)
		this.#known.set(route.agent.name, made)
		return made
	}

	#assemble({ agent }: Route, stepCtx: JsonObject | undefined): AgentContext {
		const { run, plan } = this.#parts
		const malformed = (what: string): void => this.#warn(agent.name, what)
		return assembleContext(plan.blueprint, agent, { taskInput: run.options.taskInput, stepCtx, malformed })
	}

	/** Once for each agent; it fails nothing. */
	#warn(agent: string, what: string): void {
		const message = `In the context of agent '${agent}', ${what}; it is skipped.`
		if (this.#told.has(message)) return
		this.#told.add(message)
		this.#parts.journal.record({ kind: 'remarked', event: 'run.warned', data: { code: 'malformed_context', agent, message } })
	}
}
