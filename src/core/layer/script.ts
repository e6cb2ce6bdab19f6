import { messageOf } from '../../kernel/error.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { OperatorKind } from '../../protocol/blueprint.ts'
import { operatorKindOf } from '../blueprint/operator-kind.ts'
import type { Attempt, Completion, Worker } from '../dispatch/backend.ts'
import type { Route } from '../dispatch/plan.ts'
import { appendFinal, type KeptFinal, keepFinal } from './kept-final.ts'
import type { Layer, LayerContext } from './layer.ts'
import type { LayerDeps } from './layer-deps.ts'

/** The sources of a scripted layer; each is the text of a function, and either may be missing. */
export interface LayerScripts {
	/** `function(ctx)`; raising keeps the attempt from beginning. */
	readonly before?: string
	/** `function(ctx, {value, ok})`; a `{value, ok}` that it returns decides the step instead. */
	readonly after?: string
}

/** What runs those functions, in a place where they can harm nobody. Both reject with what the script raised. */
export interface ScriptRunner {
	before(source: string, ctx: JsonObject, attempt: Attempt): Promise<void>
	/** Null where the function returned nothing. */
	after(source: string, ctx: JsonObject, result: KeptFinal, attempt: Attempt): Promise<KeptFinal | null>
}

/**
 * Calls scripts before and after the attempts of every agent (mlua-swarm 0.1.0; only for embedders). What the one raises fails the
 * attempt, the other's failure is logged and changes nothing. An attempt that goes on in a next life of the server is not
 * asked about before again; its script afterwards may then see what it returned itself.
 */
export function scripted(deps: Pick<LayerDeps, 'outputs' | 'log'>, runner: ScriptRunner, scripts: LayerScripts): Layer {
	return (route, context) => ({ ...route, worker: withScripts({ ...deps, runner, scripts, route, context }) })
}

interface Scripted extends Pick<LayerDeps, 'outputs' | 'log'> {
	readonly runner: ScriptRunner
	readonly scripts: LayerScripts
	readonly route: Route
	readonly context: LayerContext
}

function withScripts(layer: Scripted): Worker {
	const { perform, resume } = layer.route.worker
	return {
		pure: false,
		async perform(attempt) {
			await before(layer, attempt)
			return after(layer, attempt, await perform(attempt))
		},
		...(resume && {
			async resume(attempt: Attempt) {
				const completion = await resume(attempt)
				return completion && after(layer, attempt, completion)
			},
		}),
	}
}

async function before({ runner, scripts, route, context }: Scripted, attempt: Attempt): Promise<void> {
	if (scripts.before === undefined) return
	try {
		await runner.before(scripts.before, contextOf(route, context, attempt), attempt)
	} catch (error) {
		attempt.signal.throwIfAborted()
		throw new Error(`spawn rejected by middleware: lua before: ${messageOf(error)}`)
	}
}

async function after(layer: Scripted, attempt: Attempt, completion: Completion): Promise<Completion> {
	const { runner, scripts, route, context, outputs, log } = layer
	if (scripts.after === undefined) return completion
	const final = await keepFinal(outputs, attempt, completion, route.agent.verdict)
	if (!final?.isInline) return completion
	try {
		const changed = await runner.after(scripts.after, contextOf(route, context, attempt), final, attempt)
		if (changed) await appendFinal(attempt, changed)
	} catch (error) {
		attempt.signal.throwIfAborted()
		log.warn('a script after an attempt failed, its result stands', {
			step: attempt.stepId,
			agent: attempt.agent,
			reason: messageOf(error),
		})
	}
	return completion
}

const KINDS: { readonly [kind in OperatorKind]: string } = { main_ai: 'MainAi', automate: 'Automate', composite: 'Composite' }

/** What scripts see; the wire's own word for a step is `task_id`. */
function contextOf({ agent }: Route, { blueprint, run }: LayerContext, { stepId, n }: Attempt): JsonObject {
	const { kind: global, perAgentKinds: perAgent, sid, backendId } = run.options.operator ?? {}
	const kind = KINDS[operatorKindOf(blueprint, agent, { global, perAgent })]
	return { task_id: stepId, attempt: n, agent: agent.name, operator: { kind, id: sid ?? backendId ?? null } }
}
