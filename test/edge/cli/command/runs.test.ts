import { describe, expect, test } from 'bun:test'
import type { Worker } from '../../../../src/core/dispatch/backend.ts'
import { runsCommand } from '../../../../src/edge/cli/command/runs.ts'
import { runCli } from '../../../../src/edge/cli/run.ts'
import { asRunId } from '../../../../src/kernel/id.ts'
import { blueprintOf, lit, step } from '../../../support/blueprints.ts'
import { eventually } from '../../../support/eventually.ts'
import { httpWorld } from '../../http/support.ts'
import { fakeTerminal } from '../terminal.ts'

const endless: Worker = {
	pure: false,
	perform: ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
}
const failing: Worker = {
	pure: true,
	perform() {
		throw new Error('boom')
	},
}
const quick = blueprintOf(step('identity', lit('x'), '$.out'), ['identity'], { id: 'quick' })
const stuck = blueprintOf(step('endless', lit('x'), '$.out'), ['endless'], { id: 'stuck' })
const broken = blueprintOf(step('failing', lit('x'), '$.out'), ['failing'], { id: 'broken' })

/** A server with the three workers, and a command line that talks to it. */
function openWorld() {
	const world = httpWorld({ workers: { endless, failing } })
	const url = world.listen()
	const start = (...args: readonly string[]) => {
		const terminal = fakeTerminal({ env: { MSE_URL: url } })
		return { terminal, code: runCli(['runs', ...args], [runsCommand], terminal) }
	}
	const type = async (...args: readonly string[]) => {
		const { terminal, code } = start(...args)
		return { code: await code, stdout: terminal.stdout, stderr: terminal.stderr }
	}
	const launch = async (blueprint: typeof quick): Promise<string> => (await world.launch(blueprint, { detach: true })).body.run_id
	const launchToEnd = async (blueprint: typeof quick): Promise<string> => {
		const id = await launch(blueprint)
		await world.service.wait(asRunId(id), new AbortController().signal)
		return id
	}
	return { ...world, start, type, begin: launch, launchToEnd }
}

test('a run that waits for an approval says so, and for which', async () => {
	await using world = openWorld()
	const asking = { ...quick, metadata: { policy: { approve: 'before_spawn' } } }
	const id = await world.begin(asking)
	await eventually(async () => (await world.gate.list({ after: 0, limit: 1 })).length === 1, { what: 'it asks' })
	expect((await world.type('ls')).stdout).toContain('running, waiting_approval')
	expect((await world.type('show', id)).stdout).toMatch(/\nwaits for +approval 1, asked \d+ ms ago\n/)
})

describe('ls', () => {
	test('is a table of the newest runs', async () => {
		await using world = openWorld()
		expect((await world.type('ls')).stdout).toBe('no runs\n')
		const done = await world.launchToEnd(quick)
		const running = await world.begin(stuck)
		const lines = (await world.type('ls')).stdout.split('\n')
		expect(lines[0]?.split(/\s{2,}/)).toEqual(['RUN', 'STATUS', 'BLUEPRINT', 'STEPS', 'STARTED', 'TOOK'])
		expect(lines[1]?.split(/\s{2,}/).slice(0, 3)).toEqual([running, 'running', 'stuck'])
		expect(lines[2]?.split(/\s{2,}/).slice(0, 4)).toEqual([done, 'done', 'quick', '1'])
	})

	test('takes a status, a task and a limit, and prints JSON', async () => {
		await using world = openWorld()
		const done = await world.launchToEnd(quick)
		await world.begin(stuck)
		const ids = async (...args: string[]) =>
			JSON.parse((await world.type('ls', '--json', ...args)).stdout).map(({ id }: { id: string }) => id)
		expect(await ids('--status', 'done')).toEqual([done])
		expect(await ids('--limit', '1')).not.toEqual([done])
		expect(await ids('--task', 'T-0')).toEqual([])
	})

	test('with a status or a limit that is none is wrong usage', async () => {
		await using world = openWorld()
		expect(await world.type('ls', '--status', 'ended')).toMatchObject({
			code: 2,
			stderr: expect.stringContaining('expected one of pending,'),
		})
		expect(await world.type('ls', '--limit', '0')).toMatchObject({ code: 2, stdout: '' })
	})
})

describe('show', () => {
	test('tells a run, its steps and why it failed', async () => {
		await using world = openWorld()
		const id = await world.launchToEnd(broken)
		const { code, stdout } = await world.type('show', id)
		expect(code).toBe(0)
		expect(stdout).toContain(`run        ${id}\n`)
		expect(stdout).toMatch(/^reason +flow eval: .*boom$/m)
		expect(stdout).toMatch(/^failing +failed +1 /m)
		expect(JSON.parse((await world.type('show', id, '--json')).stdout)).toMatchObject({ id, status: 'failed' })
	})

	test('of an unknown run is refused with its id', async () => {
		await using world = openWorld()
		expect(await world.type('show', 'R-0')).toEqual({ code: 1, stdout: '', stderr: 'mse-server: Run R-0 does not exist.\n' })
	})
})

describe('tail', () => {
	test('prints what happens until the end, and its exit code says how it ended', async () => {
		await using world = openWorld()
		const id = await world.begin(stuck)
		const { terminal, code } = world.start('tail', '--from-start', id)
		await eventually(() => terminal.stdout.includes('started     endless'), { what: 'the step is seen' })
		await world.type('cancel', id)
		expect(await code).toBe(3)
		expect(terminal.stdout).toMatch(/cancelled {3}R-/)
		expect(terminal.stderr).toContain(`${id} is cancelled`)
	})

	test('of an ended run is silent unless asked from the start', async () => {
		await using world = openWorld()
		const id = await world.launchToEnd(broken)
		expect(await world.type('tail', id)).toMatchObject({ code: 1, stdout: '' })
		const { stdout } = await world.type('tail', id, '--from-start', '--json')
		const kinds = stdout
			.trim()
			.split('\n')
			.map((line) => JSON.parse(line).kind)
		expect([kinds[0], kinds.at(-1)]).toEqual(['run.started', 'run.failed'])
	})

	test('ends at a signal and leaves the run alone', async () => {
		await using world = openWorld()
		const id = await world.begin(stuck)
		const { terminal, code } = world.start('tail', id)
		terminal.signal('SIGINT')
		expect(await code).toBe(130)
		expect((await world.call('GET', `/v1/runs/${id}`)).body.status).toBe('running')
	})
})

describe('cancel', () => {
	test('ends a run; one that had ended otherwise is exit code 1', async () => {
		await using world = openWorld()
		const id = await world.begin(stuck)
		expect(await world.type('cancel', id)).toEqual({ code: 0, stdout: `${id} is cancelled\n`, stderr: '' })
		const done = await world.launchToEnd(quick)
		expect(await world.type('cancel', done)).toEqual({ code: 1, stdout: `${done} had ended before: done\n`, stderr: '' })
	})
})

describe('resume', () => {
	test('lets an interrupted run go on and says from what; others are refused', async () => {
		await using world = openWorld()
		const id = await world.launchToEnd(quick)
		expect((await world.type('resume', id)).stderr).toContain('only interrupted and paused runs can be resumed')
		const stopped = await world.begin(stuck)
		await world.supervisor.stop()
		await world.runs.changeStatus(asRunId(stopped), { from: ['running'], to: 'interrupted', events: [] })
		expect(await world.type('resume', stopped)).toEqual({
			code: 0,
			stdout: `${stopped} goes on from 1 recorded steps\n`,
			stderr: '',
		})
	})
})

test('without a run, or with a verb that is none, is wrong usage; without a server it is 3', async () => {
	await using world = openWorld()
	expect(await world.type('show')).toMatchObject({ code: 2, stderr: expect.stringContaining('Which run?') })
	expect(await world.type('stop', 'R-1')).toMatchObject({ code: 2, stderr: expect.stringContaining('There is no "runs stop".') })
	expect(await world.type('ls', '--url', 'http://127.0.0.1:1')).toMatchObject({
		code: 3,
		stderr: expect.stringContaining('No server answers at http://127.0.0.1:1.'),
	})
})
