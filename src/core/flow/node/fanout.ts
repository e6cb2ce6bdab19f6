import type { Json } from '../../../kernel/json.ts'
import type { Join, NodeOf } from '../../../protocol/flow.ts'
import type { Ctx } from '../ctx.ts'
import { compileExpr, compileTarget, type Writer } from '../expression.ts'
import { limitError, typeError } from '../flow-error.ts'
import { JOINERS } from '../join.ts'
import type { CompileNode, Lane, Runner } from '../lane.ts'
import { LaneGroup } from '../lane-group.ts'
import { debugText } from '../render.ts'

export function fanout(node: NodeOf<'fanout'>, compile: CompileNode): Runner {
	const { join } = node
	const readItems = compileExpr(node.items)
	const bind = compileTarget(node.bind)
	const body = compile(node.body)
	const write = compileTarget(node.out)

	return async (lane, position) => {
		const items = checkItems(readItems(lane), join, lane.host.limits.fanoutWidth)
		let ctxs = forks(lane, items, bind)
		if (ctxs.length === 0) return write(lane, [])

		const index = join === 'all_settled' ? undefined : lane.host.decided(position)
		const decider = index === undefined ? undefined : ctxs[index]
		if (decider !== undefined) {
			await body({ ...lane, ctx: decider }, `${position}/lane[${index}]`)
			if (join !== 'all') return write(lane, decider.value())
			// Only a failure decides an `all`: a lane that passes after all leaves it open.
			ctxs = forks(lane, items, bind)
		}
		const group = new LaneGroup({ parent: lane, position, ctxs, body, joiner: JOINERS[join](ctxs.length) })
		write(lane, await group.run())
	}
}

function checkItems(items: Json, join: Join, most: number): readonly Json[] {
	if (!Array.isArray(items)) throw typeError('fanout.items', `expected array, got ${debugText(items)}`)
	if (items.length > most) throw limitError('fanout', `${items.length} items, but limits.fanout_width is ${most}`)
	if (items.length === 0 && (join === 'any' || join === 'race')) throw typeError(`fanout.${join}`, 'requires at least one item')
	return items
}

/** A ctx for each item with the item bound, all of them before any lane starts. */
function forks(lane: Lane, items: readonly Json[], bind: Writer): Ctx[] {
	return items.map((item) => {
		const ctx = lane.ctx.fork()
		bind({ ...lane, ctx }, item)
		return ctx
	})
}
