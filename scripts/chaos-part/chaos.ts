import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FAULT_NAMES } from '../../src/kernel/fault.ts'
import { call } from '../../test/e2e/support/api.ts'
import { followEvents } from '../../test/e2e/support/event-reader.ts'
import { type Asked, joinOperator, type TestOperator } from '../../test/e2e/support/operator.ts'
import { seededRandom } from '../../test/e2e/support/random.ts'
import { startTestServer, type TestServer } from '../../test/e2e/support/server.ts'
import { eventually } from '../../test/support/eventually.ts'
import { keepApproving } from './approver.ts'
import { checkHistory } from './check.ts'
import { keepLaunching } from './client.ts'
import { type ClientJournal, openClientJournal } from './journal.ts'
import type { Report } from './report.ts'
import { notingWorker } from './worker.ts'

export interface ChaosOptions {
	readonly kills: number
	readonly seed: number
	/** Leaves the data behind. */
	readonly keep?: boolean
	readonly binary?: string
	say?(text: string): void
}

const CLIENTS = 4
/** The longest that a life lasts, from the moment at which it listens. */
const LONGEST_LIFE_MS = 700
/** A point that a life of such length does not reach is given up, and the server is killed by the clock. */
const PATIENCE_MS = 1500
/** Of a point that is reached all the time, one of so many is taken. */
const OFTEN = 60
/** So long all that is left gets to come to its end. */
const SETTLE_MS = 60_000
/** How often a line says how far it is. */
const TELL_EACH = 50

/**
 * Kills a server `kills` times under mixed load and checks the history of it. Half of the kills come by the clock, the others at
 * the named points, each in turn. The seed draws kills and load; how they meet is up to the machine.
 */
export async function runChaos({ kills, seed, keep = false, binary, say = () => {} }: ChaosOptions): Promise<Report> {
	const started = performance.now()
	const place = mkdtempSync(join(tmpdir(), 'mse-chaos-'))
	mkdirSync(join(place, 'child'))
	try {
		const journal = openClientJournal(join(place, 'journal'))
		const args = ['--recovery-max', '1000000', '--log-level', 'error']
		await using server = await startTestServer({ args, dataDir: join(place, 'data'), ...(binary && { binary }) })
		const points = new Map<string, number>()
		const under = { server, journal, place: join(place, 'child'), random: seededRandom(seed) }
		const asked = await withLoad(under, async () => {
			for (let kill = 0; kill < kills; kill++) {
				const point = await oneLife(server, under.random, kill)
				if (point) points.set(point, (points.get(point) ?? 0) + 1)
				if ((kill + 1) % TELL_EACH === 0) say(`${kill + 1} kills, ${((performance.now() - started) / 1000).toFixed(0)} s`)
			}
			await server.restart()
		})
		const checked = await checkHistory({ server, journal, asked, place: under.place })
		const planned = [...points.values()].reduce((sum, count) => sum + count, 0)
		const secs = (performance.now() - started) / 1000
		return { seed, kills, planned, points, secs, ...checked, kept: keep ? place : null }
	} finally {
		if (!keep) rmSync(place, { recursive: true, force: true })
	}
}

interface UnderLoad {
	readonly server: TestServer
	readonly journal: ClientJournal
	readonly place: string
	random(): number
}

/** Clients, an operator that drops and returns, and a reader of events are there for as long as `work` takes. What the operator was asked. */
async function withLoad({ server: { url }, journal, place, random }: UnderLoad, work: () => Promise<void>): Promise<readonly Asked[]> {
	const left = new AbortController()
	let n = 0
	const receipted = ({ frame }: { frame: { req_id: string; task_id: string } }): void =>
		journal.note({ kind: 'receipt', request: frame.req_id, step: frame.task_id })
	await using operator = await joinOperator({ url, work: notingWorker(url, journal), receipted })
	journal.note({ kind: 'join', sid: operator.sid })
	using _reader = followEvents(url, '', (event) => journal.note({ kind: 'event', seq: event.seq, text: JSON.stringify(event) }))
	const options = { url, journal, place, random: seededRandom(Math.floor(random() * 2 ** 32)), next: () => ++n, left: left.signal }
	const clients = Array.from({ length: CLIENTS }, () => keepLaunching(options))
	const approving = new AbortController()
	const approver = keepApproving({ url, journal, left: approving.signal })
	const failed = Promise.all([...clients, Promise.race([approver, aborted(left.signal)])])
	const dropping = keepDropping(operator, options.random, left.signal)
	try {
		await Promise.race([work(), failed])
		left.abort()
		await failed
		await settle(url, operator)
		return [...operator.asked.values()]
	} finally {
		left.abort()
		approving.abort()
		await Promise.all([dropping, approver])
	}
}

const aborted = (signal: AbortSignal): Promise<void> =>
	new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))

/** Until nothing is left to do; what will not end is found by the check. */
async function settle(url: string, { asked }: TestOperator): Promise<void> {
	const isIdle = async (): Promise<boolean> => {
		const { body } = await call<{ running_runs: number }>('GET', `${url}/v1/status`)
		return body.running_runs === 0 && [...asked.values()].every(({ reply, received }) => !reply || received)
	}
	await eventually(isIdle, { within: SETTLE_MS, what: 'everything is idle' }).catch(() => {})
}

async function keepDropping(operator: TestOperator, random: () => number, left: AbortSignal): Promise<void> {
	while (!left.aborted) {
		await Bun.sleep(100 + random() * 900)
		operator.drop()
	}
}

/** One life of the server, from its start to its end. The point at which it died, or null when the clock killed it. */
async function oneLife(server: TestServer, random: () => number, kill: number): Promise<string | null> {
	if (kill % 2 === 0) {
		await server.restart()
		await Bun.sleep(random() * LONGEST_LIFE_MS)
		await strike(server)
		return null
	}
	const point = FAULT_NAMES[((kill - 1) / 2) % FAULT_NAMES.length] ?? 'commit.before_commit'
	const count = 1 + Math.floor(random() * (point.startsWith('commit.') ? OFTEN : 4))
	const listens = await server.restartDoomed({ MSE_FAULT: `${point}:${point.startsWith('start.') ? 1 : count}` })
	if (!listens) return point
	const reached = await Promise.race([server.ended.then(() => true), Bun.sleep(PATIENCE_MS).then(() => false)])
	await strike(server)
	return reached ? point : null
}

/** Whatever ends a server but a SIGKILL is a defect of its own. */
async function strike(server: TestServer): Promise<void> {
	const end = await server.kill('SIGKILL')
	if (end !== 'SIGKILL') throw new Error(`the server ended by itself with ${end}; it said:\n${server.stderr}`)
}
