import { describe, expect, test } from 'bun:test'
import { OpenTraces } from '../../../src/core/trace/open-traces.ts'
import type { Span } from '../../../src/core/trace/span.ts'
import { startTraces, type Traces } from '../../../src/core/trace/trace-export.ts'
import type { Logger } from '../../../src/kernel/log.ts'
import { silentLogger } from '../../../src/kernel/log.ts'
import { SqliteTraceStore } from '../../../src/store/sqlite/trace-store.ts'
import { testDatabase } from '../../store/sqlite/support.ts'
import { eventually } from '../../support/eventually.ts'
import { fakeClock } from '../../support/fake-clock.ts'
import { memoryEventLog } from '../../support/memory-event-log.ts'

type Answer = null | string | Error | 'hang'

/** A sink that answers what the test says and takes everything otherwise. */
async function world() {
	const clock = fakeClock()
	const events = memoryEventLog()
	const at = testDatabase('memory')
	const store = new SqliteTraceStore(at.db)
	const got: string[] = []
	const batches: number[] = []
	const answers: Answer[] = []
	const said: string[] = []
	const logger: Logger = { ...silentLogger, warn: (message) => void said.push(message), info: (message) => void said.push(message) }
	const sink = {
		async send(spans: readonly Span[]) {
			const answer = answers.shift() ?? null
			if (answer instanceof Error) throw answer
			if (answer === 'hang') return new Promise<string | null>(() => {})
			if (answer !== null) return answer
			batches.push(spans.length)
			got.push(...spans.map(({ name, attributes }) => `${name} ${attributes['mse.run.id']}`))
			return null
		},
		close: async () => {},
	}
	const start = (): Promise<Traces> => startTraces({ log: events.log, store, sink, clock, logger, share: 1 })
	let traces = await start()
	const step = (run: string, id: string) => ({ run_id: run, step_id: id, data: { ref: 's', position: '/', attempt: 1, status: 'passed' } })
	return {
		...{ clock, events, store, got, batches, answers, said },
		get traces() {
			return traces
		},
		begin: (run: string) => events.commit(['run.started'], { run_id: run, data: { blueprint: 'b' } }),
		dispatch: (run: string, id = 'ST-1') => events.commit(['step.dispatched'], step(run, id)),
		complete: (run: string, id = 'ST-1') => events.commit(['step.completed'], step(run, id)),
		end: (run: string) => events.commit(['run.done'], { run_id: run }),
		/** Everything told so far lies in the queue, and the wait for more is over. */
		async settle() {
			for (let round = 0; round < 3; round++) {
				await Bun.sleep(1)
				await clock.advance(1000)
			}
		},
		sent: (count: number) => eventually(() => got.length >= count, { what: `${count} spans were sent` }),
		async restart(withinMs = 0) {
			const stopped = traces.stop(withinMs)
			await clock.advance(withinMs)
			await stopped
			traces = await start()
		},
		async [Symbol.asyncDispose]() {
			const stopped = traces.stop(0)
			await clock.advance(0)
			await stopped
			at[Symbol.dispose]()
		},
	}
}

describe('traces', () => {
	test('begin with what is committed from now on, and gather for a moment', async () => {
		await using it = await world()
		it.begin('R-1')
		it.complete('R-1')
		await Bun.sleep(5)
		expect(it.got).toEqual([])
		await it.settle()
		await it.sent(1)
		it.end('R-1')
		await it.settle()
		await it.sent(2)
		expect(it.got).toEqual(['step s R-1', 'run b R-1'])
		expect(await it.traces.figures()).toEqual({ sent: 2, refused: 0, failures: 0, waiting: 0, behind: 0, trouble: null })
	})

	test('what the last life had not sent is sent by the next, whole', async () => {
		await using it = await world()
		it.begin('R-1')
		it.dispatch('R-1')
		it.complete('R-1')
		await it.settle()
		await it.sent(2)
		it.answers.push('hang')
		it.dispatch('R-1', 'ST-2')
		it.end('R-1')
		await it.settle()
		await it.restart()
		await it.settle()
		await it.sent(5)
		expect(it.got).toEqual(['attempt s R-1', 'step s R-1', 'attempt s R-1', 'step s R-1', 'run b R-1'])
	})

	test('a sink that is away is told of once, holds up nothing and gets everything when it is back', async () => {
		await using it = await world()
		it.answers.push(new Error('refused'), new Error('refused'), new Error('refused'))
		for (const run of ['R-1', 'R-2', 'R-3']) {
			it.begin(run)
			it.end(run)
		}
		await it.settle()
		expect(await it.traces.figures()).toMatchObject({ sent: 0, trouble: 'refused' })
		for (let n = 0; n < 5; n++) await it.settle()
		await it.sent(3)
		expect(it.said).toEqual(['traces cannot be sent; they wait in the log of events', 'traces are taken again'])
		expect(await it.traces.figures()).toMatchObject({ sent: 3, failures: 3, trouble: null })
	})

	test('memory is bounded while a sink is away: the log keeps the rest', async () => {
		await using it = await world()
		it.answers.push(...Array.from({ length: 100 }, () => new Error('refused')))
		for (let n = 0; n < 6000; n++) it.complete('R-1', `ST-${n}`)
		await it.settle()
		const { waiting, behind } = await it.traces.figures()
		expect(waiting).toBeLessThanOrEqual(2048)
		expect(behind).toBeGreaterThan(1000)
		it.answers.length = 0
		for (let n = 0; n < 20; n++) await it.settle()
		await it.sent(6000)
		expect(it.got).toHaveLength(6000)
		expect(Math.max(...it.batches)).toBeLessThanOrEqual(512)
	})

	test('plenty of spans do not wait for more', async () => {
		await using it = await world()
		for (let n = 0; n < 3000; n++) it.complete('R-1', `ST-${n}`)
		await it.sent(2560)
	})

	test('spans that are refused for good are counted, and those after them go on', async () => {
		await using it = await world()
		it.answers.push('it answered 400 no such field')
		it.complete('R-1')
		await it.settle()
		it.complete('R-1', 'ST-2')
		await it.settle()
		await it.sent(1)
		expect(await it.traces.figures()).toMatchObject({ sent: 1, refused: 1, trouble: null })
		expect(it.said[0]).toBe('spans were refused and are dropped')
	})

	test('a stop sends what has happened by then, without the wait', async () => {
		await using it = await world()
		it.begin('R-1')
		it.end('R-1')
		await it.restart(3000)
		expect(it.got).toEqual(['run b R-1'])
	})

	test('a stop waits for no sink that hangs, nor for one that is away', async () => {
		await using it = await world()
		for (const answer of ['hang', new Error('refused')] as const) {
			it.answers.push(answer)
			it.complete('R-1')
			await it.restart(3000)
		}
		await it.settle()
		await it.sent(2)
	})

	test('a place at which nothing happens to runs is noted from time to time', async () => {
		await using it = await world()
		it.events.commit(['session.joined', 'session.ended'])
		await it.clock.elapse(60_000)
		await eventually(async () => (await it.store.cursor()) === 2, { what: 'the place is noted' })
	})

	test('that were off begin anew when they are on again', async () => {
		await using it = await world()
		await it.store.forget()
		expect(await it.store.cursor()).toBeNull()
		it.complete('R-1')
		await it.restart()
		expect(await it.store.cursor()).toBe(1)
	})

	test('go on where events are no longer kept', async () => {
		await using it = await world()
		await it.traces.stop(0)
		it.begin('R-1')
		it.end('R-1')
		it.begin('R-2')
		it.end('R-2')
		it.events.drop(3)
		await it.restart()
		await it.settle()
		await it.sent(1)
		expect(it.got).toEqual(['run b R-2'])
		expect(it.said).toContain('traces miss events that are no longer kept')
	})
})

test('traces of more runs than are kept in memory are read again, and are the same', async () => {
	const events = memoryEventLog()
	const runs = ['R-1', 'R-2', 'R-3', 'R-4']
	const told = [
		...runs.flatMap((run_id) => events.commit(['run.started'], { run_id, data: { blueprint: 'b' } })),
		...runs.flatMap((run_id) => events.commit(['step.dispatched'], { run_id, step_id: `ST-${run_id}`, data: { ref: 's', position: '/' } })),
		...runs.flatMap((run_id) =>
			events.commit(['step.completed'], { run_id, step_id: `ST-${run_id}`, data: { ref: 's', position: '/', status: 'passed' } }),
		),
		...runs.flatMap((run_id) => events.commit(['run.done'], { run_id })),
	]
	const all = async (most: number): Promise<Span[]> => {
		const open = new OpenTraces(events.log, 1, most)
		const spans: Span[] = []
		for (const event of told) {
			const { run_id = '' } = event
			const trace = await open.before({ ...event, run_id })
			spans.push(...trace.take(event))
			open.after(run_id, trace)
		}
		return spans
	}
	const few = await all(2)
	expect(events.log.reads).toBeGreaterThan(4)
	expect(few).toEqual(await all(100))
	expect(few).toHaveLength(8)
})
