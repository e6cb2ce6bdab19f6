import { describe, expect, test } from 'bun:test'
import type { Fact, StepBegan, StepSettled } from '../../src/core/run/fact.ts'
import type { Run, Task } from '../../src/core/run/record.ts'
import type { GenerationOpening, RunStore } from '../../src/core/run/store.ts'
import { asRunId, newRunId, newStepId, newTaskId, type StepId } from '../../src/kernel/id.ts'
import { departs, verifies } from '../support/verifies.ts'

export interface OpenedRunStore extends AsyncDisposable {
	readonly store: RunStore
	/** Kinds of all events appended so far, oldest first. */
	events(): readonly string[]
	/** The same data through a new handle, as after a restart. */
	reopen(): Promise<RunStore>
}

/** What every RunStore must do. */
export function runStoreContract(title: string, open: () => Promise<OpenedRunStore>): void {
	describe(`RunStore: ${title}`, () => {
		test('a task and its run are read back as they were written', async () => {
			await using opened = await open()
			const { task, run } = await launched(opened.store)
			expect(await opened.store.task(task.id)).toEqual(task)
			expect(await opened.store.run(run.id)).toEqual(run)
			expect(await opened.store.runsOfTask(task.id)).toEqual([run])
			expect(await opened.store.unfinished()).toEqual([run.id])
		})

		test('an unknown task, run or step is null', async () => {
			await using opened = await open()
			expect(await opened.store.task(newTaskId())).toBeNull()
			expect(await opened.store.run(newRunId())).toBeNull()
			expect(await opened.store.step(newStepId())).toBeNull()
		})

		test('a status moves only from one of the expected ones, and a terminal one stays', async () => {
			verifies('04.75')
			await using opened = await open()
			const { run } = await launched(opened.store)
			const cancel = { from: ['pending', 'running'], to: 'cancelled', result: { error: 'stopped' }, events: [] } as const
			expect(await opened.store.changeStatus(run.id, cancel)).toBe(true)
			expect(await opened.store.changeStatus(run.id, { from: ['running'], to: 'done', result: 1, events: [] })).toBe(false)
			const ended = await opened.store.run(run.id)
			expect([ended?.status, ended?.result]).toEqual(['cancelled', { error: 'stopped' }])
			expect(await opened.store.unfinished()).toEqual([])
		})

		test('of many status changes at once exactly one wins', async () => {
			verifies('04.75')
			await using opened = await open()
			const { run } = await launched(opened.store)
			const change = { from: ['running'], to: 'done', events: [] } as const
			const won = await Promise.all(Array.from({ length: 20 }, () => opened.store.changeStatus(run.id, change)))
			expect(won.filter(Boolean)).toHaveLength(1)
		})

		test('a task and a run are created once; a run that is not there changes no status', async () => {
			verifies('04.75')
			await using opened = await open()
			const { task, run } = await launched(opened.store)
			await expect(opened.store.createTask({ ...task, goal: 'another' })).rejects.toThrow()
			await expect(opened.store.createRun({ ...run, initCtx: 'another' }, [])).rejects.toThrow()
			expect([(await opened.store.task(task.id))?.goal, (await opened.store.run(run.id))?.initCtx]).toEqual([task.goal, run.initCtx])
			expect(await opened.store.changeStatus(newRunId(), { from: ['running'], to: 'done', events: [] })).toBe(false)
		})

		test('steps are read back in the order in which they were recorded', async () => {
			verifies('04.75')
			await using opened = await open()
			const { run } = await launched(opened.store)
			const positions = ['/2', '/0', '/1']
			for (const position of positions) await opened.store.record(run, [settled(position, {})], 0)
			expect((await opened.store.steps(run.id)).map(({ position }) => position)).toEqual(positions)
		})

		test('an event of a refused status change is not appended', async () => {
			await using opened = await open()
			const { run } = await launched(opened.store)
			const about = { runId: run.id, taskId: run.taskId }
			await opened.store.changeStatus(run.id, { from: ['interrupted'], to: 'running', events: [{ kind: 'run.resumed', ...about }] })
			expect(opened.events()).not.toContain('run.resumed')
		})

		test('a recorded step comes back by position after a restart, with its decision', async () => {
			await using opened = await open()
			const { run } = await launched(opened.store)
			const step = settled('/0', { value: { deep: [1, null, 'x'] } })
			const facts: Fact[] = [step, { kind: 'lane_decided', position: '/1', lane: 3 }]
			await opened.store.record(run, facts, 0)
			const journal = await (await opened.reopen()).journal(run.id, 1)
			expect(journal.steps.map(({ position, status, value }) => ({ position, status, value }))).toEqual([
				{ position: '/0', status: 'passed', value: { deep: [1, null, 'x'] } },
			])
			expect(journal.decisions).toEqual(new Map([['/1', 3]]))
			expect(opened.events()).toEqual(['run.started', 'step.completed'])
		})

		test('a step in flight shows its newest attempt, whether it is open and how many deaths it saw', async () => {
			await using opened = await open()
			const { run } = await launched(opened.store)
			const stepId = newStepId()
			await opened.store.record(run, [began(stepId), attempt(stepId, 1), ended(stepId, 1, 'lost'), attempt(stepId, 2)], 0)
			const journal = await opened.store.journal(run.id, 1)
			expect(journal.attempts).toEqual(new Map([[stepId, { ...unfailed(2), open: true, isBlamed: true, lost: 1 }]]))
			expect(journal.steps[0]).toMatchObject({ status: 'running', attempt: 2, prompt: 'do it' })
		})

		test('a step that began with its first attempt is at it, until that is written as ended', async () => {
			await using opened = await open()
			const { run } = await launched(opened.store)
			const stepId = newStepId()
			await opened.store.record(run, [{ ...began(stepId), attempt: 1 }], 0)
			expect((await opened.store.journal(run.id, 1)).attempts).toEqual(
				new Map([[stepId, { ...unfailed(1), open: true, isBlamed: true, lost: 0 }]]),
			)
			await opened.store.record(run, [ended(stepId, 1, 'lost'), attempt(stepId, 2)], 0)
			expect((await opened.store.journal(run.id, 1)).attempts).toEqual(
				new Map([[stepId, { ...unfailed(2), open: true, isBlamed: true, lost: 1 }]]),
			)
			await opened.store.record(run, [ended(stepId, 2, 'finished')], 0)
			expect((await opened.store.journal(run.id, 1)).attempts).toEqual(
				new Map([[stepId, { ...unfailed(2), open: false, isBlamed: true, lost: 1 }]]),
			)
		})

		test('ending a run closes its attempts and steps', async () => {
			await using opened = await open()
			const { run } = await launched(opened.store)
			const stepId = newStepId()
			await opened.store.record(run, [began(stepId), attempt(stepId, 1)], 0)
			await opened.store.changeStatus(run.id, { from: ['running'], to: 'cancelled', events: [] })
			expect((await opened.store.step(stepId))?.status).toBe('cancelled')
			expect((await opened.store.journal(run.id, 1)).attempts.size).toBe(0)
		})

		test('seat generations are one counter of the run, shared by its seats and concurrent callers', async () => {
			await using opened = await open()
			const { run } = await launched(opened.store)
			const assign = (slot: string, op: string) => opened.store.assignSeat(run.id, slot, op, 'who', 'acquire')
			const [first, second, third] = await Promise.all([assign('main', 'S-1'), assign('other', 'S-2'), assign('main', 'S-3')])
			expect([first, second, third].map((it) => it?.seat.generation)).toEqual([1, 2, 3])
			expect([first?.previous, third?.previous?.op]).toEqual([null, 'S-1'])
			expect((await opened.store.run(run.id))?.seats.map(({ slot, op }) => [slot, op])).toEqual([
				['other', 'S-2'],
				['main', 'S-3'],
			])
		})

		test('a next generation drops what it is told, keeps the rest under its ids, and leaves the old one whole', async () => {
			departs('04.79')
			await using opened = await open()
			const { run } = await launched(opened.store)
			const [kept, dropped] = [settled('/0', {}), settled('/1', {})]
			await opened.store.record(run, [kept, dropped, { kind: 'lane_decided', position: '/2', lane: 1 }], 0)
			const opening: GenerationOpening = {
				...{ from: ['done'], generation: 1, dropSteps: [dropped.stepId], dropDecisions: ['/2'], options: { detached: true } },
				events: [],
			}
			expect(await opened.store.openGeneration(run.id, opening)).toBe(false)
			await opened.store.changeStatus(run.id, { from: ['running'], to: 'done', result: 1, events: [] })
			expect(await opened.store.openGeneration(run.id, opening)).toBe(true)
			expect(await opened.store.openGeneration(run.id, opening)).toBe(false)
			const store = await opened.reopen()
			expect(await store.run(run.id)).toMatchObject({ generation: 2, status: 'running', result: null })
			expect((await store.steps(run.id)).map(({ stepId }) => stepId)).toEqual([kept.stepId])
			expect((await store.steps(run.id, 1)).map(({ stepId }) => stepId)).toEqual([kept.stepId, dropped.stepId])
			const again = settled('/1', {})
			await store.record({ ...run, generation: 2 }, [again, { kind: 'lane_decided', position: '/2', lane: 3 }], 0)
			const journals = await Promise.all([1, 2].map((generation) => store.journal(run.id, generation)))
			expect(journals.map(({ steps, decisions }) => [steps.at(-1)?.stepId, decisions.get('/2')])).toEqual([
				[dropped.stepId, 1],
				[again.stepId, 3],
			])
			expect(await store.closedGenerations(run.id)).toMatchObject([{ generation: 1, status: 'done', result: 1 }])
		})

		test('a closed generation takes no facts any more', async () => {
			await using opened = await open()
			const { run } = await launched(opened.store)
			await opened.store.changeStatus(run.id, { from: ['running'], to: 'done', events: [] })
			const opening = { from: ['done'], generation: 1, dropSteps: [], dropDecisions: [], options: run.options, events: [] } as const
			await opened.store.openGeneration(run.id, opening)
			await opened.store.record(run, [settled('/0', {})], 0)
			expect(await opened.store.steps(run.id, 2)).toEqual([])
		})

		test('lists are newest first, filtered by the store, in pages', async () => {
			await using opened = await open()
			const a = await launched(opened.store)
			const b = await launched(opened.store)
			await opened.store.changeStatus(a.run.id, { from: ['running'], to: 'done', events: [] })
			expect((await opened.store.runs({ limit: 10, offset: 0 })).map(({ id }) => id)).toEqual([b.run.id, a.run.id])
			expect((await opened.store.runs({ limit: 10, offset: 1 })).map(({ id }) => id)).toEqual([a.run.id])
			expect((await opened.store.runs({ status: 'running', limit: 10, offset: 0 })).map(({ id }) => id)).toEqual([b.run.id])
			expect((await opened.store.runs({ taskId: a.task.id, limit: 10, offset: 0 })).map(({ id }) => id)).toEqual([a.run.id])
			expect(await opened.store.countByStatus('running')).toBe(1)
		})

		test('a deleted run leaves nothing behind', async () => {
			await using opened = await open()
			const { run } = await launched(opened.store)
			await opened.store.record(run, [settled('/0', {})], 0)
			expect(await opened.store.deleteRun(run.id)).toBe(true)
			expect(await opened.store.run(run.id)).toBeNull()
			expect(await opened.store.steps(run.id)).toEqual([])
			expect(await opened.store.deleteRun(asRunId('R-nobody'))).toBe(false)
		})
	})
}

async function launched(store: RunStore): Promise<{ task: Task; run: Run }> {
	const at = 1_700_000_000_000
	const task: Task = {
		id: newTaskId(),
		goal: 'try it',
		blueprintRef: { kind: 'id', id: 'main', version: { kind: 'latest' } },
		initCtx: { x: 1 },
		taskInput: { project_root: '/p' },
		createdAt: at,
		updatedAt: at,
	}
	const run: Run = {
		id: newRunId(),
		taskId: task.id,
		generation: 1,
		status: 'running',
		phase: 'running',
		blueprintId: 'main',
		blueprintHash: 'a'.repeat(64),
		boundVersion: null,
		initCtx: { x: 1 },
		options: { detached: true },
		result: null,
		operatorSid: null,
		seatGeneration: 0,
		seats: [],
		ttlUsedMs: 0,
		positionScheme: 1,
		createdAt: at,
		updatedAt: at,
	}
	await Promise.all([store.createTask(task), store.createRun(run, [{ kind: 'run.started', runId: run.id, taskId: task.id }])])
	return { task, run }
}

function settled(position: string, over: Partial<StepSettled>): StepSettled {
	return {
		kind: 'step_settled',
		stepId: newStepId(),
		position,
		ref: 'worker',
		inputHash: '00',
		attempt: 1,
		status: 'passed',
		value: 1,
		failure: null,
		stats: null,
		startedAt: 5,
		at: 9,
		...over,
	}
}

const began = (stepId: StepId): StepBegan => ({
	kind: 'step_began',
	stepId,
	position: '/0',
	ref: 'worker',
	inputHash: '00',
	prompt: 'do it',
	attempt: 0,
	at: 1,
})

function attempt(stepId: StepId, n: number): Fact {
	return {
		kind: 'attempt_began',
		stepId,
		n,
		ref: 'worker',
		backend: 'subprocess',
		system: null,
		context: {},
		tokenFp: null,
		handleHash: null,
		at: 2,
	}
}

function ended(stepId: StepId, n: number, status: 'lost' | 'finished'): Fact {
	return { kind: 'attempt_ended', stepId, n, backend: 'subprocess', status, failure: null, stats: null, at: 3 }
}

/** An attempt of which nothing failed and which used nothing up. */
const unfailed = (n: number) => ({ n, failed: 0, wakeAt: null, used: { attempts: n, tokens: 0, costUsd: 0 } })
