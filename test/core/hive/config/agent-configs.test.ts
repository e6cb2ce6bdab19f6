import { describe, expect, test } from 'bun:test'
import * as fs from 'node:fs'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import * as git from 'isomorphic-git'
import { agentConfigs } from '../../../../src/core/hive/config/agent-configs.ts'
import type { AppliedSpec } from '../../../../src/core/hive/config/applied-spec.ts'
import { realPathOf } from '../../../../src/store/regular-file.ts'
import { configWorld } from '../../../store/git/proposed.ts'
import { verifies } from '../../../support/verifies.ts'

const model = (name: string): string => `argv = ["run"]\nmodel = "${name}"\n`

/** Configs over a real store, and an agent that runs what it is rebuilt with unless that is `broken`. */
async function world() {
	const base = await configWorld()
	const configs = agentConfigs({ store: base.store, mounts: { allow: [], realPath: realPathOf } })
	const ran: (string | undefined)[] = []
	const rebuild = async (spec: AppliedSpec | undefined): Promise<void> => {
		ran.push(spec?.config.model)
		if (spec?.config.model === 'broken') throw new Error('agent "alice" did not start: exit 1')
	}
	const propose = async (id: string, text: string): Promise<string> => {
		const { sha } = await configs.resolveProposal('alice', await base.commit({ 'agent.toml': text }))
		await configs.pin('alice', id, sha)
		return sha
	}
	const tags = async (): Promise<readonly string[]> => (await git.listTags({ fs, gitdir: base.store.folderOf('alice') })).sort()
	const message = async (ref: string): Promise<string> => {
		const gitdir = base.store.folderOf('alice')
		return (await git.readTag({ fs, gitdir, oid: await git.resolveRef({ fs, gitdir, ref: `refs/tags/${ref}` }) })).tag.message
	}
	return { ...base, configs, ran, rebuild, propose, tags, message, [Symbol.dispose]: () => base[Symbol.dispose]() }
}

describe('a deployment', () => {
	test('moves main, runs the agent on the commit and leaves a tag for each step', async () => {
		verifies('08.69')
		using w = await world()
		const sha = await w.propose('7', model('one'))
		await w.configs.deploy('alice', '7', w.rebuild)
		expect(w.ran).toEqual(['one'])
		expect(await w.tags()).toEqual(['approved/7', 'building/7', 'deployed/7', 'proposal/7'])
		expect(await w.store.head('alice')).toBe(sha)
		expect(await w.configs.appliedSpec('alice')).toMatchObject({ sha, config: { argv: ['run'], model: 'one' } })
	})

	test('that fails leaves main, and the agent on the config before, with the reason in a tag', async () => {
		verifies('08.69')
		using w = await world()
		const first = await w.propose('1', model('one'))
		await w.configs.deploy('alice', '1', w.rebuild)
		await w.propose('2', model('broken'))
		await expect(w.configs.deploy('alice', '2', w.rebuild)).rejects.toThrow('did not start: exit 1')
		expect(w.ran).toEqual(['one', 'broken', 'one'])
		expect(await w.store.head('alice')).toBe(first)
		expect((await w.configs.appliedSpec('alice'))?.config.model).toBe('one')
		expect(await w.tags()).toEqual([
			'approved/1',
			'approved/2',
			'building/1',
			'building/2',
			'deployed/1',
			'failed/2',
			'proposal/1',
			'proposal/2',
		])
		expect(await w.message('failed/2')).toBe('agent "alice" did not start: exit 1\n')
	})

	test('that fails the first time puts the agent back on its defaults', async () => {
		using w = await world()
		await w.propose('1', model('broken'))
		await expect(w.configs.deploy('alice', '1', w.rebuild)).rejects.toThrow('did not start')
		expect(w.ran).toEqual(['broken', undefined])
		expect(await w.store.head('alice')).toBeNull()
		expect(await w.configs.appliedSpec('alice')).toBeUndefined()
	})

	test('tells when the config before cannot be restored either', async () => {
		using w = await world()
		await w.propose('1', model('broken'))
		const failing = async (): Promise<void> => {
			throw new Error('no cage')
		}
		await expect(w.configs.deploy('alice', '1', failing)).rejects.toThrow('no cage; and the config before could not be restored: no cage')
		expect(await w.store.head('alice')).toBeNull()
	})

	test('finds the head moved when the agent is rebuilt from what is applied', async () => {
		using w = await world()
		await w.propose('1', model('one'))
		const seen: (string | undefined)[] = []
		await w.configs.deploy('alice', '1', async () => void seen.push((await w.configs.appliedSpec('alice'))?.config.model))
		expect(seen).toEqual(['one'])
	})

	test('whose mounts are no longer allowed touches nothing', async () => {
		using w = await world()
		let allow = [w.root]
		const configs = agentConfigs({
			store: w.store,
			mounts: {
				get allow() {
					return allow
				},
				realPath: realPathOf,
			},
		})
		const { sha } = await configs.resolveProposal(
			'alice',
			await w.commit({ 'agent.toml': `mounts = [{ host = "${w.root}", guest = "/d" }]` }),
		)
		await configs.pin('alice', '1', sha)
		allow = []
		await expect(configs.deploy('alice', '1', w.rebuild)).rejects.toThrow('is not allowed')
		expect(w.ran).toEqual([])
		expect(await w.tags()).toContain('failed/1')
	})

	test('is one at a time for each agent, and is not done twice', async () => {
		using w = await world()
		await w.propose('1', model('one'))
		await w.propose('2', model('two'))
		let running = 0
		const slow = async (spec: AppliedSpec | undefined): Promise<void> => {
			expect(++running).toBe(1)
			await w.rebuild(spec)
			running--
		}
		await Promise.all([w.configs.deploy('alice', '1', slow), w.configs.deploy('alice', '2', slow), w.configs.deploy('alice', '1', slow)])
		expect(w.ran).toEqual(['one', 'two'])
	})

	test('of an unknown proposal is refused', async () => {
		using w = await world()
		await expect(w.configs.deploy('alice', '9', w.rebuild)).rejects.toThrow('"alice" has no proposal 9')
	})

	test('gives a relative folder its place among the files, and keeps the files of one commit', async () => {
		using w = await world()
		await w.propose('1', model('one'))
		await w.configs.deploy('alice', '1', w.rebuild)
		await w.commit({ 'work/start.sh': 'true\n' })
		const sha = await w.propose('2', `${model('two')}cwd = "work"\n`)
		await w.configs.deploy('alice', '2', w.rebuild)
		const spec = await w.configs.appliedSpec('alice')
		expect(spec?.config.cwd).toBe(join(spec?.folder ?? '', 'work'))
		expect(readdirSync(spec?.config.cwd ?? '')).toEqual(['start.sh'])
		expect(readdirSync(join(spec?.folder ?? '', '..'))).toEqual([sha])
	})
})

describe('a proposal', () => {
	test('with an invalid config is refused before anything is kept', async () => {
		using w = await world()
		const sha = await w.commit({ 'agent.toml': 'argvv = ["x"]' })
		await expect(w.configs.resolveProposal('alice', sha)).rejects.toThrow('There is no key "argvv"')
		expect(readdirSync(w.root)).toEqual(['agents'])
	})

	test('that is denied carries the note', async () => {
		verifies('08.69')
		using w = await world()
		await w.propose('1', model('one'))
		await w.configs.markDenied('alice', '1', 'not this model')
		expect(await w.tags()).toEqual(['denied/1', 'proposal/1'])
		expect(await w.message('denied/1')).toBe('not this model\n')
	})
})

describe('after a death in the middle of a deployment', () => {
	const dead = new Error('dead')
	const runs = async (): Promise<boolean> => true
	const runsNot = async (): Promise<boolean> => false

	/** A deployment that reached the agent and went no further. */
	async function interrupted(w: Awaited<ReturnType<typeof world>>): Promise<{ readonly first: string; readonly second: string }> {
		const first = await w.propose('1', model('one'))
		await w.configs.deploy('alice', '1', w.rebuild)
		const second = await w.propose('2', model('two'))
		await w.store.mark('alice', '2', 'approved')
		await w.store.mark('alice', '2', 'building')
		await w.store.moveHead('alice', second)
		return { first, second }
	}

	test('it is done when the agent runs on its commit', async () => {
		using w = await world()
		const { second } = await interrupted(w)
		expect(await w.configs.reconcile('alice', '2', runs, w.rebuild)).toBe('done')
		expect([await w.store.head('alice'), await w.store.deployed('alice')]).toEqual([second, second])
		expect(await w.tags()).toContain('deployed/2')
		expect(await w.configs.reconcile('alice', '2', runsNot, w.rebuild)).toBe('done')
		expect(w.ran).toEqual(['one'])
	})

	test('it is taken back when it does not, and stays so', async () => {
		using w = await world()
		const { first } = await interrupted(w)
		expect(await w.configs.reconcile('alice', '2', runsNot, w.rebuild)).toBe('undone')
		expect(await w.store.head('alice')).toBe(first)
		expect(w.ran).toEqual(['one', 'one'])
		expect(await w.message('failed/2')).toBe('interrupted by restart\n')
		expect(await w.configs.reconcile('alice', '2', runs, w.rebuild)).toBe('undone')
		expect(w.ran).toHaveLength(2)
	})

	test('it is done without asking once the commit is told to be deployed', async () => {
		using w = await world()
		const { second } = await interrupted(w)
		await w.store.setDeployed('alice', second)
		const ask = async (): Promise<boolean> => {
			throw dead
		}
		expect(await w.configs.reconcile('alice', '2', ask, w.rebuild)).toBe('done')
	})

	test('in the middle of being taken back, the agent is restarted on the config before', async () => {
		using w = await world()
		const { first } = await interrupted(w)
		await w.store.moveHead('alice', first)
		expect(await w.configs.reconcile('alice', '2', runsNot, w.rebuild)).toBe('undone')
		expect(w.ran).toEqual(['one', 'one'])
	})

	test('before it reached the agent, that goes on as it was', async () => {
		using w = await world()
		const { first } = await interrupted(w)
		await w.store.moveHead('alice', first)
		expect(await w.configs.reconcile('alice', '2', async (sha) => sha === first, w.rebuild)).toBe('undone')
		expect(w.ran).toEqual(['one'])
	})

	test('nothing is touched when the agent was not reached yet, or nothing was pinned', async () => {
		using w = await world()
		await w.propose('1', model('one'))
		await w.store.mark('alice', '1', 'approved')
		expect(await w.configs.reconcile('alice', '1', runs, w.rebuild)).toBe('undone')
		expect(await w.configs.reconcile('alice', '5', runs, w.rebuild)).toBe('undone')
		expect(w.ran).toEqual([])
		expect(await w.tags()).toContain('failed/1')
	})
})

describe('a diff', () => {
	test('is against nothing before the first deployment, and against main after it', async () => {
		using w = await world()
		const first = await w.propose('1', model('one'))
		const before = await w.configs.diff('alice', '1')
		expect(before).toMatchObject({
			agent: 'alice',
			base_sha: null,
			fetched_sha: first,
			truncated: false,
			files: [{ path: 'agent.toml', change: 'added' }],
		})
		expect(before.patch).toContain('--- /dev/null\n+++ b/agent.toml\n@@ -0,0 +1,2 @@\n+argv = ["run"]\n')
		await w.configs.deploy('alice', '1', w.rebuild)
		await w.commit({ 'notes.txt': 'a\n' })
		await w.propose('2', model('two'))
		const after = await w.configs.diff('alice', '2')
		expect(after.base_sha).toBe(first)
		expect(after.files).toEqual([
			{ path: 'agent.toml', change: 'changed' },
			{ path: 'notes.txt', change: 'added' },
		])
		expect(after.patch).toContain('-model = "one"\n+model = "two"\n')
	})

	test('names files that are no text, tells modes, and ends at a limit', async () => {
		using w = await world()
		await w.propose('1', model('one'))
		await w.configs.deploy('alice', '1', w.rebuild)
		const wide = Array.from({ length: 9 }, (_, n) => [`w${n}.txt`, `${'x'.repeat(99)}\n`.repeat(2000)] as const)
		await w.commit({ 'a.bin': new Uint8Array([0, 1]), ...Object.fromEntries(wide) })
		await w.propose('2', model('one'))
		const diff = await w.configs.diff('alice', '2')
		expect(diff.files[0]).toEqual({ path: 'a.bin', change: 'added', opaque: true })
		expect(diff.patch).toContain('Files /dev/null and b/a.bin differ\n')
		expect(diff.files).toHaveLength(10)
		expect(diff.truncated).toBe(true)
		expect(diff.patch.length).toBeLessThanOrEqual(1024 * 1024)
	})
})
