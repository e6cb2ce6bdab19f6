import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import type { ApprovalAction } from '../../../src/core/approval/action.ts'
import type { Approval } from '../../../src/core/approval/approval.ts'
import { ApprovalGate, type Asked, type GateDeps } from '../../../src/core/approval/gate.ts'
import { silentLogger } from '../../../src/kernel/log.ts'
import { SqliteApprovalStore } from '../../../src/store/sqlite/approval/approval-store.ts'
import { openBlobs } from '../../../src/store/sqlite/blob.ts'
import { SqliteDatabase } from '../../../src/store/sqlite/database.ts'
import { SqliteEventStore } from '../../../src/store/sqlite/event/event-store.ts'
import { eventually } from '../../support/eventually.ts'
import { fakeClock } from '../../support/fake-clock.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { verifies } from '../../support/verifies.ts'

const ada = { names: ['ada'] as const }
const bob = { names: ['bob'] as const }
const asked: Asked = { kind: 'custom', subject: { type: 'deploy', id: 'web' }, requester: 'bob' }
const spawn: Asked = { kind: 'spawn', subject: { type: 'agent', id: 'alice' }, requester: 'manager', once: true }

/** A gate on a file, so that `restart` finds what the life before it left; whatever that had begun goes nowhere. */
function gateWorld(over: Partial<GateDeps> = {}, actions: { readonly [kind: string]: ApprovalAction } = {}) {
	const clock = fakeClock()
	const dir = tempDir()
	const open = () => {
		const db = new SqliteDatabase({ path: join(dir.path, 'mse.db'), clock })
		const events = new SqliteEventStore(db)
		const store = new SqliteApprovalStore(db, openBlobs(undefined))
		const limits = { maxPending: 100, waitMs: 120_000, noSelfApproval: false, deadlineMs: null }
		const gate = new ApprovalGate({ store, events, clock, log: silentLogger, ...limits, ...over })
		for (const [kind, action] of Object.entries(actions)) gate.register(kind as Approval['kind'], action)
		return { db, events, store, gate }
	}
	let life = open()
	return {
		clock,
		get gate() {
			return life.gate
		},
		kinds: async (id: number) =>
			(await life.events.read(0, { kinds: ['approval.'] }, 1000)).filter(({ data }) => data.id === id).map(({ kind }) => kind.slice(9)),
		/** Writes a claim without beginning anything, as a server leaves it that dies right then. */
		claim: (id: number) =>
			life.store.change(id, (approval) => ({ approval: { ...approval, by: 'ada', startedAt: clock.now(), attempt: 1 }, events: [] })),
		async restart(awayMs = 0): Promise<void> {
			life.db[Symbol.dispose]()
			await clock.advance(awayMs)
			life = open()
			await life.gate.recover()
		},
		async [Symbol.asyncDispose]() {
			await life.gate.stop()
			life.db[Symbol.dispose]()
			dir[Symbol.dispose]()
		},
	}
}

function countingAction(perform: (approval: Approval, signal: AbortSignal) => Promise<void> = async () => {}) {
	const calls = { performed: 0, reconciled: 0, resolved: [] as string[] }
	const action: ApprovalAction = {
		perform(approval, signal) {
			calls.performed++
			return perform(approval, signal)
		},
		async reconcile() {
			calls.reconciled++
			return 'undone'
		},
		onResolved: (_, { status }) => void calls.resolved.push(status),
	}
	return { calls, action }
}

const ready = async () => new AbortController().signal

describe('asking', () => {
	test('the same spawn twice is asked once', async () => {
		verifies('08.57')
		await using world = gateWorld()
		const [first, again] = await Promise.all([world.gate.ask(spawn), world.gate.ask(spawn)])
		expect(again.id).toBe(first.id)
		expect(await world.gate.list({ status: 'pending', after: 0, limit: 10 })).toHaveLength(1)
	})

	test('a full queue is refused', async () => {
		verifies('08.66')
		await using world = gateWorld({ maxPending: 1 })
		const { id } = await world.gate.ask(asked)
		const full = { kind: 'throttled', code: 'approval_queue_full', message: 'approval queue is full' }
		await expect(world.gate.ask(asked)).rejects.toMatchObject(full)
		await world.gate.deny(id, ada)
		expect((await world.gate.ask(asked)).status).toBe('pending')
	})

	test('a form that is no JSON Schema is refused', async () => {
		await using world = gateWorld()
		const wrong = world.gate.ask({ ...asked, form: { type: 'sentence' } })
		await expect(wrong).rejects.toMatchObject({ kind: 'invalid', code: 'form_invalid' })
		await expect(world.gate.ask({ ...asked, form: 'text' })).rejects.toMatchObject({ code: 'form_invalid' })
	})
})

describe('approving', () => {
	test('is answered when the action is done, with one event', async () => {
		verifies('08.58')
		const { calls, action } = countingAction()
		await using world = gateWorld({}, { spawn: action })
		const { id, requestedAt } = await world.gate.ask(spawn)
		await world.clock.advance(1500)
		const { approval, running } = await world.gate.approve(id, { ...ada, note: 'fine' })
		expect(approval).toMatchObject({ status: 'approved', by: 'ada', note: 'fine', startedAt: null, attempt: 1 })
		expect([running, approval.resolvedAt]).toEqual([false, requestedAt + 1500])
		expect([calls.performed, calls.resolved]).toEqual([1, ['approved']])
		expect(await world.kinds(id)).toEqual(['requested', 'granted', 'approved'])
	})

	test('an action that fails ends the approval as failed, with its sentence', async () => {
		verifies('08.59')
		const { calls, action } = countingAction(async () => {
			throw new Error('already exists')
		})
		await using world = gateWorld({}, { spawn: action })
		const { id } = await world.gate.ask(spawn)
		expect((await world.gate.approve(id, ada)).approval).toMatchObject({ status: 'failed', note: 'already exists' })
		expect([calls.resolved, await world.kinds(id)]).toEqual([['failed'], ['requested', 'granted', 'failed']])
	})

	test('50 at a time begin the action once', async () => {
		verifies('08.62')
		const { calls, action } = countingAction()
		await using world = gateWorld({}, { spawn: action })
		const { id } = await world.gate.ask(spawn)
		const ends = await Promise.allSettled(Array.from({ length: 50 }, (_, n) => world.gate.approve(id, { names: [`n${n}`] })))
		expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
		const why = new Set(ends.flatMap((end) => (end.status === 'rejected' ? [end.reason.message] : [])))
		expect([...why].every((sentence) => [`approval ${id} is being applied`, `approval ${id} is already approved`].includes(sentence))).toBe(
			true,
		)
		expect([calls.performed, await world.kinds(id)]).toEqual([1, ['requested', 'granted', 'approved']])
	})

	test('an action that takes longer than the wait goes on, and its approval is being applied', async () => {
		const done = Promise.withResolvers<void>()
		const { action } = countingAction(() => done.promise)
		await using world = gateWorld({ waitMs: 5000 }, { spawn: action })
		const { id } = await world.gate.ask(spawn)
		const approving = world.gate.approve(id, ada)
		await eventually(async () => (await world.gate.get(id)).startedAt !== null, { what: 'the claim' })
		await world.clock.elapse(5000)
		expect(await approving).toMatchObject({ running: true, approval: { status: 'pending' } })
		await expect(world.gate.approve(id, bob)).rejects.toMatchObject({ kind: 'conflict', message: `approval ${id} is being applied` })
		await expect(world.gate.deny(id, bob)).rejects.toMatchObject({ message: `approval ${id} is being applied` })
		done.resolve()
		expect((await world.gate.settled(id, await ready())).status).toBe('approved')
	})

	test('takes as many different approvers as are required', async () => {
		await using world = gateWorld()
		const { id } = await world.gate.ask({ ...asked, required: 2 })
		expect((await world.gate.approve(id, ada)).approval).toMatchObject({ status: 'pending', startedAt: null })
		const again = { kind: 'conflict', code: 'already_granted', message: `approval ${id} was already granted by ada` }
		await expect(world.gate.approve(id, ada)).rejects.toMatchObject(again)
		const { approval } = await world.gate.approve(id, { names: ['eve'] })
		expect([approval.status, approval.grants.map(({ by }) => by)]).toEqual(['approved', ['ada', 'eve']])
	})

	test('is refused to those who are not named, whether by name or role', async () => {
		await using world = gateWorld()
		const { id } = await world.gate.ask({ ...asked, approvers: ['lead'] })
		const refused = { kind: 'forbidden', code: 'not_an_approver', message: `ada is not an approver of approval ${id}` }
		await expect(world.gate.approve(id, ada)).rejects.toMatchObject(refused)
		await expect(world.gate.deny(id, ada)).rejects.toMatchObject(refused)
		expect((await world.gate.approve(id, { names: ['S-1', 'lead'] })).approval).toMatchObject({ status: 'approved', by: 'S-1' })
	})

	test('is refused to who asked, where the question or the server says so', async () => {
		await using world = gateWorld()
		const open = await world.gate.ask(asked)
		expect((await world.gate.approve(open.id, bob)).approval.status).toBe('approved')
		const { id } = await world.gate.ask({ ...asked, noSelfApproval: true })
		await expect(world.gate.approve(id, bob)).rejects.toMatchObject({ kind: 'forbidden', code: 'self_approval' })
		await using strict = gateWorld({ noSelfApproval: true })
		const own = await strict.gate.ask(asked)
		await expect(strict.gate.approve(own.id, bob)).rejects.toMatchObject({ code: 'self_approval' })
		expect((await strict.gate.approve(own.id, ada)).approval.status).toBe('approved')
	})

	test('keeps an answer that fits the form, and refuses one that does not', async () => {
		await using world = gateWorld()
		const form = { type: 'object', properties: { tier: { enum: ['a', 'b'] } }, required: ['tier'] }
		const { id } = await world.gate.ask({ ...asked, form })
		const refused = { kind: 'invalid', code: 'answer_invalid' }
		await expect(world.gate.approve(id, ada)).rejects.toMatchObject(refused)
		await expect(world.gate.approve(id, { ...ada, answer: { tier: 'c' } })).rejects.toMatchObject(refused)
		expect(await world.kinds(id)).toEqual(['requested'])
		expect((await world.gate.approve(id, { ...ada, answer: { tier: 'a' } })).approval).toMatchObject({ answer: { tier: 'a' } })
	})
})

describe('ending otherwise', () => {
	test('a deny keeps its note, does nothing and is told once', async () => {
		verifies('08.60')
		const { calls, action } = countingAction()
		await using world = gateWorld({}, { spawn: action })
		const { id } = await world.gate.ask(spawn)
		expect(await world.gate.deny(id, { ...ada, note: 'not now' })).toMatchObject({ status: 'denied', by: 'ada', note: 'not now' })
		expect([calls.performed, calls.resolved, await world.kinds(id)]).toEqual([0, ['denied'], ['requested', 'denied']])
	})

	test('what is unknown or has ended is refused with the same sentence every time', async () => {
		verifies('08.61')
		await using world = gateWorld()
		for (const id of [99, Number.MAX_SAFE_INTEGER, 2 ** 63]) {
			const unknown = { kind: 'not_found', message: `no such approval ${id}` }
			await expect(world.gate.approve(id, ada)).rejects.toMatchObject(unknown)
			await expect(world.gate.deny(id, ada)).rejects.toMatchObject(unknown)
		}
		const { id } = await world.gate.ask(asked)
		await world.gate.deny(id, ada)
		const ended = { kind: 'conflict', message: `approval ${id} is already denied` }
		await expect(world.gate.approve(id, ada)).rejects.toMatchObject(ended)
		await expect(world.gate.deny(id, ada)).rejects.toMatchObject(ended)
		expect((await world.gate.fail(id, 'gone')).status).toBe('denied')
		expect(await world.kinds(id)).toEqual(['requested', 'denied'])
	})

	test('all that waits on a subject fails together', async () => {
		await using world = gateWorld()
		const ids = [await world.gate.ask(asked), await world.gate.ask(asked)].map(({ id }) => id)
		const other = await world.gate.ask(spawn)
		expect(await world.gate.failAll(asked.subject, 'web is gone')).toBe(2)
		for (const id of ids) expect(await world.gate.get(id)).toMatchObject({ status: 'failed', note: 'web is gone' })
		expect((await world.gate.get(other.id)).status).toBe('pending')
	})

	test('who waits is woken by the end, or has the question as it is after a while', async () => {
		await using world = gateWorld()
		const { id } = await world.gate.ask(asked)
		const [waiting, patient] = [world.gate.settled(id, await ready()), world.gate.settledWithin(id, 1000)]
		await world.clock.elapse(1000)
		expect((await patient).status).toBe('pending')
		await world.gate.deny(id, ada)
		expect((await waiting).status).toBe('denied')
		expect(world.clock.pending).toBe(0)
	})
})

describe('a deadline', () => {
	const late = (onTimeout: 'deny' | 'approve' | 'stay'): Asked => ({ ...asked, deadlineMs: 60_000, onTimeout })

	test('that passes denies, approves or stays, and says so', async () => {
		await using world = gateWorld()
		const asks = await Promise.all([late('deny'), late('approve'), late('stay')].map((it) => world.gate.ask(it)))
		await world.clock.elapse(60_000)
		const statuses = () => Promise.all(asks.map(async ({ id }) => (await world.gate.get(id)).status))
		await eventually(async () => (await statuses())[1] === 'approved', { what: 'the deadlines' })
		expect(await statuses()).toEqual(['denied', 'approved', 'pending'])
		const [deny, approve, stay] = asks.map(({ id }) => id) as [number, number, number]
		expect(await world.gate.get(deny)).toMatchObject({ by: 'deadline', note: 'nobody answered before the deadline' })
		expect(await Promise.all([deny, approve, stay].map(world.kinds))).toEqual([
			['requested', 'expired', 'denied'],
			['requested', 'expired', 'approved'],
			['requested', 'expired'],
		])
		await world.restart()
		expect((await world.gate.approve(stay, ada)).approval.status).toBe('approved')
	})

	test('stands again after a restart, and counts when it passed meanwhile', async () => {
		await using world = gateWorld()
		const { id } = await world.gate.ask(late('deny'))
		await world.restart(30_000)
		expect((await world.gate.get(id)).status).toBe('pending')
		await world.clock.elapse(30_000)
		expect((await world.gate.settled(id, await ready())).status).toBe('denied')
		const second = await world.gate.ask(late('deny'))
		await world.restart(3_600_000)
		expect((await world.gate.get(second.id)).status).toBe('denied')
	})

	test('and a number of grants beyond all measure are kept within it', async () => {
		await using world = gateWorld()
		const { deadlineAt, required } = await world.gate.ask({ ...asked, deadlineMs: 1e300, required: 1e300 })
		expect([deadlineAt, required]).toEqual([world.clock.now() + 315_360_000_000, 2 ** 31 - 1])
	})

	test('of the server holds where a question names none', async () => {
		await using world = gateWorld({ deadlineMs: 1000 })
		const { id } = await world.gate.ask(asked)
		await world.clock.elapse(1000)
		expect((await world.gate.settled(id, await ready())).status).toBe('denied')
	})
})

describe('a claim that a server death interrupted', () => {
	for (const [found, status, note] of [
		['done', 'approved', null],
		['undone', 'failed', 'interrupted by restart'],
	] as const)
		test(`ends as ${status} when the action is found ${found}, and is not begun again`, async () => {
			verifies('08.63')
			const { calls, action } = countingAction()
			await using world = gateWorld({}, { spawn: { ...action, reconcile: async () => found } })
			const { id } = await world.gate.ask(spawn)
			await world.claim(id)
			await world.restart()
			expect(await world.gate.get(id)).toMatchObject({ status, note, startedAt: null })
			expect([calls.performed, calls.resolved, await world.kinds(id)]).toEqual([0, [status], ['requested', status]])
			await world.restart()
			expect(await world.kinds(id)).toEqual(['requested', status])
		})

	test('fails when nobody can say what was done', async () => {
		const reconcile = () => Promise.reject(new Error('the backend is away'))
		await using world = gateWorld({}, { spawn: { perform: async () => {}, reconcile } })
		const { id } = await world.gate.ask(spawn)
		await world.claim(id)
		await world.restart()
		expect(await world.gate.get(id)).toMatchObject({ status: 'failed', note: 'interrupted by restart: the backend is away' })
	})

	test('is what a stop leaves of an action that does not end', async () => {
		const hanging = (_: Approval, signal: AbortSignal) =>
			new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
		const { action } = countingAction(hanging)
		await using world = gateWorld({}, { spawn: action })
		const { id } = await world.gate.ask(spawn)
		const approving = world.gate.approve(id, ada)
		await eventually(async () => (await world.gate.get(id)).startedAt !== null, { what: 'the claim' })
		await world.gate.stop()
		expect(await approving).toMatchObject({ running: true })
		await world.restart()
		expect(await world.gate.get(id)).toMatchObject({ status: 'failed', note: 'interrupted by restart' })
	})
})
