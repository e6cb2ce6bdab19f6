import { describe, expect, test } from 'bun:test'
import { Stop } from '../../src/core/dispatch/stop.ts'
import type { RunId } from '../../src/kernel/id.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import { blueprintOf, fanout, lit, seq, step } from '../support/blueprints.ts'
import { type EngineWorld, engineWorld } from '../support/engine-world.ts'
import { tempDir } from '../support/temp-dir.ts'

const gated = (flow: JsonObject, approve: unknown = 'before_spawn', over: JsonObject = {}): JsonObject =>
	blueprintOf(flow, [], {
		agents: [
			{ name: 'deploy', kind: 'rust_fn', spec: { fn_id: 'identity' }, policy: { approve: approve as JsonObject } },
			{ name: 'note', kind: 'rust_fn', spec: { fn_id: 'identity' } },
			{ name: 'writer', kind: 'operator', spec: { operator_ref: 'main' } },
		],
		operators: [{ name: 'main' }],
		...over,
	})
const one = gated(seq(step('note', lit('before'), '$.a'), step('deploy', lit('it'), '$.b'), step('note', lit('after'), '$.c')))

/** A run that sleeps because a step of it waits for a yes. */
async function asleep(world: EngineWorld, blueprint = one) {
	const { run } = await world.launch(blueprint)
	await world.pass(1100)
	expect([world.supervisor.active, world.supervisor.asleep]).toEqual([0, 1])
	return { runId: run.id, approval: await pendingOf(world, run.id) }
}

async function pendingOf({ engine }: EngineWorld, runId: RunId): Promise<number> {
	const [open] = await engine.approvals.gate.list({ status: 'pending', runId, after: 0, limit: 2 })
	return open?.id ?? -1
}

const approve = ({ engine }: EngineWorld, id: number) => engine.approvals.gate.approve(id, { names: ['ada'] })
const phase = async (world: EngineWorld, runId: RunId) => {
	const run = await world.runs.run(runId)
	return run && world.supervisor.phaseOf(run)
}
/** What each step was given, by the name under which its result stands. */
const echoed = async (world: EngineWorld, runId: RunId) =>
	Object.fromEntries(Object.entries((await world.result(runId)) as JsonObject).map(([name, value]) => [name, (value as JsonObject).echoed]))
const DONE = { a: 'before', b: 'it', c: 'after' }

describe('a run that waits for an approval', () => {
	test('sleeps, and goes on as if nothing had been once that is granted', async () => {
		await using world = await engineWorld()
		const { runId, approval } = await asleep(world)
		expect([await world.status(runId), await phase(world, runId)]).toEqual(['running', 'waiting_approval'])
		await approve(world, approval)
		await world.settled()
		expect([await world.status(runId), await echoed(world, runId)]).toEqual(['done', DONE])
		expect(world.told(runId, 'run.')).toEqual(['run.started', 'run.done'])
		expect(world.told(runId, 'approval.')).toEqual(['approval.requested', 'approval.granted', 'approval.approved'])
		expect(world.told(runId, 'step.completed')).toHaveLength(3)
		expect([world.supervisor.active, world.supervisor.asleep]).toEqual([0, 0])
	})

	test('fails when that is denied, or when nobody answers in time', async () => {
		for (const how of ['deny', 'deadline'] as const) {
			await using world = await engineWorld()
			const policy = { when: 'before_spawn', approvers: [], required: 1, on_timeout: 'deny', deadline_ms: 60_000 }
			const { runId, approval } = await asleep(world, gated(step('deploy', lit('it'), '$.b'), policy))
			if (how === 'deny') await world.engine.approvals.gate.deny(approval, { names: ['ada'] })
			else await world.pass(60_000)
			await world.settled()
			expect([await world.status(runId), world.supervisor.active, world.supervisor.asleep]).toEqual(['failed', 0, 0])
			expect(JSON.stringify(await world.result(runId))).toContain('approval')
		}
	})

	test('needs all its grants', async () => {
		await using world = await engineWorld()
		const policy = { when: 'before_spawn', approvers: [], required: 2, on_timeout: 'deny' }
		const { runId, approval } = await asleep(world, gated(step('deploy', lit('it'), '$.b'), policy))
		await approve(world, approval)
		await world.pass(5000)
		expect([await world.status(runId), world.supervisor.asleep]).toEqual(['running', 1])
		await world.engine.approvals.gate.approve(approval, { names: ['bob'] })
		await world.settled()
		expect(await echoed(world, runId)).toEqual({ b: 'it' })
	})

	test('is cancelled while it sleeps, and so is its step', async () => {
		await using world = await engineWorld()
		const first = await asleep(world)
		expect(await world.service.cancel(first.runId, 'enough')).toBe(true)
		await world.settled()
		expect([await world.status(first.runId), world.supervisor.asleep]).toEqual(['cancelled', 0])
		expect((await world.engine.approvals.gate.get(first.approval)).status).toBe('failed')
		const second = await asleep(world)
		const waiting = (await world.runs.steps(second.runId)).find(({ status }) => status === 'running')
		if (!waiting) throw new Error('no step waits')
		expect(await world.supervisor.stopStep(waiting, new Stop('cancelled', 'not this one'))).toBe(true)
		await world.settled()
		expect([await world.status(second.runId), world.supervisor.asleep]).toEqual(['failed', 0])
	})

	test('that is paused meanwhile begins nothing before it is resumed', async () => {
		await using world = await engineWorld()
		const { runId, approval } = await asleep(world)
		await world.service.pause(runId)
		expect(await phase(world, runId)).toBe('paused')
		await approve(world, approval)
		await world.pass(5000)
		expect([await world.status(runId), world.told(runId, 'step.completed').length]).toEqual(['running', 1])
		await world.service.resume(runId)
		await world.settled()
		expect(await echoed(world, runId)).toEqual(DONE)
	})

	test('and fell asleep while it was paused is heard as well', async () => {
		await using world = await engineWorld()
		const { run } = await world.launch(one)
		await world.service.pause(run.id)
		await world.pass(1100)
		expect([world.supervisor.asleep, await phase(world, run.id)]).toEqual([1, 'paused'])
		await world.service.resume(run.id)
		expect(await phase(world, run.id)).toBe('waiting_approval')
		await approve(world, await pendingOf(world, run.id))
		await world.settled()
		expect(await echoed(world, run.id)).toEqual(DONE)
	})

	test('is not lost when the answer comes in the moment in which it falls asleep', async () => {
		for (const [before, after] of [
			[999, 1],
			[1000, 0],
			[998, 5],
		] as const) {
			await using world = await engineWorld()
			const { run } = await world.launch(one)
			const id = await pendingOf(world, run.id)
			await world.clock.advance(before)
			const answered = approve(world, id)
			await world.clock.advance(after)
			await answered
			await world.settled()
			expect(await echoed(world, run.id)).toEqual(DONE)
		}
	})

	test('stays awake while something else of it is at work, or somebody waits for its end', async () => {
		await using world = await engineWorld()
		const { run } = await world.launch(one)
		const waiting = world.supervisor.wait(run.id)
		await world.pass(10_000)
		expect([world.supervisor.active, world.supervisor.asleep]).toEqual([1, 0])
		await approve(world, await pendingOf(world, run.id))
		expect((await waiting).status).toBe('done')
		const { run: limited } = await world.launch({ ...one, metadata: { run_policy: { timeout_ms: 60_000 } } })
		await world.pass(10_000)
		expect([await phase(world, limited.id), world.supervisor.asleep]).toEqual(['waiting_approval', 0])
	})
})

test('lanes that wait for a yes and for an operator sleep together, and each wakes the run', async () => {
	for (const first of ['approval', 'operator'] as const) {
		await using world = await engineWorld()
		const sid = await world.join()
		const branch = {
			kind: 'branch',
			cond: { op: 'eq', lhs: { op: 'path', at: '$.item' }, rhs: lit('deploy') },
			then: step('deploy', lit('it'), '$.r'),
			else: step('writer', lit('write'), '$.r'),
		}
		const { run } = await world.launch(gated(fanout(['deploy', 'write'], 'all', branch, '$.out')), { operator: { sid } })
		await world.pass(1100)
		expect([world.supervisor.asleep, await phase(world, run.id)]).toEqual([1, 'waiting_approval'])
		const yes = async (): Promise<void> => {
			await approve(world, await pendingOf(world, run.id))
			await world.pass(1100)
		}
		const work = async (): Promise<void> => {
			const peer = world.connect(sid)
			await world.settled()
			const [spawn] = peer.spawns()
			peer.say({ type: 'spawn_ack', req_id: spawn?.req_id ?? '', value: 'text' })
			await world.pass(1100)
		}
		await (first === 'approval' ? yes() : work())
		expect([world.supervisor.asleep, await phase(world, run.id)]).toEqual([1, first === 'approval' ? 'waiting' : 'waiting_approval'])
		await (first === 'approval' ? work() : yes())
		expect(await world.status(run.id)).toBe('done')
	}
})

test('a server that stops leaves runs that sleep before a yes for the next life', async () => {
	using dir = tempDir()
	let kept: Awaited<ReturnType<typeof asleep>>
	{
		await using world = await engineWorld({ dir: dir.path })
		kept = await asleep(world)
	}
	await using world = await engineWorld({ dir: dir.path })
	expect(await world.supervisor.recover()).toBe(1)
	await world.pass(1100)
	expect(world.supervisor.asleep).toBe(1)
	await approve(world, kept.approval)
	await world.settled()
	expect(await echoed(world, kept.runId)).toEqual(DONE)
})
