import { describe, expect, test } from 'bun:test'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { keepApproving } from '../../scripts/chaos-part/approver.ts'
import { checkHistory } from '../../scripts/chaos-part/check.ts'
import { openClientJournal } from '../../scripts/chaos-part/journal.ts'
import { childFolder } from '../../scripts/chaos-part/load.ts'
import { notingWorker } from '../../scripts/chaos-part/worker.ts'
import { FAULT_NAMES } from '../../src/kernel/fault.ts'
import type { LaunchReply } from '../../src/protocol/task.ts'
import { eventually } from '../support/eventually.ts'
import { tempDir } from '../support/temp-dir.ts'
import { callUntilAnswered, untilEnded } from './support/api.ts'
import { runBinary } from './support/binary.ts'
import { joinOperator, type Reply, type SpawnFrame } from './support/operator.ts'
import { startTestServer } from './support/server.ts'

const path = (at: string) => ({ op: 'path', at })
const step = (ref: string, input: object, out: string) => ({ kind: 'step', ref, in: input, out: path(out) })

/** Passes by every point: a large value, a child, a seat that falls to whoever bears its name, a worker over HTTP, somebody who allows it. */
const everywhere = {
	id: 'everywhere',
	flow: {
		kind: 'seq',
		children: [
			step('copy', path('$.big'), '$.copy'),
			step('lane', { op: 'lit', value: { item: 'a', round: 1 } }, '$.made'),
			step('asked', { op: 'lit', value: 'go' }, '$.said'),
			step('allowed', { op: 'lit', value: 'done' }, '$.allowed'),
		],
	},
	agents: [
		{ name: 'copy', kind: 'rust_fn', spec: { fn_id: 'echo' } },
		{ name: 'lane', kind: 'subprocess', spec: { program: '/bin/sh', args: ['lane.sh'] } },
		{ name: 'asked', kind: 'operator', spec: { operator_ref: 'main-ai' }, profile: { system_prompt: 'Always reply `yes`' } },
		{ name: 'allowed', kind: 'rust_fn', spec: { fn_id: 'echo' }, policy: { approve: 'before_spawn' } },
	],
	operators: [{ name: 'main-ai' }],
}
const expected = (big: string) => ({
	big,
	copy: big,
	made: 'made of a',
	said: { out: 'yes', parts: { note: 'note of yes' } },
	allowed: 'done',
})

/** Sends work to the world only after `open`, so that the first run still waits when its server dies. */
function gated(work: (frame: SpawnFrame) => Promise<Reply>) {
	const gate = Promise.withResolvers<void>()
	return { open: gate.resolve, work: (frame: SpawnFrame) => gate.promise.then(() => work(frame)) }
}

async function world() {
	const folder = tempDir()
	const place = join(folder.path, 'child')
	mkdirSync(place)
	const journal = openClientJournal(join(folder.path, 'journal'))
	const server = await startTestServer({ dataDir: join(folder.path, 'data'), args: ['--recovery-max', '1000'] })
	const worker = gated(notingWorker(server.url, journal))
	const receipted = ({ frame }: { frame: SpawnFrame }) => journal.note({ kind: 'receipt', request: frame.req_id, step: frame.task_id })
	const operator = await joinOperator({ url: server.url, work: worker.work, receipted })
	const left = new AbortController()
	const approver = keepApproving({ url: server.url, journal, left: left.signal })
	let launches = 0
	return {
		...{ server, operator, open: worker.open },
		/** Asks until it is answered, by this life of the server or the next. */
		async launch(): Promise<string> {
			const big = `${++launches} `.repeat(150_000)
			const blueprint = { kind: 'inline', value: everywhere }
			const json = { blueprint, init_ctx: { big }, work_dir: childFolder(place, launches), detach: true }
			const headers = { 'idempotency-key': `launch-${launches}` }
			const answer = await callUntilAnswered<LaunchReply>('POST', `${server.url}/v1/tasks`, { json, headers })
			const { run_id: run, task_id: task } = answer.body
			journal.note({ kind: 'launch', run, task, load: 'everywhere', expected: expected(big) })
			return run
		},
		check: () => checkHistory({ server, journal, asked: [...operator.asked.values()], place }),
		async [Symbol.asyncDispose]() {
			left.abort()
			await operator[Symbol.asyncDispose]()
			await approver
			await server[Symbol.asyncDispose]()
			folder[Symbol.dispose]()
		},
	}
}

describe('a server that dies at', () => {
	for (const point of FAULT_NAMES)
		test(`${point} loses and repeats nothing`, async () => {
			await using there = await world()
			const { server, operator } = there
			const before = await there.launch()
			await eventually(() => operator.asked.size === 1, { what: 'the first run waits for its operator' })
			const listens = await server.restartDoomed({ MSE_FAULT: point })
			there.open()
			const during = listens ? there.launch() : null
			if (listens) await server.ended
			expect(await server.kill('SIGKILL')).toBe('SIGKILL')
			await server.restart()
			const after = await there.launch()
			for (const run of [before, await during, after]) if (run !== null) await untilEnded(server.url, run)
			await eventually(() => [...operator.asked.values()].every(({ received }) => received), { what: 'all replies are receipted' })
			expect(Object.fromEntries((await there.check()).faults.map(({ name, found }) => [name, found]))).toEqual({
				...{ lost: [], repeated: [], stuck: [], wrong: [] },
			})
		}, 30_000)
})

test('a point that does not exist is refused with those that do', async () => {
	const { code, stderr } = await runBinary(['serve', '--ephemeral', '--bind', '127.0.0.1:0'], { env: { MSE_FAULT: 'nowhere' } })
	expect([code, stderr]).toEqual([1, expect.stringContaining('expected POINT:COUNT with one of start.locked, ')])
})
