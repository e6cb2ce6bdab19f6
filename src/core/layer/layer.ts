import type { StepId } from '../../kernel/id.ts'
import type { Json } from '../../kernel/json.ts'
import type { Blueprint } from '../../protocol/blueprint.ts'
import type { EventKind } from '../../protocol/event.ts'
import type { Plan, Route } from '../dispatch/plan.ts'
import type { Run } from '../run/record.ts'

/** Something about a run that is worth an event and changes nothing. */
export interface Remark {
	readonly event: EventKind
	readonly stepId?: StepId
	readonly data: { readonly [key: string]: Json }
}

/** What a layer knows of the run it works in. */
export interface LayerContext {
	readonly blueprint: Blueprint
	readonly run: Run
	/** Appends the event, in order with the run's journal. */
	remark(remark: Remark): void
}

/**
 * Puts something around the attempts of one agent of one run: answers with a route whose worker wraps the given one, or with
 * the given route where it has nothing to do. What it wraps is called at most once per attempt, its completion is never
 * changed: a layer that decides otherwise appends a Final to the attempt's tail.
 */
export type Layer = (route: Route, context: LayerContext) => Route

/** `base` layers are around every agent, the first one innermost; `hints` only where a Blueprint's `spawner_hints` name them. */
export interface LayerRegistry {
	readonly base: readonly Layer[]
	readonly hints: ReadonlyMap<string, Layer>
}

export const noLayers: LayerRegistry = { base: [], hints: new Map() }

/**
 * The plan as one run uses it: base layers, then hinted ones in the order of the document, each around those before it
 * (mlua-swarm 0.1.0). A run without layers uses the shared plan itself.
 */
export function layeredPlan({ base, hints }: LayerRegistry, plan: Plan, context: LayerContext): Plan {
	const named = plan.blueprint.spawner_hints.layers
	if (base.length === 0 && named.length === 0) return plan
	const layers = [...base, ...[...new Set(named)].flatMap((key) => hints.get(key) ?? [])]
	const wrap = (route: Route): Route => layers.reduce((inner, layer) => layer(inner, context), route)
	return { ...plan, routes: new Map([...plan.routes].map(([name, route]) => [name, wrap(route)])) }
}

/** Keys that no layer goes by here. They are skipped: a document may have been made for another host. */
export function unknownHints({ hints }: LayerRegistry, blueprint: Blueprint): readonly string[] {
	return [...new Set(blueprint.spawner_hints.layers)].filter((key) => !hints.has(key))
}
