import { describe, expect, test } from 'bun:test'
import * as fs from 'node:fs'
import { join } from 'node:path'
import * as git from 'isomorphic-git'
import { buildApp } from '../../../src/app.ts'
import { loadConfig } from '../../../src/config.ts'
import type { ApprovalKind } from '../../../src/protocol/approval.ts'
import { proposedRepository, TOML } from '../../store/git/proposed.ts'
import { eventually } from '../../support/eventually.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { verifies } from '../../support/verifies.ts'
import { type HiveLife, hiveLife } from './world.ts'

const OK = { ok: true }
const no = (error: unknown) => ({ ok: false, error })

const commandsOf = ({ host }: HiveLife) => {
	const verb =
		(cmd: string) =>
		(name: string): Promise<object> =>
			host.ask({ cmd, name })
	return {
		...{ spawn: verb('spawn'), requestSpawn: verb('request_spawn'), kill: verb('kill'), destroy: verb('destroy') },
		list: async () => (await host.ask({ cmd: 'list' })).agents,
		approve: (id: number) => host.ask({ cmd: 'approve', id }),
		deny: (id: number, note?: string) => host.ask({ cmd: 'deny', id, ...(note !== undefined && { note }) }),
	}
}

const eventOf = (id: number, agent: string, status: string, note?: string) => ({
	...{ from: 'system', event: 'approval_resolved', id, agent, commit_ref: '', status },
	...(note !== undefined && { note }),
})

describe('a hive whose file for what it hands over cannot be written', () => {
	const obstructed = () => {
		const dir = tempDir()
		fs.mkdirSync(join(dir.path, 'data', 'hive-hand-over'), { recursive: true })
		return dir
	}

	test('is not there with auto, and the doctor says which file it is', async () => {
		using dir = obstructed()
		using opened = new DisposableStack()
		const config = loadConfig({ flags: new Map(), env: { HOME: dir.path }, readFile: () => undefined })
		const environment = { PATH: process.env.PATH, HOME: dir.path, HIVE_RUN_DIR: join(dir.path, 'run') }
		const app = await buildApp({ config, dataDir: join(dir.path, 'data'), environment, opensHive: true })
		opened.defer(() => void app.stop())
		expect(app.engine.hive.open).toBeNull()
		expect(await app.engine.hive.prove()).toEqual({
			status: 'missing',
			detail: expect.stringContaining(join(dir.path, 'data', 'hive-hand-over')),
			hint: expect.stringContaining('Make that file writable'),
		})
		await app.stop()
	})

	test('stops the start with true, in a sentence that names the file', async () => {
		using dir = obstructed()
		expect(hiveLife({ dir: dir.path })).rejects.toThrow(join(dir.path, 'data', 'hive-hand-over'))
	})
})

describe('agents have places among the child processes of the server', () => {
	const flags = { 'limits-children': '2' }

	test('one too many is refused with the limit, and there is room again once another ended', async () => {
		await using hive = await hiveLife({ flags })
		const { spawn, kill, list } = commandsOf(hive)
		expect(await spawn('alice')).toEqual(OK)
		expect(await spawn('bob')).toEqual(no(expect.stringMatching(/"bob".*limits\.children.* 2 /)))
		expect(await list()).toEqual(['alice'])
		expect(await kill('alice')).toEqual(OK)
		expect(await spawn('bob')).toEqual(OK)
	})

	test('those of an earlier life have theirs, however many they are', async () => {
		using dir = tempDir()
		const earlier = await hiveLife({ dir: dir.path })
		for (const name of ['alice', 'bob', 'carol']) expect(await commandsOf(earlier).spawn(name)).toEqual(OK)
		await earlier.end()
		await using later = await hiveLife({ dir: dir.path, flags })
		const { spawn, kill, list } = commandsOf(later)
		expect(await list()).toEqual(['alice', 'bob', 'carol'])
		for (const name of ['alice', 'bob']) {
			expect(await spawn('dora')).toEqual(no(expect.stringContaining('limits.children')))
			await kill(name)
		}
		expect(await spawn('dora')).toEqual(no(expect.stringContaining('limits.children')))
		await kill('carol')
		expect(await spawn('dora')).toEqual(OK)
	})
})

describe('a spawn that is asked for', () => {
	test('waits once for each name, whoever asks', async () => {
		verifies('08.57')
		await using hive = await hiveLife()
		const { requestSpawn, list } = commandsOf(hive)
		expect(await requestSpawn('alice')).toEqual(OK)
		expect(await requestSpawn('alice')).toEqual(OK)
		expect(await hive.manager.ask({ cmd: 'request_spawn', name: 'alice' })).toEqual({ kind: 'ok' })
		expect(await hive.manager.ask({ cmd: 'request_spawn', name: 'bob' })).toEqual({ kind: 'ok' })
		expect((await hive.pending()).map(({ id, agent, kind, status }) => [id, agent, kind, status])).toEqual([
			[1, 'alice', 'spawn', 'pending'],
			[2, 'bob', 'spawn', 'pending'],
		])
		expect((await hive.gate.get(2)).requester).toBe('manager')
		expect(await list()).toEqual([])
		expect(await requestSpawn('Not a name')).toEqual(no(expect.stringContaining('invalid agent name "Not a name"')))
		expect(await requestSpawn('manager')).toEqual(no('"manager" is reserved'))
	})

	test('runs before the approve is answered, and the manager is told once', async () => {
		verifies('08.58')
		await using hive = await hiveLife()
		const { requestSpawn, approve, list } = commandsOf(hive)
		await requestSpawn('alice')
		expect(await approve(1)).toEqual(OK)
		expect(await list()).toEqual(['alice'])
		expect((await hive.hive.agents?.inspect('alice'))?.live?.running).toBe(true)
		const { status, resolvedAt, requestedAt } = await hive.gate.get(1)
		expect([status, (resolvedAt ?? 0) >= requestedAt]).toEqual(['approved', true])
		expect(await hive.told()).toEqual([eventOf(1, 'alice', 'approved')])
	})

	test('fails when the name is taken by now, and says so', async () => {
		verifies('08.59')
		await using hive = await hiveLife()
		const { requestSpawn, spawn, approve } = commandsOf(hive)
		await requestSpawn('alice')
		await spawn('alice')
		const note = 'agent "alice" already exists'
		expect(await approve(1)).toEqual(no(note))
		expect(await hive.gate.get(1)).toMatchObject({ status: 'failed', note })
		expect(await hive.told()).toEqual([eventOf(1, 'alice', 'failed', note)])
	})

	test('that is denied makes nothing', async () => {
		verifies('08.60')
		await using hive = await hiveLife()
		const { requestSpawn, deny, list } = commandsOf(hive)
		await requestSpawn('alice')
		await requestSpawn('bob')
		expect(await deny(1)).toEqual(OK)
		expect(await deny(2, 'too many')).toEqual(OK)
		expect([await list(), await hive.pending()]).toEqual([[], []])
		expect(await hive.told()).toEqual([eventOf(1, 'alice', 'denied'), eventOf(2, 'bob', 'denied', 'too many')])
	})

	test('is refused when too many wait', async () => {
		verifies('08.66')
		await using hive = await hiveLife({ maxPending: 2 })
		const { requestSpawn } = commandsOf(hive)
		expect([await requestSpawn('a'), await requestSpawn('b'), await requestSpawn('c')]).toEqual([OK, OK, no('approval queue is full')])
		expect(await hive.manager.ask({ cmd: 'request_spawn', name: 'd' })).toEqual({ kind: 'err', message: 'approval queue is full' })
		expect(await hive.pending()).toHaveLength(2)
	})

	test('whose agent takes longer than an approve waits is not said to have succeeded', async () => {
		await using hive = await hiveLife({ waitMs: 50, flags: { 'hive-start-grace-ms': '1000' } })
		const { requestSpawn, approve, deny } = commandsOf(hive)
		await requestSpawn('alice')
		expect(await approve(1)).toEqual(no('approval 1 still running; see the manager inbox or GET /v1/approvals/1'))
		expect([await approve(1), await deny(1)]).toEqual([no('approval 1 is being applied'), no('approval 1 is being applied')])
		await eventually(async () => (await hive.gate.get(1)).status === 'approved', { what: 'it runs after all' })
		expect(await hive.told()).toEqual([eventOf(1, 'alice', 'approved')])
	})
})

describe('answers', () => {
	test('to what is unknown or has ended are refused, and told nobody', async () => {
		verifies('08.61')
		await using hive = await hiveLife({ file: '[hive.defaults]\nargv = ["sh", "-c", "exit 3"]' })
		const { requestSpawn, approve, deny } = commandsOf(hive)
		await requestSpawn('alice')
		await requestSpawn('bob')
		await deny(1)
		expect(await approve(2)).toEqual(no(expect.stringContaining('did not start: it exited with 3')))
		await hive.told()
		for (const answer of [approve, deny]) {
			expect(await answer(1)).toEqual(no('approval 1 is already denied'))
			expect(await answer(2)).toEqual(no('approval 2 is already failed'))
			expect(await answer(3)).toEqual(no('no such approval 3'))
		}
		const huge = '{"cmd":"approve","id":9223372036854775807}\n'
		await hive.host.write(huge)
		expect(JSON.parse((await hive.host.line()) ?? '')).toEqual(no('no such approval 9223372036854775807'))
		expect(await hive.told()).toEqual([])
	})

	test('of fifty at once make one agent', async () => {
		verifies('08.62')
		await using hive = await hiveLife()
		const { requestSpawn, approve } = commandsOf(hive)
		await requestSpawn('alice')
		const answers = await Promise.all(Array.from({ length: 50 }, () => hive.hive.host.approve(1).then(() => 'ok', String)))
		expect(answers.filter((answer) => answer === 'ok')).toHaveLength(1)
		const spawned = hive.data.db.query("SELECT seq FROM event WHERE kind = 'hive.agent_spawned'").all()
		expect(spawned).toHaveLength(1)
		expect(await hive.told()).toEqual([eventOf(1, 'alice', 'approved')])
		expect(await approve(1)).toEqual(no('approval 1 is already approved'))
	})

	test('and what the manager is told of them are one transaction', async () => {
		verifies('08.64')
		await using hive = await hiveLife()
		const { requestSpawn, deny } = commandsOf(hive)
		await requestSpawn('alice')
		hive.data.db.query('ALTER TABLE message RENAME TO elsewhere').run()
		expect(await deny(1)).toMatchObject({ ok: false })
		hive.data.db.query('ALTER TABLE elsewhere RENAME TO message').run()
		expect((await hive.gate.get(1)).status).toBe('pending')
		expect(await hive.told()).toEqual([])
		expect(await deny(1)).toEqual(OK)
		expect(await hive.told()).toEqual([eventOf(1, 'alice', 'denied')])
	})

	test('are given under ids that never come again', async () => {
		verifies('08.65')
		using dir = tempDir()
		const ids: number[] = []
		for (let life = 0; life < 3; life++) {
			const hive = await hiveLife({ dir: dir.path })
			const { requestSpawn, spawn, destroy } = commandsOf(hive)
			await spawn('alice')
			await requestSpawn('alice')
			await requestSpawn(`b${life}`)
			ids.push(...(await hive.pending()).map(({ id }) => id).filter((id) => !ids.includes(id)))
			await destroy('alice')
			await hive.end()
		}
		expect(ids).toEqual([1, 2, 3, 4, 5, 6])
	})
})

test('the operator socket lists only the kinds that its readers know, and answers all of them', async () => {
	await using hive = await hiveLife()
	const { requestSpawn, approve, deny } = commandsOf(hive)
	const kinds: readonly ApprovalKind[] = ['step_spawn', 'task_start', 'tool_call', 'data_export', 'custom']
	for (const kind of kinds) await hive.other(kind)
	await requestSpawn('alice')
	expect((await hive.pending()).map(({ id }) => id)).toEqual([6])
	expect([await approve(1), await deny(2)]).toEqual([OK, OK])
	expect([(await hive.gate.get(1)).status, (await hive.gate.get(2)).status]).toEqual(['approved', 'denied'])
	expect(await hive.told()).toEqual([])
})

test('a destroyed agent takes what waits for it along, and the manager hears of each', async () => {
	verifies('08.50')
	await using hive = await hiveLife()
	const { requestSpawn, spawn, destroy } = commandsOf(hive)
	await spawn('alice')
	await requestSpawn('alice')
	await requestSpawn('bob')
	expect(await destroy('alice')).toEqual(OK)
	expect((await hive.pending()).map(({ agent }) => agent)).toEqual(['bob'])
	expect(await hive.told()).toEqual([eventOf(1, 'alice', 'failed', 'agent destroyed')])
})

/** A hive with the agent alice, and the repository that its manager writes to. */
async function withRepository() {
	const life = await hiveLife()
	await commandsOf(life).spawn('alice')
	const repository = await proposedRepository(join(life.dir, 'state/agents/alice/config'))
	const gitdir = join(life.dir, 'state/applied/alice.git')
	return {
		...{ life, ...repository, ...commandsOf(life) },
		propose: async (text: string): Promise<object> => {
			const ref = await repository.commit({ 'agent.toml': text })
			return { ref, answer: await life.manager.ask({ cmd: 'request_apply_commit', agent: 'alice', commit_ref: ref }) }
		},
		tags: async () => (await git.listTags({ fs, gitdir })).sort(),
		head: () => git.resolveRef({ fs, gitdir, ref: 'refs/heads/main' }).catch(() => null),
		spec: async () => (await life.hive.agents?.records())?.[0]?.spec.argv,
		[Symbol.asyncDispose]: () => life[Symbol.asyncDispose](),
	}
}

describe('a commit that is proposed', () => {
	test('is deployed once it is granted: main moves, and the agent runs on it', async () => {
		verifies('08.67', '08.69')
		await using w = await withRepository()
		const { ref, answer } = (await w.propose(TOML)) as { ref: string; answer: object }
		expect(answer).toEqual({ kind: 'ok' })
		await w.commit({ 'agent.toml': 'argv = ["false"]\n' })
		expect(await w.life.pending()).toMatchObject([{ id: 1, agent: 'alice', kind: 'apply_commit', commit_ref: ref }])
		expect((await w.life.gate.get(1)).payload).toEqual({ agent: 'alice', commit_ref: ref, fetched_sha: ref })
		expect(await w.approve(1)).toEqual(OK)
		expect([await w.head(), await w.spec()]).toEqual([ref, ['sleep', '1000']])
		expect(await w.tags()).toEqual(['approved/1', 'building/1', 'deployed/1', 'proposal/1'])
		expect(await w.life.told()).toEqual([{ ...eventOf(1, 'alice', 'approved'), commit_ref: ref }])
	})

	test('and does not start leaves the agent on what it ran on', async () => {
		verifies('08.69')
		await using w = await withRepository()
		await w.propose(TOML)
		await w.approve(1)
		const before = await w.head()
		await w.propose('argv = ["sh", "-c", "echo broken; exit 4"]\n')
		expect(await w.approve(2)).toEqual(no(expect.stringContaining('it exited with 4')))
		expect([await w.head(), await w.spec()]).toEqual([before, ['sleep', '1000']])
		expect((await w.life.hive.agents?.inspect('alice'))?.live?.running).toBe(true)
		expect(await w.tags()).toContain('failed/2')
		expect(await w.life.gate.get(2)).toMatchObject({ status: 'failed', note: expect.stringContaining('broken') })
	})

	test('and denied is marked as such', async () => {
		verifies('08.69')
		await using w = await withRepository()
		await w.propose(TOML)
		expect(await w.deny(1, 'not today')).toEqual(OK)
		await eventually(async () => (await w.tags()).includes('denied/1'), { what: 'the tag' })
		expect(await w.head()).toBe(null)
	})

	test('is refused at once when its config is no good; it waits for nobody, and it is kept that it was proposed', async () => {
		verifies('08.68')
		await using w = await withRepository()
		const { answer } = (await w.propose('argvv = ["x"]\n')) as { answer: { message: string } }
		expect(answer.message).toContain('argvv')
		expect(await w.life.pending()).toEqual([])
		expect(await w.life.gate.get(1)).toMatchObject({ status: 'failed', note: answer.message })
		const unknown = await w.life.manager.ask({ cmd: 'request_apply_commit', agent: 'alice', commit_ref: '0123456' })
		const nobody = await w.life.manager.ask({ cmd: 'request_apply_commit', agent: 'zoe', commit_ref: '0123456' })
		expect([unknown.kind, nobody]).toEqual(['err', { kind: 'err', message: 'no such agent' }])
		expect(await w.life.gate.list({ after: 0, limit: 10 })).toHaveLength(1)
	})
})

test('an agent writes to those alone that its config names, where it names any', async () => {
	await using w = await withRepository()
	await w.spawn('bob')
	const alice = await w.life.agent('alice')
	const send = (to: string) => alice.ask({ cmd: 'send', to, body: 'hi' })
	expect(await send('bob')).toEqual({ kind: 'ok' })
	await w.propose(`${TOML}allowed_recipients = ["manager"]\n`)
	expect(await w.approve(1)).toEqual(OK)
	const again = await w.life.agent('alice')
	expect(await again.ask({ cmd: 'send', to: 'manager', body: 'hi' })).toEqual({ kind: 'ok' })
	const refused = '"alice" may not write to "bob" (allowed_recipients of its config)'
	expect(await again.ask({ cmd: 'send', to: 'bob', body: 'hi' })).toEqual({ kind: 'err', message: refused })
	expect(await again.ask({ cmd: 'operator_msg', body: 'hi' })).toEqual({ kind: 'ok' })
})

describe('what a server says of its hive', () => {
	test('agents that share its user, or reach an open API, are not who they say', async () => {
		verifies('08.32')
		await using hive = await hiveLife()
		const findings = await hive.findings()
		expect(findings.map(({ name, status }) => [name, status])).toEqual([
			['hive', 'ok'],
			['hive_backends', 'ok'],
			['hive_agents', 'ok'],
			['hive_identity', 'missing'],
		])
		expect(findings[3]?.detail).toBe(
			'identity: not enforced (process backend, shared uid); the HTTP API is open, so an agent that reaches it has the power of the operator',
		)
	})

	test('agents that are told nothing stay idle, and what to set is said', async () => {
		await using hive = await hiveLife({ file: '' })
		expect((await hive.findings())[2]).toMatchObject({ status: 'missing', hint: expect.stringContaining('hive.defaults.argv') })
		expect(await commandsOf(hive).spawn('alice')).toEqual(OK)
	})
})

test('a wrong table of its config keeps a server from starting', async () => {
	for (const file of ['[hive.defaults]\nargs = ["x"]', '[hive.manager]\nautostart = "yes"'])
		await expect(hiveLife({ file })).rejects.toThrow(/hive\.(defaults|manager)/)
})

test('a manager that is to start by itself does, and one that was stopped stays so', async () => {
	using dir = tempDir()
	const file = '[hive.manager]\nautostart = true\nargv = ["sleep", "601"]'
	const first = await hiveLife({ dir: dir.path, file })
	expect(await commandsOf(first).list()).toEqual(['manager'])
	expect(await commandsOf(first).destroy('manager')).toEqual(no('refusing to destroy the manager'))
	expect(await first.manager.ask({ cmd: 'kill', name: 'manager' })).toEqual({ kind: 'err', message: 'refusing to kill the manager' })
	expect(await commandsOf(first).kill('manager')).toEqual(OK)
	await first.end()
	await using second = await hiveLife({ dir: dir.path, file })
	expect((await second.hive.agents?.records())?.map(({ name, state }) => [name, state])).toEqual([['manager', 'stopped']])
})

test('the manager is told of crashes where that is wanted', async () => {
	const file = '[hive.defaults]\nargv = ["sh", "-c", "sleep 0.2; exit 5"]'
	await using hive = await hiveLife({ file, flags: { 'hive-helper-events': 'extended' } })
	await commandsOf(hive).spawn('alice')
	const ended = async (): Promise<boolean> => ((await hive.hive.agents?.look()) ?? 0) > 0
	await eventually(ended, { what: 'alice has ended' })
	const told = await hive.hive.messages.take('manager', [])
	expect([told?.from, told?.body]).toEqual(['system', '{"event":"container_crash","agent":"alice","exit_code":5}'])
})
