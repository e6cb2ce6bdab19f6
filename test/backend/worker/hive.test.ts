import { expect, test } from 'bun:test'
import { hiveWorkers } from '../../../src/backend/worker/hive.ts'
import { LeaseDesk } from '../../../src/core/worker/lease-desk.ts'
import { systemClock } from '../../../src/kernel/clock.ts'
import { silentLogger } from '../../../src/kernel/log.ts'
import type { ProtocolEvent } from '../../../src/protocol/runtime-frame.ts'
import { eventually } from '../../support/eventually.ts'
import { memoryLeases } from './memory-lease.ts'

const WORKER = 'runtime:worker-00000001'

/** Messages by their key, as an inbox keeps them; it outlives a life of the server. */
function hiveWorld(start: () => Promise<void> = async () => {}) {
	const leases = memoryLeases()
	const inbox = new Map<string, object>()
	const started: string[] = []
	return {
		...{ inbox, started },
		async life() {
			const events: ProtocolEvent[] = []
			const desk = new LeaseDesk({ store: leases, clock: systemClock, log: silentLogger })
			const workers = hiveWorkers({
				...{ desk, unavailable: () => null },
				async ensureRunning(agent, by) {
					started.push(`${agent} for ${by}`)
					await start()
				},
				async send({ key, ...message }) {
					if (!inbox.has(key)) inbox.set(key, message)
				},
			})
			const execution = await workers.profile('alice').spawn({
				...{ workerId: 'worker-00000001', generation: 1, isRestored: false, flushed: async () => {} },
				request: { intent: { kind: 'assistant' }, profile: { kind: 'runtime_default' } },
				attachment: async () => null,
				publish: (event) => void events.push(event),
				transcript: async () => [{ sequence: 7, role: 'user', content: 'hello', eventId: 1 }],
			})
			return { events, desk, workers, execution }
		},
	}
}

async function asked(world = hiveWorld()) {
	const life = await world.life()
	const answer = await life.execution.input({ kind: 'user', content: 'hello' })
	if ('outcome' in answer) throw new Error(answer.message)
	answer.begin(7)
	await eventually(() => world.inbox.size === 1, { what: 'the message is in the inbox' })
	return { world, ...life }
}

test('a turn is one message to the agent, which runs by then, and what it sends back is the result', async () => {
	const { world, workers, events } = await asked()
	expect(world.started).toEqual([`alice for ${WORKER}`])
	expect([...world.inbox.values()]).toEqual([{ from: WORKER, to: 'alice', body: 'hello', via: 'daemon' }])
	expect(await workers.take('alice', WORKER, 'HELLO')).toBe(true)
	expect(events).toEqual([
		{ event: 'text_done', data: { text: 'HELLO' } },
		{ event: 'run_end', data: { result: 'finished' } },
	])
})

test('one answer is taken for each turn, and only from the agent that was asked', async () => {
	const { workers } = await asked()
	expect(workers.take('bob', WORKER, 'x')).rejects.toMatchObject({ kind: 'not_found' })
	const both = await Promise.allSettled([workers.take('alice', WORKER, '1'), workers.take('alice', WORKER, '2')])
	expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
	expect(workers.take('alice', WORKER, '3')).rejects.toThrow(`${WORKER} waits for no answer`)
	expect(await workers.take('alice', 'bob', 'x')).toBe(false)
})

test('a turn goes on in the next life of the server without a second message', async () => {
	const { world, execution } = await asked()
	await execution.close()
	const next = await world.life()
	next.execution.resume?.(7)
	await eventually(() => next.desk.has('worker-00000001'), { what: 'the turn is open again' })
	expect(world.inbox.size).toBe(1)
	await next.workers.take('alice', WORKER, 'late')
	expect(next.events[0]?.data).toEqual({ text: 'late' })
})

test('the end of a worker lets its agent be, whose late answer goes nowhere', async () => {
	const { execution, workers } = await asked()
	expect(await execution.stop?.(null)).toMatchObject({ outcome: 'accepted' })
	await execution.close()
	expect(workers.take('alice', WORKER, 'late')).rejects.toMatchObject({ kind: 'not_found' })
})

test('a worker whose agent does not start is not there', async () => {
	const world = hiveWorld(() => Promise.reject(new Error('agent "alice" did not start')))
	expect(world.life()).rejects.toThrow('did not start')
})
