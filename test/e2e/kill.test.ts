import { describe, expect, test } from 'bun:test'
import type { Event } from '../../src/protocol/event.ts'
import type { RunRecord } from '../../src/protocol/run.ts'
import type { LaunchReply } from '../../src/protocol/task.ts'
import { eventually } from '../support/eventually.ts'
import { call, untilEnded } from './support/api.ts'
import { followEvents, readLog } from './support/event-reader.ts'
import { faultsOfChildren, faultsOfLog, faultsOfOperator } from './support/history.ts'
import { httpWorker, joinOperator, obey } from './support/operator.ts'
import { seededRandom } from './support/random.ts'
import { startTestServer } from './support/server.ts'
import { readFixture, workFolder } from './support/work-folder.ts'

/** Of what can be seen from outside between two kills, at most so much; an undisturbed run shows more than ten times that. */
const LONGEST_LIFE = 20

const everyWay = readFixture('blueprint/every-way.json')
const races = readFixture('blueprint/races.json')

/** Counts what is seen of the server from outside, the same thing in a row once, and acts in the very turn in which a chosen one is. */
function newFuse() {
	let last = ''
	let left = 0
	let act = (): void => {}
	return {
		observe(what: string): void {
			if (what === last) return
			last = what
			if (--left === 0) act()
		},
		light(moments: number, strike: () => void): void {
			left = moments
			act = strike
		},
	}
}

interface Disturbance {
	readonly document: object
	readonly runs: number
	/** How the server ends each of its lives but the last. */
	readonly signals: readonly ('SIGKILL' | 'SIGTERM')[]
	random(): number
}

interface Outcome {
	readonly record: RunRecord
	readonly log: readonly Event[]
}

/** Runs the document while the server dies again and again; what must hold for any document is checked here. */
async function runDisturbed({ document, runs, signals, random }: Disturbance): Promise<readonly Outcome[]> {
	using folder = workFolder()
	await using server = await startTestServer({ args: ['--recovery-max', '1000'] })
	const { url } = server
	const { observe, light } = newFuse()
	await using operator = await joinOperator({ url, work: httpWorker(url, obey, observe), observe })
	using reader = followEvents(url, '', ({ kind }) => observe(`event ${kind}`))
	const json = { blueprint: { kind: 'inline', value: document }, init_ctx: {}, work_dir: folder.path, detach: true }
	const launches = Array.from({ length: runs }, () => call<LaunchReply>('POST', `${url}/v1/tasks`, { json }))
	const ids = (await Promise.all(launches)).map(({ body }) => body.run_id)

	for (const signal of signals) {
		const ends: ReturnType<typeof server.kill>[] = []
		light(1 + Math.floor(random() * LONGEST_LIFE), () => ends.push(server.kill(signal)))
		await eventually(() => ends.length === 1, { what: 'the moment comes' })
		expect(await ends[0]).toBe(signal === 'SIGTERM' ? 0 : signal)
		await server.restart()
	}
	const records = await Promise.all(ids.map((id) => untilEnded(url, id)))
	await eventually(() => [...operator.asked.values()].every(({ reply, received }) => !reply || received), {
		what: 'all replies are receipted',
	})

	const log = await readLog(url)
	await eventually(() => reader.events.length >= log.length, { what: 'the reader has seen everything' })
	expect(reader.events.map(({ seq }) => seq)).toEqual(log.map(({ seq }) => seq))
	expect(faultsOfChildren(folder.journal(), log)).toEqual([])
	expect(faultsOfOperator([...operator.asked.values()])).toEqual([])
	return records.map((record) => {
		const mine = log.filter(({ run_id }) => run_id === record.id)
		expect(faultsOfLog(mine)).toEqual([])
		return { record, log: mine }
	})
}

const LAST_ERROR = `dispatcher error for ref 'lane': blocked: {"raw":"","stderr":"there is no d yet\\n"}`
const lanes = (ctx: object) =>
	everyWay.default_init_ctx.items.map((item: string) => ({ ...ctx, item, made: `made of ${item}`, checked: 'CHECKED' }))
const begun = { done: false, items: everyWay.default_init_ctx.items, last_error: LAST_ERROR, mended: 'MENDED' }
const afterFirst = { ...begun, paused: { slept_ms: 5 }, results: lanes({ ...begun, round: 1, tick: 1 }) }
const everyWayCtx = {
	...afterFirst,
	done: true,
	round: 3,
	tick: 2,
	results: lanes({ ...afterFirst, round: 2, tick: 2 }),
	closed: 'CLOSED',
}

function expectEveryWay(outcomes: readonly Outcome[]): void {
	for (const { record } of outcomes) expect([record.status, record.result_ref]).toEqual(['done', everyWayCtx])
}

interface Raced {
	readonly item: string
	readonly made: string
	readonly winner?: Raced
}

/** Each round's winner is in the ctx of the next one; it must be a lane whose step passed. */
function expectRaces(outcomes: readonly Outcome[]): void {
	for (const { record, log } of outcomes) {
		const { round, again, winner } = record.result_ref as { round: number; again: string; winner: Raced }
		expect([record.status, round, again]).toEqual(['done', 6, `made of ${winner.item}`])
		const passed = log
			.filter(({ kind, data }) => kind === 'step.completed' && data.status === 'passed')
			.map(({ data }) => String(data.position))
		let lane: Raced | undefined = winner
		for (let n = 5; n >= 0; n--, lane = lane?.winner) {
			const { item = '', made } = lane ?? {}
			expect([n, made]).toEqual([n, `made of ${item}`])
			const position = new RegExp(`body\\[${n}\\].*lane\\[${'abc'.indexOf(item)}\\]`)
			expect(passed.filter((at) => position.test(at))).toHaveLength(1)
		}
	}
}

/** Says with which seed the same moments are drawn again when the test fails. */
async function withSeed(work: (random: () => number) => Promise<void>): Promise<void> {
	const seed = Number(Bun.env.MSE_SEED ?? Math.floor(Math.random() * 2 ** 32))
	try {
		await work(seededRandom(seed))
	} catch (cause) {
		throw new Error(`it went wrong; MSE_SEED=${seed} draws the same moments again`, { cause })
	}
}

describe('a server that dies at moments left to chance loses and repeats nothing', () => {
	test('when it does not die at all', async () => {
		expectEveryWay(await runDisturbed({ document: everyWay, runs: 1, signals: [], random: () => 0 }))
		expectRaces(await runDisturbed({ document: races, runs: 1, signals: [], random: () => 0 }))
	})

	test('of a run with functions, children and operators, killed ten times', async () => {
		const signals = Array(10).fill('SIGKILL')
		await withSeed(async (random) => expectEveryWay(await runDisturbed({ document: everyWay, runs: 1, signals, random })))
	}, 60_000)

	test('of three runs at a time, killed and stopped in turns', async () => {
		const signals = ['SIGTERM', 'SIGKILL', 'SIGKILL', 'SIGTERM', 'SIGTERM', 'SIGKILL'] as const
		await withSeed(async (random) => expectEveryWay(await runDisturbed({ document: everyWay, runs: 3, signals, random })))
	}, 60_000)

	test('of lanes that race: a winner stays the winner', async () => {
		const signals = ['SIGKILL', 'SIGKILL', 'SIGTERM', 'SIGKILL', 'SIGKILL'] as const
		await withSeed(async (random) => expectRaces(await runDisturbed({ document: races, runs: 2, signals, random })))
	}, 60_000)
})
