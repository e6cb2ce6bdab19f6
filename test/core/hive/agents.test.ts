import { describe, expect, test } from 'bun:test'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MseError } from '../../../src/kernel/error.ts'
import { AGENT_FAULT_NAMES } from '../../../src/kernel/fault.ts'
import { verifies } from '../../support/verifies.ts'
import { type AgentWorld, agentWorld, hasSocket } from './agent-world.ts'

const by = 'operator'

async function spawned(world: AgentWorld, ...names: string[]): Promise<void> {
	for (const name of names) await world.during(world.agents.spawn(name, { by }))
}

const refusal = (work: Promise<unknown>): Promise<[string, string]> =>
	work.then(
		() => ['none', ''],
		(error: MseError) => [error.kind, error.message],
	)

const stateOf = async (world: AgentWorld, name: string): Promise<string> => (await world.agents.inspect(name)).record.state

const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8)

describe('spawn', () => {
	test('makes a running agent with a socket that is its own', async () => {
		verifies('08.44')
		await using world = await agentWorld()
		await spawned(world, 'alice')
		expect(await world.agents.list()).toEqual(['alice'])
		expect(await world.agents.inspect('alice')).toMatchObject({
			record: { state: 'running', role: 'agent', cage: 'fake', handle: { pid: 100 }, exitCode: null },
			live: { exists: true, running: true },
		})
		expect([mode(join(world.runDir, 'agents/alice')), mode(join(world.runDir, 'agents/alice/mcp.sock'))]).toEqual(['700', '600'])
		for (const folder of ['config', 'state', 'creds', 'logs']) expect(mode(join(world.stateDir, 'agents/alice', folder))).toBe('700')
		expect(world.events()).toEqual(['spawned'])
		expect(world.cage.running.get('alice')?.agent).toMatchObject({ argv: ['idle'], env: { A: '1' }, uid: null })
	})

	test('lasts until the agent has run for the grace', async () => {
		await using world = await agentWorld()
		const askedAt = world.clock.now()
		const spawn = world.agents.spawn('alice', { by })
		await world.until('the program runs', () => world.cage.running.has('alice'))
		expect(await world.agents.list()).toEqual([])
		await world.during(spawn)
		expect([await world.agents.list(), world.clock.now() - askedAt >= 500]).toEqual([['alice'], true])
	})

	test('of a name that is managed is refused and changes nothing', async () => {
		verifies('08.45')
		await using world = await agentWorld()
		await spawned(world, 'alice')
		expect(await refusal(world.agents.spawn('alice', { by }))).toEqual(['conflict', 'agent "alice" already exists'])
		expect([world.events(), world.cage.running.get('alice')?.pid]).toEqual([['spawned'], 100])
		await world.agents.kill('alice', { by })
		expect(await refusal(world.agents.spawn('alice', { by }))).toEqual(['conflict', 'agent "alice" already exists'])
	})

	test('twice at once makes one agent', async () => {
		await using world = await agentWorld()
		const both = Promise.allSettled([world.agents.spawn('alice', { by }), world.agents.spawn('alice', { by })])
		expect((await world.during(both)).map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
		expect(world.cage.calls.filter((call) => call.startsWith('start'))).toEqual(['start alice'])
	})

	test.each([
		['the cage cannot be made', { create: 'no room' }, 'no room'],
		['the program cannot be started', { start: 'no program' }, 'no program'],
		[
			'the program ends within the grace',
			{ exits: 3 },
			'agent "alice" did not start: it exited with 3 after 0 ms; its log ends: last words',
		],
	])('that fails because %s leaves the folders and nothing else', async (_why, script, sentence) => {
		verifies('08.46')
		await using world = await agentWorld()
		world.cage.script.push(script)
		expect(await refusal(world.during(world.agents.spawn('alice', { by })))).toEqual(['unavailable', sentence])
		expect([await world.agents.list(), await world.agents.kept(), hasSocket(world, 'alice')]).toEqual([[], ['alice'], false])
		expect([existsSync(join(world.runDir, 'agents/alice')), existsSync(join(world.stateDir, 'agents/alice/state'))]).toEqual([false, true])
		expect([world.events(), world.cage.running.size]).toEqual([['spawn_failed'], 0])
		await spawned(world, 'alice')
		expect([await world.agents.list(), hasSocket(world, 'alice')]).toEqual([['alice'], true])
	})

	test('that cannot be undone leaves an agent that can be destroyed', async () => {
		await using world = await agentWorld()
		world.cage.script.push({ exits: 1 }, { stop: 'it will not go' })
		expect((await refusal(world.during(world.agents.spawn('alice', { by }))))[0]).toBe('unavailable')
		expect((await world.agents.inspect('alice')).record).toMatchObject({ state: 'stopping', goal: 'destroyed' })
		await world.agents.destroy('alice', { by, purge: false })
		expect(await world.agents.list()).toEqual([])
	})

	test('waits for the first call of one that is to show that it is ready', async () => {
		await using world = await agentWorld()
		world.applied.set('alice', { argv: ['a'], ready: 'recv' })
		const spawn = world.agents.spawn('alice', { by })
		await world.until('the program runs', () => world.cage.running.has('alice'))
		await world.clock.elapse(5000)
		expect(await world.agents.list()).toEqual([])
		world.agents.heard('alice')
		await world.during(spawn)
		expect(await world.agents.list()).toEqual(['alice'])
		world.applied.set('bob', { argv: ['a'], ready: 'recv' })
		expect(await refusal(world.during(world.agents.spawn('bob', { by })))).toEqual([
			'timed_out',
			'agent "bob" did not start: it made no call on its socket within 30000 ms',
		])
	})

	test('takes no name that is reserved, of another form, or too long for the cage', async () => {
		await using world = await agentWorld()
		for (const name of ['manager', 'system', 'operator', 'host'])
			expect(await refusal(world.agents.spawn(name, { by }))).toEqual(['malformed', `"${name}" is reserved`])
		expect(await refusal(world.agents.spawn('../x', { by }))).toEqual([
			'malformed',
			'invalid agent name "../x": use 1-63 of a-z 0-9 -, not starting or ending with -',
		])
		expect(await refusal(world.agents.spawn('a'.repeat(21), { by }))).toEqual([
			'malformed',
			`invalid agent name "${'a'.repeat(21)}": the fake backend takes at most 20 characters`,
		])
		world.applied.set('alice', { argv: ['a'], backend: 'vm' })
		expect(await refusal(world.agents.spawn('alice', { by }))).toEqual(['malformed', 'unknown backend "vm": use one of fake, other'])
		expect(existsSync(world.stateDir)).toBe(false)
	})

	test('runs what is applied for the name', async () => {
		await using world = await agentWorld()
		world.applied.set('alice', { argv: ['run', 'me'], backend: 'other', limits: { memory: 5 } })
		await spawned(world, 'alice')
		expect(world.other.running.get('alice')?.agent).toMatchObject({ argv: ['run', 'me'], env: {}, limits: { memory: 5 } })
	})
})

describe('kill and start', () => {
	test('a killed agent is stopped, listed, without a socket, and stays so', async () => {
		verifies('08.47')
		await using world = await agentWorld()
		await spawned(world, 'alice')
		await world.agents.kill('alice', { by })
		expect([await world.agents.list(), hasSocket(world, 'alice'), world.cage.running.size]).toEqual([['alice'], false, 0])
		expect((await world.agents.inspect('alice')).record.state).toBe('stopped')
		await world.agents.kill('alice', { by })
		expect(await refusal(world.agents.kill('bob', { by }))).toEqual(['not_found', 'no such agent'])
		expect(await refusal(world.agents.kill('../..', { by }))).toEqual(['not_found', 'no such agent'])
		expect(world.events()).toEqual(['spawned', 'stopped'])
	})

	test('one that is started again has its socket and runs what it ran', async () => {
		await using world = await agentWorld()
		await spawned(world, 'alice')
		await world.agents.kill('alice', { by })
		world.applied.set('alice', { argv: ['new'] })
		await world.during(world.agents.start('alice', { by }))
		await world.agents.start('alice', { by })
		expect([hasSocket(world, 'alice'), world.cage.running.get('alice')?.agent.argv]).toEqual([true, ['idle']])
		expect(world.events()).toEqual(['spawned', 'stopped', 'started'])
		await world.during(world.agents.restart('alice', { by }))
		expect(world.cage.running.get('alice')?.pid).toBe(102)
	})

	test('one that does not start has failed, and nothing of it is left', async () => {
		await using world = await agentWorld()
		await spawned(world, 'alice')
		world.cage.script.push({ exits: 1 })
		await refusal(world.during(world.agents.restart('alice', { by })))
		expect((await world.agents.inspect('alice')).record).toMatchObject({ state: 'failed', goal: 'stopped', handle: null })
		expect([hasSocket(world, 'alice'), world.events()]).toEqual([false, ['spawned', 'start_failed']])
	})

	test('a pause is kept and told once', async () => {
		await using world = await agentWorld()
		await spawned(world, 'alice')
		for (const paused of [true, true, false]) await world.agents.setPaused('alice', paused, { by })
		expect([world.events(), (await world.agents.inspect('alice')).record.paused]).toEqual([['spawned', 'paused', 'resumed'], false])
	})
})

describe('destroy', () => {
	test('leaves the folders, which the next one of that name finds', async () => {
		verifies('08.49')
		await using world = await agentWorld()
		await spawned(world, 'alice')
		for (const folder of ['config', 'state', 'creds']) writeFileSync(join(world.stateDir, 'agents/alice', folder, 'note'), folder)
		await world.agents.destroy('alice', { by, purge: false })
		expect([await world.agents.list(), await world.agents.kept()]).toEqual([[], ['alice']])
		expect([existsSync(join(world.runDir, 'agents/alice')), world.cage.running.size]).toEqual([false, 0])
		expect(await refusal(world.agents.kill('alice', { by }))).toEqual(['not_found', 'no such agent'])
		await spawned(world, 'alice')
		for (const folder of ['config', 'state', 'creds']) expect(existsSync(join(world.stateDir, 'agents/alice', folder, 'note'))).toBe(true)
		expect(world.events()).toEqual(['spawned', 'destroyed', 'spawned'])
	})

	test('fails what waits for an approval about it', async () => {
		verifies('08.50')
		await using world = await agentWorld()
		await spawned(world, 'alice')
		await world.agents.destroy('alice', { by, purge: false })
		expect(world.failedApprovals).toEqual(['alice: agent destroyed'])
	})

	test('is refused for the manager, which may be killed', async () => {
		verifies('08.51')
		await using world = await agentWorld()
		await world.during(world.agents.ensureManager({ by }))
		expect(world.cage.running.get('manager')?.agent).toMatchObject({ argv: ['manage'], role: 'manager' })
		expect(await refusal(world.agents.destroy('manager', { by, purge: false }))).toEqual(['forbidden', 'refusing to destroy the manager'])
		await world.agents.kill('manager', { by })
		expect((await world.agents.inspect('manager')).record.state).toBe('stopped')
		await world.during(world.agents.ensureManager({ by }))
		expect((await world.agents.inspect('manager')).record.state).toBe('running')
	})

	test('with purge deletes everything the agent has', async () => {
		verifies('08.52')
		await using world = await agentWorld()
		await spawned(world, 'alice', 'bob')
		await Bun.write(join(world.stateDir, 'applied/alice.git/HEAD'), 'ref')
		expect(await refusal(world.agents.purge('alice', { by }))).toEqual(['conflict', 'agent "alice" is managed: destroy it first'])
		await world.agents.destroy('alice', { by, purge: true })
		expect(['agents/alice', 'applied/alice.git'].map((path) => existsSync(join(world.stateDir, path)))).toEqual([false, false])
		expect(await refusal(world.agents.destroy('alice', { by, purge: false }))).toEqual(['not_found', 'no such agent'])
		expect(await refusal(world.agents.destroy('alice', { by, purge: true }))).toEqual(['not_found', 'no such agent'])
		expect(await world.agents.list()).toEqual(['bob'])
		await world.agents.destroy('bob', { by, purge: false })
		await world.agents.destroy('bob', { by, purge: true })
		expect([await world.agents.kept(), world.events().slice(2)]).toEqual([[], ['destroyed', 'purged', 'destroyed', 'purged']])
	})
})

describe('rebuild', () => {
	test('runs what is applied by now, of a running agent and of a stopped one', async () => {
		verifies('08.53')
		await using world = await agentWorld()
		await spawned(world, 'alice')
		world.applied.set('alice', { argv: ['second'] })
		await world.during(world.agents.rebuild('alice', { by }))
		expect([world.cage.running.get('alice')?.agent.argv, hasSocket(world, 'alice')]).toEqual([['second'], true])
		expect([await world.agents.runsOn('alice', 'sha-second'), await world.agents.runsOn('alice', 'sha-first')]).toEqual([true, false])
		await world.agents.kill('alice', { by })
		world.applied.set('alice', { argv: ['third'], backend: 'other' })
		await world.during(world.agents.rebuild('alice', { by }))
		expect([world.cage.running.size, world.other.running.get('alice')?.agent.argv]).toEqual([0, ['third']])
		expect(world.cage.calls.at(-1)).toBe('remove alice')
		expect((await world.agents.inspect('alice')).record).toMatchObject({ state: 'running', cage: 'other' })
	})

	test('to something that cannot run leaves the old one running', async () => {
		verifies('08.53')
		await using world = await agentWorld()
		await spawned(world, 'alice')
		world.cage.script.push({ check: 'argv is empty' })
		expect((await refusal(world.agents.rebuild('alice', { by })))[1]).toBe('argv is empty')
		world.applied.set('alice', { argv: ['a'], backend: 'vm' })
		expect((await refusal(world.agents.rebuild('alice', { by })))[0]).toBe('malformed')
		world.applied.set('alice', { argv: ['a'], backend: 'other' })
		world.other.missing = 'there is no such program'
		expect(await refusal(world.agents.rebuild('alice', { by }))).toEqual([
			'unavailable',
			'the other backend cannot run agents here: there is no such program',
		])
		expect([world.cage.running.get('alice')?.pid, hasSocket(world, 'alice'), world.events()]).toEqual([100, true, ['spawned']])
	})
})

describe('an agent that ends by itself', () => {
	test('has failed, with its exit code', async () => {
		await using world = await agentWorld()
		await spawned(world, 'alice', 'bob')
		world.cage.exit('alice', 7)
		await world.until('the watch saw it', async () => (await stateOf(world, 'alice')) === 'failed')
		expect((await world.agents.inspect('alice')).record).toMatchObject({ state: 'failed', exitCode: 7, failure: 'it exited with 7' })
		expect([hasSocket(world, 'alice'), hasSocket(world, 'bob'), world.events().at(-1)]).toEqual([false, true, 'crashed'])
	})

	test('is started again as its policy says, with longer and longer waits', async () => {
		await using world = await agentWorld({ watchSecs: 0 })
		world.applied.set('alice', { argv: ['a'], restart: { policy: 'on-failure', max: 2, backoff_ms: 1000 } })
		await spawned(world, 'alice')
		const crash = async (): Promise<void> => {
			world.cage.exit('alice', 1)
			expect(await world.agents.look()).toBe(1)
		}
		for (const [restarts, waitMs] of [
			[1, 1000],
			[2, 2000],
		] as const) {
			await crash()
			const crashedAt = world.clock.now()
			await world.until('it runs again', async () => (await stateOf(world, 'alice')) === 'running')
			const { record } = await world.agents.inspect('alice')
			expect([record.restarts, (record.startedAt ?? 0) - crashedAt >= waitMs + 500]).toEqual([restarts, true])
		}
		await crash()
		expect((await world.agents.inspect('alice')).record).toMatchObject({ state: 'failed', goal: 'stopped' })
		expect(world.clock.pending).toBe(0)
	})

	test('begins anew to count its restarts once it ran for a minute, and is left alone when it ended well', async () => {
		await using world = await agentWorld({ watchSecs: 0 })
		world.applied.set('alice', { argv: ['a'], restart: { policy: 'on-failure', max: 1, backoff_ms: 10 } })
		await spawned(world, 'alice')
		for (let round = 0; round < 3; round++) {
			world.cage.exit('alice')
			await world.agents.look()
			await world.until('it runs again', async () => (await stateOf(world, 'alice')) === 'running')
			await world.clock.elapse(61_000)
			expect((await world.agents.inspect('alice')).record).toMatchObject({ state: 'running', restarts: 1 })
		}
		world.cage.exit('alice', 0)
		await world.agents.look()
		expect((await world.agents.inspect('alice')).record).toMatchObject({ state: 'failed', goal: 'stopped', exitCode: 0 })
	})

	test('is not started again once somebody killed it', async () => {
		await using world = await agentWorld({ watchSecs: 0 })
		world.applied.set('alice', { argv: ['a'], restart: { policy: 'on-failure', max: 9, backoff_ms: 1000 } })
		await spawned(world, 'alice')
		world.cage.exit('alice', 1)
		await world.agents.look()
		await world.agents.kill('alice', { by })
		await world.clock.elapse(5000)
		expect([(await world.agents.inspect('alice')).record.state, world.cage.running.size]).toEqual(['stopped', 0])
	})
})

describe('after a death of the server', () => {
	test('agents that run are taken back as they are', async () => {
		verifies('08.55')
		await using world = await agentWorld()
		await spawned(world, 'alice', 'bob')
		await world.agents.kill('bob', { by })
		await world.dieAndRecover()
		expect((await world.agents.inspect('alice')).record).toMatchObject({ state: 'running', handle: { pid: 100 } })
		expect([hasSocket(world, 'alice'), hasSocket(world, 'bob')]).toEqual([true, false])
		expect(world.cage.calls.filter((call) => call.startsWith('start'))).toEqual(['start alice', 'start bob'])
		expect(world.events().at(-1)).toBe('adopted')
	})

	test('one that ended meanwhile has failed, and another program of that name is not taken for it', async () => {
		verifies('08.55')
		await using world = await agentWorld()
		await spawned(world, 'alice', 'bob')
		world.cage.exit('alice', 0)
		const bob = world.cage.running.get('bob')
		if (bob) world.cage.running.set('bob', { ...bob, pid: 4711 })
		await world.dieAndRecover()
		for (const name of ['alice', 'bob']) expect((await world.agents.inspect(name)).record.state).toBe('failed')
		expect(world.cage.running.size).toBe(0)
	})

	test.each([...AGENT_FAULT_NAMES])('at %s a spawn is undone, and can be made again', async (point) => {
		await using world = await agentWorld({ dieAt: point })
		await world.dieDuring(world.agents.spawn('alice', { by }))
		await world.dieAndRecover()
		expect([await world.agents.list(), world.cage.running.size, hasSocket(world, 'alice')]).toEqual([[], 0, false])
		expect(world.events()).toEqual(['spawn_failed'])
		await spawned(world, 'alice')
		expect(world.cage.running.size).toBe(1)
	})

	test.each(['agent.after_create:2', 'agent.after_start:2', 'agent.before_commit:2'])('at %s a restart is finished', async (point) => {
		await using world = await agentWorld({ dieAt: point })
		await spawned(world, 'alice')
		await world.dieDuring(world.agents.restart('alice', { by }))
		await world.dieAndRecover()
		const { record } = await world.agents.inspect('alice')
		expect([record.state, record.handle]).toEqual(['running', { pid: world.cage.running.get('alice')?.pid ?? 0 }])
	})

	test('a destruction that began is finished', async () => {
		await using world = await agentWorld()
		await spawned(world, 'alice')
		world.cage.script.push({ stop: 'the server dies here' })
		await refusal(world.agents.destroy('alice', { by, purge: true }))
		await world.dieAndRecover()
		expect([await world.agents.list(), await world.agents.kept(), world.cage.running.size]).toEqual([[], [], 0])
		expect(world.failedApprovals).toEqual(['alice: agent destroyed'])
	})
})

test('what is asked of a hive that is stopping is refused, and what is under way is waited for', async () => {
	await using world = await agentWorld()
	const spawn = world.agents.spawn('alice', { by })
	await world.until('the program runs', () => world.cage.running.has('alice'))
	const closed = world.agents.close()
	expect((await refusal(world.agents.kill('alice', { by })))[0]).toBe('unavailable')
	await world.during(Promise.all([spawn, closed]))
	expect(world.cage.running.has('alice')).toBe(true)
})

test('the manager has the proposals of those that were there when it started, and reads what was applied', async () => {
	await using world = await agentWorld()
	await world.during(world.agents.spawn('alice', { by }))
	await world.during(world.agents.ensureManager({ by }))
	const { stateDir } = world
	const sees = () => world.cage.running.get('manager')?.agent.shown
	const config = (name: string) => ({ host: `${stateDir}/agents/${name}/config`, guest: `/agents/${name}/config` })
	const applied = { host: `${stateDir}/applied`, guest: '/applied', ro: true }
	expect(sees()).toEqual([config('alice'), config('manager'), applied])
	expect(world.cage.running.get('alice')?.agent.shown).toBeUndefined()
	await world.during(world.agents.spawn('bob', { by }))
	await world.during(world.agents.restart('manager', { by }))
	expect(sees()).toEqual([config('alice'), config('bob'), config('manager'), applied])
})
