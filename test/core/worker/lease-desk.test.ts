import { expect, test } from 'bun:test'
import type { TurnOffer } from '../../../src/core/worker/lease.ts'
import { LeaseDesk } from '../../../src/core/worker/lease-desk.ts'
import type { MseError } from '../../../src/kernel/error.ts'
import { silentLogger } from '../../../src/kernel/log.ts'
import type { ProtocolEvent } from '../../../src/protocol/runtime-frame.ts'
import { memoryLeases } from '../../backend/worker/memory-lease.ts'
import { fakeClock } from '../../support/fake-clock.ts'

const PROFILE = 'http:desk'

/** A desk over leases that outlive it, and what the workers of its turns said. */
function leaseWorld() {
	const clock = fakeClock()
	const store = memoryLeases()
	const events: ProtocolEvent[] = []
	const offerOf = (workerId: string, turn: number, over: Partial<TurnOffer> = {}): TurnOffer => ({
		...{ workerId, turn, profile: PROFILE, isPulled: true, leaseMs: 60_000, deadlineMs: 3_600_000 },
		input: { kind: 'user', content: `turn ${turn}` },
		transcript: async () => [],
		publish: (event) => void events.push(event),
		flushed: async () => {},
		...over,
	})
	const never = new AbortController().signal
	const open = () => new LeaseDesk({ store, clock, log: silentLogger })
	const pullFrom = async (desk: LeaseDesk, waitMs = 0) => {
		const grant = await desk.pull({ profiles: [PROFILE], holder: 'me', leaseMs: undefined }, waitMs, never)
		return grant
	}
	return { clock, store, events, offerOf, open, pullFrom }
}

const codeOf = (work: Promise<unknown>) => work.then(String, (error: MseError) => error.code)

test('the oldest turn goes to whoever asks, once, and its result ends it', async () => {
	const { open, offerOf, pullFrom, events } = leaseWorld()
	const desk = open()
	await desk.open(offerOf('a', 1))
	await desk.open(offerOf('b', 1))
	const [first, second, third] = await Promise.all([pullFrom(desk), pullFrom(desk), pullFrom(desk)])
	expect([first?.offer.workerId, second?.offer.workerId, third]).toEqual(['a', 'b', null])
	await desk.complete(first?.lease ?? '', { text: 'done' })
	expect(events).toEqual([
		{ event: 'text_done', data: { text: 'done' } },
		{ event: 'run_end', data: { result: 'finished' } },
	])
	expect((await desk.complete(first?.lease ?? '', { text: 'done' })).state).toBe('done')
	expect(events).toHaveLength(2)
	expect(await codeOf(desk.extend(first?.lease ?? ''))).toBe('lease_lost')
	expect(desk.list().map(({ stored }) => [stored.workerId, stored.state])).toEqual([['b', 'leased']])
})

test('somebody who waits gets a turn as soon as there is one, or nothing when their time is up', async () => {
	const { open, offerOf, pullFrom, clock } = leaseWorld()
	const desk = open()
	const [patient, hasty] = [pullFrom(desk, 30_000), pullFrom(desk, 1000)]
	await clock.advance(1000)
	expect(await hasty).toBeNull()
	await desk.open(offerOf('a', 1))
	expect((await patient)?.offer.workerId).toBe('a')
	const left = new AbortController()
	const leaving = desk.pull({ profiles: [PROFILE], holder: null, leaseMs: undefined }, 30_000, left.signal)
	left.abort()
	expect(await leaving).toBeNull()
	const last = pullFrom(desk, 30_000)
	desk.stop()
	expect(await last).toBeNull()
})

test('a turn that is not acknowledged, and one whose lease runs out, go to another with a higher fence', async () => {
	const { open, offerOf, pullFrom, clock, events } = leaseWorld()
	const desk = open()
	await desk.open(offerOf('a', 1))
	const lost = await pullFrom(desk)
	await clock.advance(10_000)
	const second = await pullFrom(desk)
	expect([lost?.fence, second?.fence]).toEqual([1, 2])
	expect(await codeOf(desk.complete(lost?.lease ?? '', { text: 'late' }))).toBe('lease_lost')
	expect((await desk.extend(second?.lease ?? '')).until).toBe(clock.now() + 60_000)
	await clock.advance(59_000)
	await desk.say(second?.lease ?? '', [{ event: 'text_delta', data: { text: 'still here' } }])
	await clock.advance(59_000)
	expect(await pullFrom(desk)).toBeNull()
	await clock.advance(2000)
	expect((await pullFrom(desk))?.fence).toBe(3)
	expect(events.filter(({ event }) => event === 'alert')).toHaveLength(2)
	expect(await codeOf(desk.extend(second?.lease ?? ''))).toBe('lease_lost')
})

test('a turn that was given back goes to whoever waits', async () => {
	const { open, offerOf, pullFrom } = leaseWorld()
	const desk = open()
	await desk.open(offerOf('a', 1))
	const [first, waiting] = [await pullFrom(desk), pullFrom(desk, 30_000)]
	await desk.giveBack(first?.lease ?? '')
	expect((await waiting)?.fence).toBe(2)
	expect(await codeOf(desk.giveBack(first?.lease ?? ''))).toBe('lease_lost')
})

test('a lease outlives the desk that gave it, and one that ran out meanwhile does not', async () => {
	const { open, offerOf, pullFrom, clock } = leaseWorld()
	const before = open()
	await before.open(offerOf('a', 1))
	await before.open(offerOf('b', 4))
	const [kept, out] = [await pullFrom(before), await pullFrom(before)]
	await before.extend(kept?.lease ?? '')
	for (const id of ['a', 'b']) before.leave(id)
	await clock.advance(20_000)
	const desk = open()
	expect(await codeOf(desk.extend(kept?.lease ?? ''))).toBe('worker_restoring')
	await desk.open(offerOf('a', 1))
	await desk.open(offerOf('b', 4))
	expect((await desk.complete(kept?.lease ?? '', { error: 'out of paper' })).state).toBe('done')
	expect(await codeOf(desk.complete(out?.lease ?? '', { text: 'late' }))).toBe('lease_lost')
	expect((await pullFrom(desk))?.fence).toBe(2)
})

test('a turn that nobody finishes ends at its deadline, whoever has it', async () => {
	const { open, offerOf, pullFrom, clock, events } = leaseWorld()
	const desk = open()
	await desk.open(offerOf('a', 1, { deadlineMs: 5000 }))
	const grant = await pullFrom(desk)
	await clock.advance(5000)
	expect(events.at(-1)).toMatchObject({ event: 'error', data: { message: 'nobody finished this turn within 5 s' } })
	expect([desk.has('a'), await codeOf(desk.extend(grant?.lease ?? ''))]).toEqual([false, 'lease_lost'])
})

test('a turn that could not be written is not given out', async () => {
	const { store, offerOf, pullFrom, clock } = leaseWorld()
	let isBroken = false
	const put: typeof store.put = (lease) => (isBroken ? Promise.reject(new Error('disk full')) : store.put(lease))
	const desk = new LeaseDesk({ store: { ...store, put }, clock, log: silentLogger })
	await desk.open(offerOf('a', 1))
	isBroken = true
	expect(pullFrom(desk)).rejects.toThrow('disk full')
	isBroken = false
	expect((await pullFrom(desk))?.fence).toBe(1)
})
