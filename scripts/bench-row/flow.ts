import { parseFlow } from '../../src/core/blueprint/parse-flow.ts'
import { compileFlow } from '../../src/core/flow/compile-flow.ts'
import { evaluateFlow } from '../../src/core/flow/evaluate-flow.ts'
import type { FlowHost } from '../../src/core/flow/flow-host.ts'
import type { Json } from '../../src/kernel/json.ts'
import { chain, seq, step } from './part/blueprint.ts'
import { compare, elapsed } from './part/round.ts'
import type { BenchRow } from './row.ts'

const KB = 1024
const NODES_A_ROUND = 4

/** Flow evaluation alone: what a node costs must not depend on how much the ctx holds. */
export const flowRow: BenchRow = {
	name: 'flow',
	async measure({ quick, rounds }) {
		const loops = quick ? 1000 : 25_000
		const flow = compiled(chain(loops, seq(step('echo', 1, '$.at.last'), step('echo', 2, '$.other'), step('echo', 3, '$.at.deep.er'))))
		const nodeNs = async (ctx: Json): Promise<number> => {
			const ms = await elapsed(() => evaluateFlow(flow, ctx, host, new AbortController().signal))
			return (ms * 1e6) / (loops * NODES_A_ROUND)
		}
		const [small, large] = [ctxOf(KB), ctxOf(10 * KB * KB)]
		await nodeNs(small)
		const { value, bare, ratio } = await compare(
			rounds,
			() => nodeNs(small),
			() => nodeNs(large),
		)
		return [
			{
				what: 'a flow node, ctx of 10 MB',
				...{ value, unit: 'ns', ratio },
				bare: { what: 'the same, ctx of 1 KB', value: bare },
				floors: [{ of: 'ratio', is: 'at most', limit: 1.5 }],
			},
		]
	},
}

const host: FlowHost = {
	limits: { fanoutWidth: 1, fanoutConcurrency: 1, loopMax: 1_000_000 },
	dispatch: ({ input }) => input,
	decided: () => undefined,
	decide() {},
}

function compiled(flow: Json) {
	const { node } = parseFlow(flow)
	if (!node) throw new Error('the flow of the bench does not parse')
	return compileFlow(node)
}

/** About so many bytes of JSON: wide at the top, with text in each member. */
function ctxOf(bytes: number): Json {
	const members = Math.ceil(bytes / KB)
	const text = 'x'.repeat(KB - 16)
	return { at: { deep: {} }, ...Object.fromEntries(Array.from({ length: members }, (_, n) => [`member${n}`, text])) }
}
