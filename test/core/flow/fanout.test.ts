import { describe, expect, test } from 'bun:test'
import { FlowError } from '../../../src/core/flow/flow-error.ts'
import type { FlowHost } from '../../../src/core/flow/flow-host.ts'
import type { Json } from '../../../src/kernel/json.ts'
import type { Join } from '../../../src/protocol/flow.ts'
import { verifies } from '../../support/verifies.ts'
import { assign, at, failureOf, fanout, hostOf, lit, manualHost, run, seq, step, tryNode, turn } from './flow-world.ts'

const work = step('work', at('$.item'), '$.out')
const lanes = (join: Join, count = 3) => fanout([...Array(count).keys()], join, work)

/** A manual host that notes what it is told to decide and which lanes had been aborted by then. */
function decidingHost(over: Partial<FlowHost> = {}) {
	const decisions: { position: string; lane: number; aborted: boolean[] }[] = []
	const manual = manualHost({
		decide: (position, lane) => void decisions.push({ position, lane, aborted: manual.calls.map((call) => call.signal.aborted) }),
		...over,
	})
	return { ...manual, decisions }
}

describe('a fan-out', () => {
	test('dispatches in item order, each lane under its own position', async () => {
		verifies('04.31')
		const { host, calls } = manualHost()
		const done = run(seq(lanes('all')), {}, host)
		expect(calls.map(({ position, input }) => [position, input])).toEqual([
			['/0/lane[0]', 0],
			['/0/lane[1]', 1],
			['/0/lane[2]', 2],
		])
		for (const call of calls.toReversed()) call.pass(`done ${call.input}`)
		expect(await done).toMatchObject({ results: [{ out: 'done 0' }, { out: 'done 1' }, { out: 'done 2' }] })
	})

	test('has at most the allowed number of lanes at work; the others follow in item order', async () => {
		const { host, calls } = manualHost({ limits: { fanoutWidth: 10, fanoutConcurrency: 2, loopMax: 1 } })
		const done = run(lanes('all', 5), {}, host)
		expect(calls.length).toBe(2)
		for (let settled = 0; settled < 5; settled++) {
			calls[settled]?.pass(null)
			await turn()
			expect(calls.length).toBe(Math.min(5, settled + 3))
		}
		expect(calls.map((call) => call.input)).toEqual([0, 1, 2, 3, 4])
		await done
	})

	test('wider than the limit is a LimitError with both numbers, and nothing is dispatched', async () => {
		const { host, calls } = manualHost({ limits: { fanoutWidth: 2, fanoutConcurrency: 2, loopMax: 1 } })
		expect(await failureOf(run(lanes('all'), {}, host))).toMatchObject({
			class: 'LimitError',
			message: "limit exceeded in 'fanout': 3 items, but limits.fanout_width is 2",
		})
		expect(calls).toEqual([])
	})

	test('a bind that fails fails the node before any lane starts, under all_settled too', async () => {
		const { host, calls } = manualHost()
		const node = { ...fanout([1], 'all_settled', work), bind: at('$.text.item') }
		expect(await failureOf(run(node, { text: 'x' }, host))).toMatchObject({ class: 'TypeError' })
		expect(calls).toEqual([])
	})

	test('no items: all and all_settled write an empty list', async () => {
		expect(await run(lanes('all', 0), {})).toEqual({ results: [] })
		expect(await run(lanes('all_settled', 0), {})).toEqual({ results: [] })
	})

	test('lanes that end at once settle in item order, and lanes after the deciding one never start', async () => {
		const seen: Json[] = []
		const host = hostOf(({ input }) => {
			seen.push(input)
			return input
		})
		expect(await run(lanes('race'), {}, host)).toMatchObject({ results: { item: 0 } })
		expect(await run(lanes('any'), {}, host)).toMatchObject({ results: { item: 0 } })
		expect(seen).toEqual([0, 0])
	})

	test('steps that settle in the same turn count in item order', async () => {
		const { host, calls } = manualHost()
		const done = run(lanes('race'), {}, host)
		for (const call of calls) call.pass(null)
		expect(await done).toMatchObject({ results: { item: 0 } })
	})

	test('ten thousand lanes that end at once do not hold up the event loop', async () => {
		let turns = 0
		const tick = setInterval(() => turns++, 0)
		const count = 10_000
		const host = hostOf(({ input }) => input, { limits: { fanoutWidth: count, fanoutConcurrency: 64, loopMax: 1_000 } })
		const body = { kind: 'loop' as const, counter: at('$.n'), cond: lit(true), body: work, max: 20 }
		const result = await run(fanout([...Array(count).keys()], 'all', body), {}, host)
		clearInterval(tick)
		expect(result).toHaveProperty(['results', 'length'], count)
		expect(turns).toBeGreaterThan(1)
	})
})

describe('the lanes that lose', () => {
	test('race: are aborted in the turn of the decision, and what becomes of them is ignored', async () => {
		verifies('06.2')
		const { host, calls, decisions } = decidingHost()
		const done = run(seq(lanes('race'), step('next', lit(1), '$.next')), {}, host)
		calls[1]?.pass('fast')
		await turn()
		expect(decisions).toEqual([{ position: '/0', lane: 1, aborted: [false, false, false] }])
		expect(calls.map((call) => call.signal.aborted)).toEqual([true, false, true, false])
		expect(calls[0]?.signal.reason).toMatchObject({ kind: 'cancelled', code: 'lane_cancelled' })
		calls[0]?.fail('too late')
		calls[2]?.pass('too late')
		calls[3]?.pass('went on')
		expect(await done).toEqual({ results: { item: 1, out: 'fast' }, next: 'went on' })
		expect(decisions.length).toBe(1)
	})

	test('all: siblings of the first failure are aborted, queued lanes never start', async () => {
		const { host, calls, decisions } = decidingHost({ limits: { fanoutWidth: 10, fanoutConcurrency: 2, loopMax: 1 } })
		const failure = failureOf(run(lanes('all'), {}, host))
		calls[1]?.fail('broken')
		expect(await failure).toMatchObject({ class: 'DispatcherError', ref: 'work', position: '/lane[1]' })
		expect(calls.map((call) => call.signal.aborted)).toEqual([true, false])
		expect(decisions).toMatchObject([{ position: '', lane: 1 }])
	})

	test('any: a success decides; when all fail, the one that failed last', async () => {
		const first = decidingHost()
		const done = run(lanes('any'), {}, first.host)
		first.calls[0]?.fail('no')
		await turn()
		expect(first.decisions).toEqual([])
		first.calls[2]?.pass('yes')
		expect(await done).toMatchObject({ results: { item: 2 } })
		expect(first.decisions).toMatchObject([{ lane: 2 }])
		expect(first.calls[1]?.signal.aborted).toBe(true)

		const second = decidingHost()
		const failure = failureOf(run(lanes('any'), {}, second.host))
		for (const index of [2, 0, 1]) {
			second.calls[index]?.fail(`failed ${index}`)
			await turn()
		}
		expect(await failure).toMatchObject({ message: "dispatcher error for ref 'work': failed 1" })
		expect(second.decisions).toMatchObject([{ lane: 1 }])
	})

	test('reach the steps of fan-outs nested in them', async () => {
		const { host, calls } = manualHost()
		const inner = seq(fanout([0, 1], 'all', work), step('after', lit(null), '$.after'))
		const done = run(fanout([7, 8], 'race', inner), {}, host)
		expect(calls.map((call) => call.position)).toEqual([
			'/lane[0]/0/lane[0]',
			'/lane[0]/0/lane[1]',
			'/lane[1]/0/lane[0]',
			'/lane[1]/0/lane[1]',
		])
		calls[2]?.pass(null)
		calls[3]?.pass(null)
		await turn()
		calls[4]?.pass('won')
		await done
		expect(calls.map((call) => call.signal.aborted)).toEqual([true, true, false, false, false])
	})

	test('all that pass and all_settled are decided by no lane', async () => {
		const { host, calls, decisions } = decidingHost()
		const done = run(seq(lanes('all', 1), lanes('all_settled', 2)), {}, host)
		calls[0]?.pass(null)
		await turn()
		calls[1]?.fail('no')
		calls[2]?.pass(null)
		await done
		expect(decisions).toEqual([])
	})
})

describe('a decision of an earlier life', () => {
	test('only its lane runs, and its value is the result', async () => {
		const { host, calls, decisions } = decidingHost({ decided: (position) => (position === '/0' ? 2 : undefined) })
		const done = run(seq(lanes('race')), {}, host)
		expect(calls.map((call) => call.position)).toEqual(['/0/lane[2]'])
		calls[0]?.pass('as before')
		expect(await done).toEqual({ results: { item: 2, out: 'as before' } })
		expect(decisions).toEqual([])
	})

	test('a lane that failed fails the node again', async () => {
		for (const join of ['all', 'any', 'race'] as const) {
			const { host, calls } = manualHost({ decided: () => 1 })
			const failure = failureOf(run(lanes(join), {}, host))
			calls[0]?.fail('as before')
			expect(await failure).toMatchObject({ class: 'DispatcherError', position: '/lane[1]' })
			expect(calls.length).toBe(1)
		}
	})

	test('all_settled asks for none, and a lane that is not there decides nothing', async () => {
		const host = hostOf(({ input }) => input, { decided: () => 9 })
		expect(await run(lanes('all_settled', 1), {}, host)).toEqual({ results: [{ status: 'fulfilled', value: { item: 0, out: 0 } }] })
		expect(await run(lanes('all', 1), {}, host)).toEqual({ results: [{ item: 0, out: 0 }] })
	})

	test('an all whose deciding lane passes after all is joined afresh', async () => {
		const host = hostOf(({ input }) => input, { decided: () => 0 })
		expect(await run(lanes('all', 2), {}, host)).toEqual({
			results: [
				{ item: 0, out: 0 },
				{ item: 1, out: 1 },
			],
		})
	})
})

describe('what no join and no try can catch', () => {
	const stop = new Error('stopped')

	for (const join of ['all', 'any', 'race', 'all_settled'] as const) {
		test(`${join}: an abort reaches every lane and ends the flow with its reason`, async () => {
			const { host, calls } = manualHost()
			const controller = new AbortController()
			const guarded = tryNode(fanout([0, 1], join, tryNode(work, assign('$.caught', lit(true)))), assign('$.caught', lit(true)))
			const failure = failureOf(run(guarded, {}, host, controller.signal))
			controller.abort(stop)
			expect(calls.map((call) => call.signal.reason)).toEqual([stop, stop])
			for (const call of calls) call.fail('aborted')
			expect(await failure).toBe(stop)
			expect(calls.length).toBe(2)
		})

		test(`${join}: a fault of the host's decide ends the flow`, async () => {
			const fault = new Error('disk full')
			const decide = (): void => {
				throw fault
			}
			const host = hostOf(
				() => {
					throw new Error('no')
				},
				{ decide },
			)
			const outcome = run(tryNode(lanes(join), seq()), {}, host)
			if (join === 'all_settled') await outcome
			else expect(await failureOf(outcome)).toBe(fault)
		})
	}

	test('a FlowError of a lane, though, is caught by a try inside or outside of it', async () => {
		const host = hostOf(() => {
			throw new Error('no')
		})
		expect(await run(fanout([0], 'all', tryNode(work, seq(), '$.err')), {}, host)).toMatchObject({ results: [{ err: expect.any(String) }] })
		expect(await run(tryNode(lanes('all'), seq(), '$.err'), {}, host)).toEqual({ err: "dispatcher error for ref 'work': no" })
		expect(await failureOf(run(lanes('race'), {}, host))).toBeInstanceOf(FlowError)
	})
})
