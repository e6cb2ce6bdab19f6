import type { LayerRegistry } from './layer.ts'
import type { LayerDeps } from './layer-deps.ts'
import { longHold } from './long-hold.ts'
import { mainAi } from './main-ai.ts'
import { operatorDelegate } from './operator-delegate.ts'
import { seniorEscalation } from './senior-escalation.ts'

/** The layers every server has. `longHoldMs` of null leaves out the warning about long attempts. */
export function defaultLayerRegistry(deps: LayerDeps, { longHoldMs }: { readonly longHoldMs: number | null }): LayerRegistry {
	return {
		base: longHoldMs === null ? [] : [longHold(deps, longHoldMs)],
		hints: new Map([
			['main_ai', mainAi(deps)],
			['senior_escalation', seniorEscalation(deps)],
			['operator_delegate', operatorDelegate(deps)],
		]),
	}
}
