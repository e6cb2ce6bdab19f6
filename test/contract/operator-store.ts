import { describe, expect, test } from 'bun:test'
import { type JoinRequest, newSession } from '../../src/core/operator/session.ts'
import type { OperatorRequest, OperatorStore } from '../../src/core/operator/store.ts'
import type { Run, RunStatus } from '../../src/core/run/record.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { randomHex } from '../../src/kernel/hash.ts'
import { asRequestId, newSessionId, newStepId } from '../../src/kernel/id.ts'
import { verifies } from '../support/verifies.ts'

export interface OpenedOperatorStore extends AsyncDisposable {
	readonly store: OperatorStore
	/** A run on the same disk with one seat, held by `op`. */
	newRun(status: RunStatus, op: string): Promise<Run>
	seatsOf(run: Run): Promise<{ readonly ops: readonly string[]; readonly generation: number }>
	events(): readonly string[]
	/** The same data through a new handle, as after a restart. */
	reopen(): Promise<OperatorStore>
}

/** What every OperatorStore must do. */
export function operatorStoreContract(title: string, open: () => Promise<OpenedOperatorStore>): void {
	describe(`OperatorStore: ${title}`, () => {
		test('a session is read back as it joined, after a restart too', async () => {
			await using opened = await open()
			const session = aSession({
				...{ roles: ['b', 'a'], desc: 'ann', scope: { blueprints: ['x'] } },
				capabilityManifest: { provider_id: 'p', capabilities: [] },
			})
			await opened.store.join(session)
			expect(await opened.store.sessions()).toEqual([session])
			expect(await (await opened.reopen()).sessions()).toEqual([session])
		})

		test('a join with an owned role is refused whole, naming the owned ones', async () => {
			await using opened = await open()
			await opened.store.join(aSession({ roles: ['a', 'b'] }))
			const refused = opened.store.join(aSession({ roles: ['c', 'b', 'a'] }))
			await expect(refused).rejects.toMatchObject({ kind: 'conflict', code: 'roles_conflict', details: { conflicts: ['b', 'a'] } })
			expect(await opened.store.sessions()).toHaveLength(1)
			await opened.store.join(aSession({ roles: ['c'] }))
		})

		test('access is written down; that of an ended session is nothing', async () => {
			await using opened = await open()
			const session = aSession()
			await opened.store.join(session)
			await opened.store.touch(session.sid, 99)
			expect(await opened.store.sessions()).toMatchObject([{ lastAccessAt: 99 }])
			await opened.store.connection(session.sid, 'connected', 100)
			expect(await opened.store.sessions()).toMatchObject([{ lastAccessAt: 100 }])
			await opened.store.touch(newSessionId(), 1)
			await opened.store.connection(newSessionId(), 'disconnected', 1)
			expect(opened.events()).toEqual(['session.joined', 'session.connected'])
		})

		test('an end frees roles, withdraws requests, and vacates seats of runs that are not done or failed', async () => {
			await using opened = await open()
			const session = aSession({ roles: ['main'] })
			await opened.store.join(session)
			const request = aRequest({ sid: session.sid })
			await opened.store.addRequest(request)
			const runs = new Map<RunStatus, Run>()
			for (const status of ['pending', 'running', 'interrupted', 'cancelled', 'done', 'failed'] as const)
				runs.set(status, await opened.newRun(status, session.sid))
			expect(await opened.store.end(session.sid, 'ended', 'gone')).toBe(true)
			expect(await opened.store.end(session.sid, 'ended', 'gone')).toBe(false)
			for (const [status, run] of runs) {
				const isKept = status === 'done' || status === 'failed'
				expect([status, await opened.seatsOf(run)]).toEqual([
					status,
					isKept ? { ops: [session.sid], generation: 1 } : { ops: [], generation: 2 },
				])
			}
			expect(await opened.store.request(request.reqId)).toMatchObject({ state: 'withdrawn', reply: { reason: 'gone' } })
			await opened.store.join(aSession({ roles: ['main'] }))
			expect(opened.events().filter((kind) => !kind.startsWith('session.'))).toEqual([
				...['request.parked', 'request.withdrawn'],
				...Array(4).fill('seat.released'),
			])
		})

		test('an end displaces what was asked through a seat, by a reason of its own, and leaves other requests to fail', async () => {
			verifies('01.C51')
			await using opened = await open()
			const session = aSession()
			await opened.store.join(session)
			const run = await opened.newRun('running', session.sid)
			const { sid } = session
			const [seated] = (await opened.store.observed(sid)).seats
			const slot = seated?.slot ?? ''
			const throughSeat = await added(opened.store, { sid, runId: run.id, slot, seatGeneration: 1 })
			const byName = await added(opened.store, { sid, runId: run.id })
			await opened.store.end(sid, 'ended', 'gone')
			expect((await opened.store.request(throughSeat.reqId))?.reply).toEqual({ reason: 'gone', code: 'displaced' })
			expect((await opened.store.request(byName.reqId))?.reply).toEqual({ reason: 'gone' })
		})

		test('a request under another generation of its seat is refused whole', async () => {
			verifies('01.C75')
			await using opened = await open()
			const { sid } = aSession()
			const session = aSession()
			await opened.store.join(session)
			const run = await opened.newRun('running', session.sid)
			const slot = (await opened.store.observed(session.sid)).seats[0]?.slot ?? ''
			const stale = aRequest({ sid, runId: run.id, slot, seatGeneration: 7 })
			await expect(opened.store.addRequest(stale)).rejects.toMatchObject({ kind: 'conflict', code: 'seat_moved' })
			expect(await opened.store.request(stale.reqId)).toBeNull()
			const { reqId } = await added(opened.store, { runId: run.id, slot })
			await expect(opened.store.address(reqId, { sid, seatGeneration: 7 })).rejects.toMatchObject({ code: 'seat_moved' })
			expect(await opened.store.address(reqId, { sid, seatGeneration: 1 })).toBe(true)
		})

		test('the seats a session was given are remembered, the last 32 of all', async () => {
			await using opened = await open()
			const session = aSession()
			await opened.store.join(session)
			const runs: Run[] = []
			for (let n = 0; n < 34; n++) runs.push(await opened.newRun('running', session.sid))
			const { seats, total } = await opened.store.observed(session.sid)
			expect([total, seats.length, seats[0]?.runId, seats.at(-1)?.runId]).toEqual([34, 32, runs.at(-1)?.id, runs[2]?.id])
			expect(await opened.store.observed(newSessionId())).toEqual({ seats: [], total: 0 })
		})

		test('a request that is not wanted any more when it would be written leaves nothing', async () => {
			await using opened = await open()
			const request = aRequest({ sid: newSessionId() })
			await opened.store.addRequest(request, () => false)
			expect(await opened.store.request(request.reqId)).toBeNull()
			expect(await opened.store.endRequest(request.reqId, 'withdrawn', { reason: 'its lane lost' })).toBe(false)
		})

		test('a request is read back as it was added, by id and by attempt', async () => {
			await using opened = await open()
			const request = aRequest({ slot: 'main', seatGeneration: 3, sid: newSessionId() })
			await opened.store.addRequest(request)
			expect(await opened.store.request(request.reqId)).toEqual(request)
			expect(await opened.store.requestOf(request.stepId, 1, 'spawn')).toEqual(request)
			expect(await opened.store.requestOf(request.stepId, 1, 'ask')).toBeNull()
			expect(await opened.store.requestOf(request.stepId, 2, 'spawn')).toBeNull()
			expect(await opened.store.request(asRequestId('none'))).toBeNull()
			expect(await (await opened.reopen()).request(request.reqId)).toEqual(request)
		})

		test('of several requests of one attempt the newest is its own', async () => {
			await using opened = await open()
			const first = aRequest()
			const second = aRequest({ stepId: first.stepId })
			await opened.store.addRequest(first)
			await opened.store.addRequest(second)
			expect((await opened.store.requestOf(first.stepId, 1, 'spawn'))?.reqId).toBe(second.reqId)
		})

		test('a large frame and a large reply come back whole', async () => {
			await using opened = await open()
			const request = aRequest({ sid: newSessionId(), frame: { question: 'q'.repeat(400_000) } })
			await opened.store.addRequest(request)
			const reply = { type: 'answer', value: 'a'.repeat(400_000) }
			if (request.sid) await opened.store.answer(request.reqId, request.sid, reply)
			expect(await opened.store.request(request.reqId)).toMatchObject({ frame: request.frame, reply })
		})

		test('open requests are listed by session or run, oldest first, until they end', async () => {
			await using opened = await open()
			const sid = newSessionId()
			const requests = [aRequest({ sid }), aRequest({ sid }), aRequest()]
			for (const request of requests) await opened.store.addRequest(request)
			const ids = async (filter: Parameters<OperatorStore['openRequests']>[0]) =>
				(await opened.store.openRequests(filter)).map(({ reqId }) => reqId)
			const [first, second, third] = requests.map(({ reqId }) => reqId)
			expect(await ids({ sid })).toEqual([first, second] as never)
			expect(await ids({})).toEqual([first, second, third] as never)
			expect(await ids({ runId: requests[2]?.runId ?? ('' as never) })).toEqual([third] as never)
			await opened.store.answer(first ?? ('' as never), sid, {})
			expect(await ids({ sid })).toEqual([second] as never)
		})

		test('the first reply of the addressee ends a request; others are told why they do not count', async () => {
			await using opened = await open()
			const sid = newSessionId()
			const { reqId } = await added(opened.store, { sid })
			expect(await opened.store.answer(reqId, newSessionId(), { n: 0 })).toEqual({ outcome: 'unknown' })
			expect(await opened.store.answer(asRequestId('none'), sid, { n: 0 })).toEqual({ outcome: 'unknown' })
			const outcomes = await Promise.all([1, 2, 3].map((n) => opened.store.answer(reqId, sid, { n })))
			expect(outcomes).toEqual([{ outcome: 'applied' }, { outcome: 'ended', state: 'answered' }, { outcome: 'ended', state: 'answered' }])
			expect(await opened.store.request(reqId)).toMatchObject({ state: 'answered', reply: { n: 1 }, endedAt: expect.any(Number) })
		})

		test('a request that has ended moves no more', async () => {
			await using opened = await open()
			const sid = newSessionId()
			const { reqId } = await added(opened.store, { sid })
			expect(await opened.store.endRequest(reqId, 'expired', { reason: 'late' })).toBe(true)
			expect(await opened.store.endRequest(reqId, 'withdrawn', { reason: 'later' })).toBe(false)
			expect(await opened.store.address(reqId, { sid: newSessionId(), seatGeneration: 1 })).toBe(false)
			await opened.store.mark([{ reqId, state: 'delivered' }])
			expect(await opened.store.answer(reqId, sid, {})).toEqual({ outcome: 'ended', state: 'expired' })
			expect(await opened.store.request(reqId)).toMatchObject({ state: 'expired', reply: { reason: 'late' }, sid })
		})

		test('marks say how far each frame got, and tell each move once', async () => {
			await using opened = await open()
			const one = await added(opened.store, { state: 'sent' })
			const two = await added(opened.store)
			await opened.store.mark([
				{ reqId: one.reqId, state: 'delivered' },
				{ reqId: two.reqId, state: 'parked' },
				{ reqId: asRequestId('none'), state: 'sent' },
			])
			expect((await opened.store.openRequests({})).map(({ state }) => state)).toEqual(['delivered', 'parked'])
			expect(opened.events()).toEqual(['request.sent', 'request.parked', 'request.delivered'])
		})

		test('a request without addressee gets one', async () => {
			await using opened = await open()
			const { reqId } = await added(opened.store)
			const sid = newSessionId()
			expect(await opened.store.address(reqId, { sid, seatGeneration: 2 })).toBe(true)
			expect(await opened.store.request(reqId)).toMatchObject({ sid, seatGeneration: 2, state: 'parked' })
		})
	})
}

const aSession = (request: JoinRequest = {}) => newSession(request, systemClock).session

async function added(store: OperatorStore, over: Partial<OperatorRequest> = {}): Promise<OperatorRequest> {
	const request = aRequest(over)
	await store.addRequest(request)
	return request
}

function aRequest(over: Partial<OperatorRequest> = {}): OperatorRequest {
	return {
		...{ reqId: asRequestId(`r-${randomHex(8)}`), kind: 'spawn', state: 'parked', sid: null, slot: null, seatGeneration: null },
		...{ runId: `R-${randomHex(8)}` as never, taskId: 'T-1' as never, stepId: newStepId(), attempt: 1, frame: { agent: 'coder' } },
		...{ reply: null, createdAt: 5, deadlineAt: 10, endedAt: null },
		...over,
	}
}
