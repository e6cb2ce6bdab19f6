import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { type FollowOptions, follow, openCursor } from '../../../src/core/event/follow.ts'
import { eventually } from '../../support/eventually.ts'
import { memoryEventLog } from '../../support/memory-event-log.ts'

function world(over: Partial<FollowOptions> = {}) {
	const { log, commit, drop, listeners } = memoryEventLog()
	const stop = new AbortController()
	const start = (more: Partial<FollowOptions> = {}) =>
		follow(log, { after: 0, filter: {}, live: true, signal: stop.signal, ...over, ...more })
	return { log, commit, drop, listeners, stop, start }
}

const seqs = (page: { value?: unknown }) => ((page.value ?? []) as { seq: number }[]).map(({ seq }) => seq)

test('replays from a cursor and goes on with what is committed', async () => {
	const { commit, start } = world()
	commit(['run.started', 'step.dispatched', 'step.completed'])
	const { pages } = start({ after: 1 })
	expect(seqs(await pages.next())).toEqual([2, 3])
	commit(['run.done'])
	expect(seqs(await pages.next())).toEqual([4])
})

test('a waiting reader is woken by a commit, and only by facts that match', async () => {
	const { commit, start, log } = world({ filter: { kinds: ['run.'], run: 'R-1' } })
	const { pages, position } = start()
	const next = pages.next()
	commit(['step.completed'], { run_id: 'R-1' })
	commit(['run.done'], { run_id: 'R-2' })
	commit(['run.done'], { run_id: 'R-1' })
	expect(seqs(await next)).toEqual([3])
	expect(log.reads).toBe(0)
	expect(position()).toBe(3)
})

test('the position moves past facts that do not match, so that a cursor does not grow old', async () => {
	const { commit, start, stop } = world({ filter: { run: 'R-none' } })
	const { pages, position } = start()
	const next = pages.next()
	await Promise.resolve()
	for (let i = 0; i < 5; i++) {
		await Bun.sleep(0)
		commit(['run.started'])
	}
	await Bun.sleep(0)
	expect(position()).toBe(5)
	stop.abort()
	expect((await next).done).toBe(true)
})

test('a reader that is too slow is served from the log, without gap or duplicate', async () => {
	const { commit, start } = world({ pageSize: 10 })
	const { pages } = start()
	commit(['run.started'])
	expect(seqs(await pages.next())).toEqual([1])
	for (let i = 0; i < 100; i++) commit(['step.completed'])
	const got: number[] = []
	while (got.length < 100) got.push(...seqs(await pages.next()))
	expect(got).toEqual(Array.from({ length: 100 }, (_, at) => at + 2))
})

test('facts committed while a page is read come after it, once', async () => {
	for (const pageSize of [1, 2, 500]) {
		const { log, commit, start } = world({ filter: { kinds: ['run.'] } })
		commit(['run.started', 'step.completed'])
		log.duringRead = () => {
			if (log.reads < 4) commit(['step.completed', 'run.started'])
		}
		const { pages } = start({ pageSize })
		const got: number[] = []
		while (got.length < 1) got.push(...seqs(await pages.next()))
		commit(['run.done'])
		log.duringRead = () => {}
		const { newest } = await log.bounds()
		while (got.at(-1) !== newest) got.push(...seqs(await pages.next()))
		expect(got).toEqual((await log.read(0, { kinds: ['run.'] }, 500)).map(({ seq }) => seq))
	}
})

test('readers that have caught up share one page, and the log is not read for them', async () => {
	const { log, commit, start } = world({ filter: { kinds: ['run.'] } })
	const readers = Array.from({ length: 5 }, () => start().pages)
	const waiting = readers.map((pages) => pages.next())
	await Bun.sleep(0)
	commit(['run.started', 'step.completed', 'run.done'])
	const pages = (await Promise.all(waiting)).map(({ value }) => value)
	expect(pages[0]?.map(({ seq }) => seq)).toEqual([1, 3])
	expect(pages.every((page) => page === pages[0])).toBe(true)
	expect(log.reads).toBe(0)
})

test('a reader further behind than memory reaches goes on from the log, one that is a little behind does not', async () => {
	const { log, commit, start } = world()
	const [near, far] = [start().pages, start().pages]
	const waiting = [near.next(), far.next()]
	await Bun.sleep(0)
	commit(['run.started'])
	await Promise.all(waiting)
	for (let i = 0; i < 900; i++) commit(['step.completed'])
	expect(seqs(await near.next())).toHaveLength(500)
	expect(log.reads).toBe(0)
	for (let i = 0; i < 2000; i++) commit(['step.completed'])
	const got: number[] = []
	while (got.length < 2900) got.push(...seqs(await far.next()))
	expect(got).toEqual(Array.from({ length: 2900 }, (_, at) => at + 2))
	expect(log.reads).toBeGreaterThan(0)
	expect(log.reads).toBeLessThan(6)
})

test('a fact wakes those who follow its run, task, worker or operator, or everything', async () => {
	const { commit, start } = world()
	const fact = { run_id: 'R-1', task_id: 'T-1', worker: 'w', operator: 'S-1' }
	const filters = [{}, { run: 'R-1' }, { task: 'T-1' }, { worker: 'w' }, { operator: 'S-1' }, { run: 'R-1', operator: 'S-1' }]
	const others = [{ run: 'R-2' }, { task: 'T-2' }, { worker: 'v' }, { operator: 'S-2' }, { run: 'R-1', operator: 'S-2' }]
	const woken: number[] = []
	for (const [n, filter] of [...filters, ...others].entries())
		void start({ filter })
			.pages.next()
			.then(() => woken.push(n))
	await Bun.sleep(0)
	commit(['run.started'], fact)
	await eventually(() => woken.length >= filters.length, { what: 'they are woken' })
	await Bun.sleep(0)
	expect(woken.sort((a, b) => a - b)).toEqual(filters.map((_, n) => n))
})

test('whatever the timing of commits and reads, each matching fact arrives once and in order', async () => {
	const moves = fc.array(fc.oneof(fc.integer({ min: 1, max: 8 }), fc.constant('read' as const)), { maxLength: 60 })
	await fc.assert(
		fc.asyncProperty(moves, fc.integer({ min: 1, max: 5 }), async (steps, pageSize) => {
			const { commit, start } = world({ pageSize, filter: { kinds: ['run.'] } })
			const { pages } = start()
			let total = 0
			const got: number[] = []
			const wanted: number[] = []
			for (const step of steps) {
				if (step === 'read') {
					if (got.length < wanted.length) got.push(...seqs(await pages.next()))
					continue
				}
				for (let i = 0; i < step; i++) {
					const isRun = ++total % 3 !== 0
					commit([isRun ? 'run.started' : 'step.completed'])
					if (isRun) wanted.push(total)
				}
			}
			while (got.length < wanted.length) got.push(...seqs(await pages.next()))
			expect(got).toEqual(wanted)
		}),
		{ numRuns: 60 },
	)
})

test('without live it ends once it has caught up, and lets go of the log', async () => {
	const { commit, start, listeners } = world()
	commit(['run.started', 'run.done'])
	const got: number[] = []
	for await (const page of start({ live: false }).pages) got.push(...page.map(({ seq }) => seq))
	expect(got).toEqual([1, 2])
	expect(listeners.size).toBe(0)
})

test('an abort ends a waiting reader, and a reader that leaves lets go of the log', async () => {
	const { start, stop, listeners, commit } = world()
	const next = start().pages.next()
	stop.abort()
	expect((await next).done).toBe(true)
	expect(listeners.size).toBe(0)
	const other = world()
	other.commit(['run.started'])
	for await (const _page of other.start().pages) break
	expect(other.listeners.size).toBe(0)
	commit(['run.done'])
})

test('facts dropped under a slow reader are an expired cursor, not a gap', async () => {
	const { commit, start, drop } = world({ pageSize: 2 })
	commit(['run.started', 'step.completed', 'step.completed', 'step.completed', 'step.completed'])
	const { pages } = start()
	expect(seqs(await pages.next())).toEqual([1, 2])
	drop(5)
	expect(pages.next()).rejects.toMatchObject({ kind: 'gone', code: 'cursor_expired', details: { oldest: 5 } })
})

test('a cursor is checked against what the log has', async () => {
	const { log, commit, drop } = world()
	expect(await openCursor(log, undefined)).toBe(0)
	commit(['run.started', 'run.done', 'run.started', 'run.done'])
	expect([await openCursor(log, '4'), await openCursor(log, 'latest'), await openCursor(log, '0')]).toEqual([4, 4, 0])
	for (const bad of ['5', 'x', '-1', '1.5', '99999999999999999999'])
		expect(openCursor(log, bad)).rejects.toMatchObject({ code: 'cursor_invalid' })
	drop(3)
	expect(openCursor(log, '1')).rejects.toMatchObject({ kind: 'gone', code: 'cursor_expired' })
	expect([await openCursor(log, '2'), await openCursor(log, undefined)]).toEqual([2, 2])
})
