import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { compileFlow } from '../../../src/core/flow/compile-flow.ts'
import { evaluateFlow, POSITION_SCHEME } from '../../../src/core/flow/evaluate-flow.ts'
import { Skipped } from '../../../src/core/flow/flow-host.ts'
import type { Json } from '../../../src/kernel/json.ts'
import type { Node } from '../../../src/protocol/flow.ts'
import { assign, at, branch, failureOf, fanout, hostOf, idle, lit, loop, manualHost, run, seq, step, tryNode, turn } from './flow-world.ts'

describe('a step', () => {
	test('has the same position each time, made of the nodes, iterations and lanes that lead to it', async () => {
		const positions: string[] = []
		const host = hostOf(({ position, ref }) => {
			positions.push(position)
			if (ref === 'bad') throw new Error('no')
			return null
		})
		const work = step('work', lit(null), '$.x')
		await run(
			seq(
				work,
				loop(2, seq(work)),
				branch(lit(true), work, seq()),
				branch(lit(false), seq(), work),
				tryNode(step('bad', lit(null), '$.x'), work),
				fanout([1, 2], 'all', work),
			),
			{},
			host,
		)
		await run(work, {}, host)
		expect(POSITION_SCHEME).toBe(1)
		expect(positions).toEqual([
			'/0',
			'/1/body[0]/0',
			'/1/body[1]/0',
			'/2/then',
			'/3/else',
			'/4/try',
			'/4/catch',
			'/5/lane[0]',
			'/5/lane[1]',
			'',
		])
	})

	test('that is skipped leaves its out unwritten', async () => {
		const host = hostOf(async (): Promise<Skipped> => Skipped)
		expect(await run(step('w', lit(1), '$.out'), { out: 'old' }, host)).toEqual({ out: 'old' })
	})

	test('may answer with JSON that has a key named then', async () => {
		const host = hostOf(() => ({ then: 'x' }))
		expect(await run(step('w', lit(1), '$.out'), {}, host)).toEqual({ out: { then: 'x' } })
	})

	test('that fails keeps what dispatch threw', async () => {
		const cause = new Error('boom')
		const host = hostOf(() => Promise.reject(cause))
		expect(await failureOf(run(seq(step('gate', lit(1), '$.out')), {}, host))).toMatchObject({
			class: 'DispatcherError',
			message: "dispatcher error for ref 'gate': boom",
			ref: 'gate',
			position: '/0',
			cause,
		})
	})

	test('is given an input that no later write changes', async () => {
		const given: { input: Json; text: string }[] = []
		const host = hostOf(({ input }) => {
			given.push({ input, text: JSON.stringify(input) })
			return input
		})
		const paths = fc.constantFrom('$', '$.a', '$.b', '$.a.b', '$.a.b.c')
		const nodes: fc.Arbitrary<Node> = fc.oneof(
			fc.tuple(paths, paths).map(([from, to]) => tryNode(step('w', at(from), to), seq())),
			fc.tuple(paths, fc.nat(9)).map(([to, value]) => tryNode(assign(to, lit(value)), seq())),
			fc.tuple(paths, fc.nat(9)).map(([to, value]) => tryNode(seq(assign(to, lit({ value })), assign('$.x', at('$.missing'))), seq())),
			paths.map((to) => tryNode(fanout([1, 2], 'all', step('w', at('$'), to)), seq())),
		)
		await fc.assert(
			fc.asyncProperty(fc.array(nodes, { maxLength: 12 }), async (children) => {
				given.length = 0
				const initial = { a: { b: { c: 1 } } }
				await run(seq(...children), initial, host)
				expect(initial).toEqual({ a: { b: { c: 1 } } })
				for (const { input, text } of given) expect(JSON.stringify(input)).toBe(text)
			}),
			{ numRuns: 300 },
		)
	})
})

describe('a literal', () => {
	test('is frozen, so that a step cannot change what the next iteration sees', async () => {
		const host = hostOf(({ input }) => {
			;(input as { n: number }).n++
			return null
		})
		expect(await failureOf(run(step('w', lit({ n: 1 }), '$.x'), {}, host))).toMatchObject({ class: 'DispatcherError' })
	})
})

describe('an abort', () => {
	const stop = new Error('stopped')

	test('before the start dispatches nothing', async () => {
		const { host, calls } = manualHost()
		expect(await failureOf(run(step('w', lit(1), '$.x'), {}, host, AbortSignal.abort(stop)))).toBe(stop)
		expect(calls).toEqual([])
	})

	test('during a step ends the flow with its reason, not as a failure that try could catch', async () => {
		const { host, calls } = manualHost()
		const controller = new AbortController()
		const flow = tryNode(step('w', lit(1), '$.x'), step('rescue', lit(1), '$.x'))
		const failure = failureOf(run(flow, {}, host, controller.signal))
		controller.abort(stop)
		calls[0]?.fail('aborted')
		expect(await failure).toBe(stop)
		expect(calls.length).toBe(1)
	})

	test('during a step that passes all the same dispatches nothing more', async () => {
		const { host, calls } = manualHost()
		const controller = new AbortController()
		const failure = failureOf(run(seq(step('a', lit(1), '$.x'), step('b', lit(1), '$.x')), {}, host, controller.signal))
		controller.abort(stop)
		calls[0]?.pass(null)
		expect(await failure).toBe(stop)
		expect(calls.length).toBe(1)
	})

	test('ends a loop that never waits', async () => {
		const controller = new AbortController()
		const failure = failureOf(
			run(
				loop(2 ** 32 - 1, seq()),
				{},
				hostOf(() => null, { limits: { fanoutWidth: 1, fanoutConcurrency: 1, loopMax: 2 ** 32 } }),
				controller.signal,
			),
		)
		await turn()
		controller.abort(stop)
		expect(await failure).toBe(stop)
	})
})

describe('a loop', () => {
	const host = hostOf(() => null, { limits: { fanoutWidth: 1, fanoutConcurrency: 1, loopMax: 5 } })

	test('with a greater max than the limit runs up to the limit, then is a LimitError that names it', async () => {
		expect(await failureOf(run(loop(9, assign('$.i', at('$.n'))), {}, host))).toMatchObject({
			class: 'LimitError',
			message: "limit exceeded in 'loop': 5 iterations done and cond still holds; max is 9, but limits.loop_max is 5",
		})
	})

	test('that ends in time is not held against its max', async () => {
		const cond = { op: 'lt' as const, lhs: at('$.n'), rhs: lit(5) }
		expect(await run(loop(9, seq(), cond), {}, host)).toEqual({ n: 5 })
		expect(await run(loop(5, seq()), {}, host)).toEqual({ n: 5 })
	})

	test('goes on after each step that waits', async () => {
		const waiting = hostOf(async () => null)
		expect(await run(loop(20_000, step('w', at('$.n'), '$.x')), {}, waiting)).toEqual({ n: 20_000, x: null })
	})
})

describe('a flow', () => {
	test('as deep as the parser allows runs', async () => {
		let flow: Node = assign('$.x', lit(1))
		for (let depth = 0; depth < 500; depth++) flow = depth % 2 ? seq(flow) : tryNode(flow, seq())
		expect(await run(flow, {})).toEqual({ x: 1 })
		let expr = at('$.x')
		for (let depth = 0; depth < 500; depth++) expr = { op: 'not', arg: expr }
		expect(await run(assign('$.y', expr), { x: true })).toEqual({ x: true, y: true })
	})

	test('lets the event loop turn during long work', async () => {
		const turns: number[] = []
		const tick = setInterval(() => turns.push(1), 0)
		await run(loop(300_000, assign('$.i', at('$.n'))), {})
		clearInterval(tick)
		expect(turns.length).toBeGreaterThan(2)
	})

	test('is compiled once and may run many times at the same time', async () => {
		const flow = compileFlow(seq(assign('$.y', at('$.x')), step('w', at('$.y'), '$.z')))
		const { host, calls } = manualHost()
		const signal = new AbortController().signal
		const both = [evaluateFlow(flow, { x: 1 }, host, signal), evaluateFlow(flow, { x: 2 }, host, signal)]
		for (const call of calls.toReversed()) call.pass(call.input)
		expect(await Promise.all(both)).toEqual([
			{ x: 1, y: 1, z: 1 },
			{ x: 2, y: 2, z: 2 },
		])
	})

	test('undoes all writes of a failed try, those to objects handed out meanwhile too', async () => {
		const seen: Json[] = []
		const host = hostOf(({ input }) => {
			seen.push(input)
			return input
		})
		const body = seq(assign('$.a.b', lit(2)), step('w', at('$.a'), '$.copy'), assign('$.a.b', lit(3)), assign('$.z', at('$.missing')))
		expect(await run(tryNode(body, assign('$.c', at('$.a.b')), '$.err'), { a: { b: 1 } }, host)).toEqual({
			a: { b: 1 },
			c: 1,
			err: 'path not found: $.missing',
		})
		expect(seen).toEqual([{ b: 2 }])
	})

	test('a failed err_at write fails the try, and its catch does not run', async () => {
		const flow = tryNode(assign('$.x', at('$.missing')), assign('$.caught', lit(true)), '$.text.err')
		expect(await failureOf(run(flow, { text: 'x' }, idle))).toMatchObject({ class: 'TypeError' })
	})
})
