import { describe, expect, test } from 'bun:test'
import type { RunRecord } from '../../src/protocol/run.ts'
import type { LaunchReply } from '../../src/protocol/task.ts'
import { eventually } from '../support/eventually.ts'
import { call, callUntilAnswered } from './support/api.ts'
import { followEvents, readLog } from './support/event-reader.ts'
import { faultsOfChildren, faultsOfLog } from './support/history.ts'
import { type Asked, httpWorker, joinOperator, obey } from './support/operator.ts'
import { seededRandom } from './support/random.ts'
import { startTestServer } from './support/server.ts'
import { readFixture, workFolder } from './support/work-folder.ts'

const KILLS = 10
/** Of what can be seen from outside between two kills, at most so much; the undisturbed run shows more than ten times that. */
const LONGEST_LIFE = 20
const everyWay = readFixture('blueprint/every-way.json')

/** Counts what is seen of the server from outside, the same thing in a row once, and acts in the very turn in which a chosen one is. */
function newFuse() {
	let seen = 0
	let last = ''
	let at = Number.POSITIVE_INFINITY
	let act = (_what: string): void => {}
	return {
		observe(what: string): void {
			if (what === last) return
			last = what
			if (++seen !== at) return
			at = Number.POSITIVE_INFINITY
			act(what)
		},
		/** Resolves with the moment, after `strike` was called in it. */
		after: (count: number, strike: () => void) =>
			new Promise<string>((resolve) => {
				at = seen + count
				act = (what) => {
					strike()
					resolve(what)
				}
			}),
	}
}

async function runWithKills(kills: number, random: () => number): Promise<readonly string[]> {
	using folder = workFolder()
	await using server = await startTestServer({ args: ['--recovery-max', '1000'] })
	const { url } = server
	const { observe, after } = newFuse()
	await using operator = await joinOperator({ url, work: httpWorker(url, obey, observe), observe })
	const blueprint = { kind: 'inline', value: everyWay }
	const json = { blueprint, init_ctx: {}, operator_sid: operator.sid, work_dir: folder.path, detach: true }
	const { body } = await call<LaunchReply>('POST', `${url}/v1/tasks`, { json })
	using reader = followEvents(url, `run=${body.run_id}`, ({ kind }) => observe(`event ${kind}`))

	const moments: string[] = []
	for (let kill = 0; kill < kills; kill++) {
		moments.push(await after(1 + Math.floor(random() * LONGEST_LIFE), () => void server.kill('SIGKILL')))
		await server.restart()
	}
	const ended = await reader.first('run.done')
	const { body: run } = await callUntilAnswered<RunRecord>('GET', `${url}/v1/runs/${body.run_id}`)
	const log = await readLog(url, `run=${body.run_id}`)

	expect([run.status, run.result_ref]).toEqual(['done', EVERY_WAY_CTX])
	expect(faultsOfLog(log)).toEqual([])
	expect(faultsOfChildren(folder.journal(), log)).toEqual([])
	expect(reader.events.map(({ seq }) => seq)).toEqual(log.map(({ seq }) => seq))
	expect(log.at(-1)).toEqual(ended)
	await eventually(() => [...operator.asked.values()].every(({ reply, received }) => reply === null || received), {
		what: 'every reply is receipted',
	})
	expect(faultsOfOperator([...operator.asked.values()])).toEqual([])
	expect(log.filter(({ kind }) => kind === 'run.recovered').length).toBeLessThanOrEqual(kills)

	return moments
}

/** Double work, as the operator saw it. */
function faultsOfOperator(asked: readonly Asked[]): string[] {
	const worked = asked.filter(({ works }) => works > 0).map(({ frame }) => frame.task_id)
	return [
		...asked.filter(({ works }) => works > 1).map(({ frame }) => `${frame.req_id} was worked on twice`),
		...worked.filter((step, index) => worked.indexOf(step) !== index).map((step) => `${step} was asked for twice`),
	]
}

const LAST_ERROR = `dispatcher error for ref 'lane': blocked: {"raw":"","stderr":"there is no d yet\\n"}`
const lanes = (ctx: object) =>
	everyWay.default_init_ctx.items.map((item: string) => ({ ...ctx, item, made: `made of ${item}`, checked: 'CHECKED' }))
const begun = { done: false, items: everyWay.default_init_ctx.items, last_error: LAST_ERROR, mended: 'MENDED' }
const afterFirst = { ...begun, paused: { slept_ms: 5 }, results: lanes({ ...begun, round: 1, tick: 1 }) }
const EVERY_WAY_CTX = {
	...afterFirst,
	done: true,
	round: 3,
	tick: 2,
	results: lanes({ ...afterFirst, round: 2, tick: 2 }),
	closed: 'CLOSED',
}

describe('a server that is killed', () => {
	test('never is: the run that the other tests disturb', async () => {
		expect(await runWithKills(0, () => 0)).toEqual([])
	})

	test(`${KILLS} times at moments left to chance loses and repeats nothing of its run`, async () => {
		const seed = Number(Bun.env.MSE_SEED ?? Math.floor(Math.random() * 2 ** 32))
		try {
			const moments = await runWithKills(KILLS, seededRandom(seed))
			expect(moments).toHaveLength(KILLS)
		} catch (cause) {
			throw new Error(`the run went wrong; MSE_SEED=${seed} draws the same moments again`, { cause })
		}
	}, 60_000)
})
