import { describe, expect, test } from 'bun:test'
import { parseFlow } from '../../../src/core/blueprint/parse-flow.ts'
import { FlowError } from '../../../src/core/flow/flow-error.ts'
import type { FlowHost, StepCall } from '../../../src/core/flow/flow-host.ts'
import type { Json } from '../../../src/kernel/json.ts'
import vectors from '../../fixture/flow-vector.json'
import { verifies } from '../../support/verifies.ts'
import { hostOf, run, turn } from './flow-world.ts'

interface Vector {
	readonly id: string
	readonly desc: string
	readonly flow: unknown
	/** The same flow as flow-ir 0.0.5 spells it. */
	readonly flow_legacy?: unknown
	readonly ctx: Json
	readonly stubs?: { readonly [ref: string]: Stub }
	readonly externs?: boolean
	readonly expect: Expectation
	/** Why it cannot hold here. */
	readonly skip?: string
}

interface Expectation {
	readonly ctx?: Json
	readonly error?: { readonly kind: string; readonly message: string }
	readonly parse_error?: string
	readonly calls?: readonly (readonly [string, Json])[]
}

interface Stub {
	readonly const?: Json
	readonly echo?: boolean
	readonly fail?: string
	readonly seq?: readonly Stub[]
	readonly by_input?: { readonly [json: string]: Stub }
	readonly delay_ms?: number
}

/** Refused by flow-ir 0.2.0, read here as 0.0.5 spelled it, with the meaning of 0.2.0. */
const DECIDED: { readonly [id: string]: Expectation } = {
	W08: { calls: [], ctx: { x: true } },
	W11: { calls: [], ctx: { a: null, x: false } },
}

describe('flow vectors measured on flow-ir 0.2.0', () => {
	const table = vectors as unknown as readonly Vector[]

	test('there are 112', () => {
		verifies('06.1')
		expect(table.length).toBe(112)
	})

	for (const vector of table) {
		const title = `${vector.id}: ${vector.desc}`
		if (vector.skip !== undefined) {
			test.skip(`${title} (${vector.skip})`, () => {})
			continue
		}
		test(title, () => prove(vector, vector.flow))
		if (vector.flow_legacy !== undefined) test(`${title} (spelled as in flow-ir 0.0.5)`, () => prove(vector, vector.flow_legacy))
	}
})

async function prove(vector: Vector, flow: unknown): Promise<void> {
	const expected = DECIDED[vector.id] ?? vector.expect
	if (expected.parse_error !== undefined) {
		const { node, diagnostics } = parseFlow(flow)
		expect(node).toBeUndefined()
		expect(diagnostics[0]?.message).toBe(expected.parse_error)
		return
	}
	const calls: [string, Json][] = []
	const before = JSON.stringify(vector.ctx)
	const outcome = await run(flow, vector.ctx, stubHost(vector, calls)).then(
		(ctx) => ({ ctx }),
		(thrown: unknown) => ({ error: thrown instanceof FlowError ? { kind: thrown.class, message: thrown.message } : thrown }),
	)
	expect<unknown>({ calls, ...outcome }).toEqual(expected)
	expect(JSON.stringify(vector.ctx)).toBe(before)
}

const EXTERNS = new Map<string, (args: readonly Json[]) => Json>([
	['sum', (args) => args.reduce<number>((total, arg) => total + Number(arg), 0)],
	['count_blocked', ([list]) => (Array.isArray(list) ? list.filter((item) => item.verdict === 'BLOCKED').length : 0)],
	[
		'boom',
		() => {
			throw new Error('kaput')
		},
	],
])

/** Delayed stubs settle in the order of their delays, one in a turn of the event loop, without waiting for real. */
function stubHost(vector: Vector, calls: [string, Json][]): FlowHost {
	const seen = new Map<string, number>()
	const late: { at: number; settle: () => void }[] = []
	const dispatch = ({ ref, input }: StepCall): Json | Promise<Json> => {
		calls.push([ref, input])
		const stub = pick(vector.stubs?.[ref], input, seen.get(ref) ?? 0)
		seen.set(ref, (seen.get(ref) ?? 0) + 1)
		const answer = (): Json => answerOf(stub, ref, input)
		if (stub.delay_ms === undefined) return answer()
		return new Promise((resolve, reject) => {
			late.push({ at: stub.delay_ms ?? 0, settle: () => void Promise.try(answer).then(resolve, reject) })
			if (late.length === 1) void settleInOrder(late)
		})
	}
	return hostOf(dispatch, vector.externs ? { externs: EXTERNS } : {})
}

async function settleInOrder(late: { at: number; settle: () => void }[]): Promise<void> {
	await turn()
	late.sort((a, b) => a.at - b.at)
	for (let next = late.shift(); next !== undefined; next = late.shift()) {
		next.settle()
		await turn()
	}
}

function pick(stub: Stub | undefined, input: Json, nth: number): Stub {
	if (stub === undefined) throw new Error('a step without a stub was dispatched')
	if (stub.by_input !== undefined) return pick(stub.by_input[JSON.stringify(input)], input, nth)
	return stub.seq === undefined ? stub : pick(stub.seq[Math.min(nth, stub.seq.length - 1)], input, nth)
}

/** The swarm's dispatcher words its failures like the evaluator, which is why their prefix appears twice. */
function answerOf(stub: Stub, ref: string, input: Json): Json {
	if (stub.fail !== undefined) throw new Error(`dispatcher error for ref '${ref}': ${stub.fail}`)
	return stub.echo ? input : (stub.const ?? null)
}
