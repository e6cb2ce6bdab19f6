import { describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { checkAgentName } from '../../src/core/hive/agent-name.ts'
import { isInside } from '../../src/kernel/real-path.ts'
import { agentFolders } from '../../src/store/agent-folder.ts'
import { tempDir } from '../support/temp-dir.ts'
import { verifies } from '../support/verifies.ts'

function world() {
	const dir = tempDir()
	const [stateDir, runDir, outside] = ['state', 'run', 'outside'].map((name) => join(dir.path, name)) as [string, string, string]
	mkdirSync(outside)
	writeFileSync(join(outside, 'treasure'), 'x')
	return {
		...{ dir: dir.path, stateDir, runDir, outside, folders: agentFolders({ stateDir, runDir }) },
		[Symbol.dispose]: dir[Symbol.dispose],
	}
}

const isTaken = (name: string): boolean => {
	try {
		checkAgentName(name)
		return true
	} catch {
		return false
	}
}

/** Names that are nearly good, paths, and anything at all. */
const anyName = fc.oneof(
	fc.string(),
	fc.string({ unit: 'binary' }),
	fc.stringMatching(/^[a-z0-9-]{0,66}$/),
	fc.array(fc.constantFrom('..', '.', '/', 'a', '-', '%2e', '\0', '\n', 'é', ' ', 'A'), { maxLength: 8 }).map((parts) => parts.join('')),
	fc.constantFrom('manager', 'system', 'operator', 'host', '__proto__', 'constructor', 'a\n', '\na', 'a'.repeat(63), 'a'.repeat(64)),
)

describe('names', () => {
	test('are taken exactly if they have the form and are not reserved', () => {
		verifies('08.54')
		const reserved = ['manager', 'system', 'operator', 'host']
		const letters = new Set('abcdefghijklmnopqrstuvwxyz0123456789-')
		const expected = (name: string): boolean =>
			[...name].every((letter) => letters.has(letter)) &&
			name.length >= 1 &&
			name.length <= 63 &&
			!name.startsWith('-') &&
			!name.endsWith('-') &&
			!reserved.includes(name)
		fc.assert(
			fc.property(anyName, (name) => {
				expect(isTaken(name)).toBe(expected(name))
			}),
			{ numRuns: 2000 },
		)
	})

	test('of whatever form lead to nothing outside the two roots', async () => {
		verifies('08.54')
		using there = world()
		const { folders, stateDir, runDir } = there
		const touch = async (name: string): Promise<void> => {
			const home = await folders.prepare(name, null, null)
			for (const path of Object.values(home)) expect(isInside(stateDir, path) || isInside(runDir, path)).toBe(true)
			await folders.clearRuntime(name)
			await folders.purge(name)
		}
		await fc.assert(
			fc.asyncProperty(anyName, async (name) => {
				await touch(name).catch((error) => expect(error).toMatchObject({ code: 'invalid_name' }))
				expect(readdirSync(there.dir).filter((entry) => !['outside', 'run', 'state'].includes(entry))).toEqual([])
				expect(readdirSync(there.outside)).toEqual(['treasure'])
				for (const root of [stateDir, runDir])
					if (existsSync(root)) expect(readdirSync(root).filter((entry) => !['agents', 'manager'].includes(entry))).toEqual([])
			}),
			{ numRuns: 300 },
		)
	})
})

describe('folders', () => {
	test('are made for their owner alone, and what is in them is kept', async () => {
		using there = world()
		const home = await there.folders.prepare('alice', null, null)
		writeFileSync(join(home.state, 'note'), 'x')
		await there.folders.prepare('alice', null, null)
		for (const path of Object.values(home)) expect((statSync(path).mode & 0o777).toString(8)).toBe('700')
		expect(readdirSync(home.state)).toEqual(['note'])
		expect((await there.folders.prepare('manager', null, null)).socket).toBe(join(there.runDir, 'manager'))
		expect(await there.folders.kept()).toEqual(['alice', 'manager'])
	})

	test('of proposals are given to the manager, but those that are links', async () => {
		using there = world()
		const { folders, stateDir, outside } = there
		await folders.prepare('alice', null, null)
		mkdirSync(join(stateDir, 'agents/bob'), { recursive: true })
		symlinkSync(outside, join(stateDir, 'agents/bob/config'))
		expect(await folders.managerMounts(null)).toEqual([
			{ host: join(stateDir, 'agents/alice/config'), guest: '/agents/alice/config' },
			{ host: join(stateDir, 'applied'), guest: '/applied', ro: true },
		])
	})

	test.skipIf(process.getuid?.() !== 0)('of proposals belong to the manager where it is a user of its own', async () => {
		using there = world()
		const { config, state } = await there.folders.prepare('alice', 7002, 7001)
		expect([statSync(config).uid, statSync(state).uid]).toEqual([7001, 7002])
		expect(statSync(join(config, '..')).mode & 0o777).toBe(0o711)
		const earlier = await there.folders.prepare('bob', 7003, null)
		await there.folders.managerMounts(7001)
		expect([statSync(earlier.config).uid, statSync(earlier.state).uid]).toEqual([7001, 7003])
	})

	test('that are links to elsewhere are not followed', async () => {
		verifies('08.54')
		using there = world()
		const { folders, stateDir, runDir, outside } = there
		mkdirSync(join(stateDir, 'agents'), { recursive: true })
		symlinkSync(outside, join(stateDir, 'agents/alice'))
		await expect(folders.prepare('alice', null, null)).rejects.toMatchObject({ code: 'strange_folder' })
		await folders.purge('alice')
		expect([existsSync(join(stateDir, 'agents/alice')), readdirSync(outside)]).toEqual([false, ['treasure']])

		const { state } = await folders.prepare('bob', null, null)
		symlinkSync(outside, join(state, 'link'))
		await folders.purge('bob')
		expect(readdirSync(outside)).toEqual(['treasure'])

		mkdirSync(join(outside, 'carol'))
		mkdirSync(runDir, { recursive: true })
		await folders.clearRuntime('bob')
		using second = world()
		mkdirSync(second.runDir)
		symlinkSync(outside, join(second.runDir, 'agents'))
		await expect(second.folders.clearRuntime('carol')).rejects.toMatchObject({ code: 'strange_folder' })
		await expect(second.folders.prepare('carol', null, null)).rejects.toMatchObject({ code: 'strange_folder' })
		expect(existsSync(join(outside, 'carol'))).toBe(true)
	})
})
