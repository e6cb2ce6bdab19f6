import { parseFlow } from '../../../src/core/blueprint/parse-flow.ts'
import { compileFlow } from '../../../src/core/flow/compile-flow.ts'
import { evaluateFlow } from '../../../src/core/flow/evaluate-flow.ts'
import type { FlowHost, StepCall } from '../../../src/core/flow/flow-host.ts'
import type { Json } from '../../../src/kernel/json.ts'
import type { Expr, Join, Node } from '../../../src/protocol/flow.ts'

export const at = (path: string): Expr => ({ op: 'path', at: path })
export const lit = (value: Json): Expr => ({ op: 'lit', value })
export const assign = (path: string, value: Expr): Node => ({ kind: 'assign', at: at(path), value })
export const step = (ref: string, input: Expr, out: string): Node => ({ kind: 'step', ref, in: input, out: at(out) })
export const seq = (...children: Node[]): Node => ({ kind: 'seq', children })
export const tryNode = (body: Node, rescue: Node, errAt?: string): Node => ({
	kind: 'try',
	body,
	catch: rescue,
	err_at: errAt === undefined ? null : at(errAt),
})
export const loop = (max: number, body: Node, cond: Expr = lit(true)): Node => ({ kind: 'loop', counter: at('$.n'), cond, body, max })
export const branch = (cond: Expr, whenTrue: Node, whenFalse: Node): Node => ({ kind: 'branch', cond, then: whenTrue, else: whenFalse })
export const fanout = (items: Json[], join: Join, body: Node): Node => ({
	kind: 'fanout',
	items: lit(items),
	bind: at('$.item'),
	body,
	join,
	out: at('$.results'),
})

/** A host whose steps answer as `dispatch` says, with generous limits and no earlier life. */
export function hostOf(dispatch: FlowHost['dispatch'], over: Partial<FlowHost> = {}): FlowHost {
	const limits = { fanoutWidth: 1_000, fanoutConcurrency: 1_000, loopMax: 1_000_000 }
	return { dispatch, decided: () => undefined, decide() {}, limits, ...over }
}

export const idle = hostOf(() => null)

export function run(flow: unknown, ctx: Json, host: FlowHost = idle, signal = new AbortController().signal): Promise<Json> {
	const { node, diagnostics } = parseFlow(flow)
	if (node === undefined) return Promise.reject(new Error(diagnostics[0]?.message ?? 'no node'))
	return evaluateFlow(compileFlow(node), ctx, host, signal)
}

/** What a promise rejects with. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
	const outcome = await promise.then(
		(value) => ({ value }),
		(thrown: unknown) => ({ thrown }),
	)
	if ('thrown' in outcome) return outcome.thrown
	throw new Error(`it passed with ${JSON.stringify(outcome.value)}`)
}

export interface OpenCall extends StepCall {
	pass(value: Json): void
	fail(message: string): void
}

/** A host whose steps stay open until the test settles them; `calls` lists them in the order of dispatch. */
export function manualHost(over: Partial<FlowHost> = {}): { host: FlowHost; calls: OpenCall[] } {
	const calls: OpenCall[] = []
	const host = hostOf((call) => {
		const { promise, resolve, reject } = Promise.withResolvers<Json>()
		calls.push({ ...call, pass: resolve, fail: (message) => reject(new Error(message)) })
		return promise
	}, over)
	return { host, calls }
}

/** One turn of the event loop: everything that can go on has gone on. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
