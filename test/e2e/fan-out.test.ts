import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import fanOut from '../../src/core/blueprint/sample/fan-out.json'
import type { RunRecord } from '../../src/protocol/run.ts'
import type { LaunchReply } from '../../src/protocol/task.ts'
import { tempDir } from '../support/temp-dir.ts'
import { call } from './support/api.ts'
import { readLog } from './support/event-reader.ts'
import { faultsOfLog } from './support/history.ts'
import { startTestServer } from './support/server.ts'

const items = fanOut.default_init_ctx.items

/** The sample with another program in its lanes; it gets its item on stdin. */
function withLane(script: string) {
	const lane = { name: 'lane', kind: 'subprocess', spec: { program: '/bin/sh', args: ['-c', script] } }
	return { ...fanOut, agents: fanOut.agents.map((agent) => (agent.name === 'lane' ? lane : agent)) }
}

async function run(url: string, blueprint: object, more: object = {}) {
	const { status, body } = await call<LaunchReply>('POST', `${url}/v1/tasks`, { json: { blueprint, init_ctx: {}, ...more } })
	expect(status).toBe(200)
	const record = (await call<RunRecord>('GET', `${url}/v1/runs/${body.run_id}`)).body
	return { ctx: body.final_ctx, steps: record.step_entries, log: await readLog(url, `run=${body.run_id}`) }
}

const statuses = (steps: RunRecord['step_entries']) => Object.groupBy(steps, ({ status }) => String(status))

describe('twenty child processes in a fan-out in a try in a loop', () => {
	test('run at once and are gathered in the order of the items', async () => {
		await using server = await startTestServer({ args: ['--seed-samples'] })
		const { ctx, steps, log } = await run(server.url, { kind: 'id', id: 'fan-out' })
		const line = (item: number) => ({ raw: `lane ${item}: ${item * item}`, stderr: '' })
		const results = items.map((item) => ({ done: false, items, tries: 0, item, line: line(item) }))
		expect(ctx).toEqual({ done: true, items, tries: 1, results, summary: 20 })
		expect(steps.map(({ status, attempt }) => `${status} ${attempt}`)).toEqual(Array(21).fill('passed 1'))
		expect(faultsOfLog(log)).toEqual([])
	})

	test('a lane that fails ends the others, is caught, and the loop tries all of them again', async () => {
		using folder = tempDir()
		await using server = await startTestServer()
		const value = withLane('n=$(cat); if [ $n = 7 ] && ! [ -f failed ]; then touch failed; echo "no seven yet" >&2; exit 3; fi; echo $n')
		const { ctx, steps, log } = await run(server.url, { kind: 'inline', value }, { work_dir: folder.path })
		const last_error = `dispatcher error for ref 'lane': blocked: {"raw":"","stderr":"no seven yet\\n"}`
		const results = items.map((item) => ({ done: false, items, tries: 1, last_error, item, line: item }))
		expect(ctx).toMatchObject({ done: true, items, tries: 2, last_error, results })
		const first = steps.filter(({ position }) => position.includes('body[0]'))
		expect(statuses(first).blocked).toHaveLength(1)
		expect(first.filter(({ status }) => status !== 'passed' && status !== 'cancelled' && status !== 'blocked')).toEqual([])
		expect(faultsOfLog(log)).toEqual([])
	})

	test('when a lane fails every time the loop gives up and the error is what is left', async () => {
		await using server = await startTestServer()
		const value = withLane('n=$(cat); test $n != 13 || exit 1; sleep 30; echo $n')
		const started = performance.now()
		const { ctx, steps } = await run(server.url, { kind: 'inline', value })
		const last_error = `dispatcher error for ref 'lane': blocked: {"raw":"","stderr":""}`
		expect(ctx).toEqual({ done: false, items, tries: 3, last_error, summary: last_error })
		expect(performance.now() - started).toBeLessThan(15_000)
		expect(statuses(steps)).toMatchObject({ blocked: Array(3).fill({ step_ref: 'lane' }), cancelled: expect.any(Array) })
	}, 20_000)

	test('lanes over the limit of children at a time wait for their turn', async () => {
		using folder = tempDir()
		await using server = await startTestServer({ args: ['--limits-children', '3'] })
		const script =
			'n=$(cat); echo x >>busy; ls running-* 2>/dev/null | wc -l >>widths; touch running-$$; sleep 0.02; rm running-$$; echo $n'
		const { ctx } = await run(server.url, { kind: 'inline', value: withLane(script) }, { work_dir: folder.path })
		expect(ctx).toMatchObject({ done: true, tries: 1 })
		const widths = (await Bun.file(join(folder.path, 'widths')).text()).trim().split(/\s+/).map(Number)
		expect(widths).toHaveLength(20)
		expect(Math.max(...widths)).toBeLessThanOrEqual(2)
	})
})
