import * as fs from 'node:fs'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import * as git from 'isomorphic-git'
import { GitConfigStore } from '../../../src/store/git/config-store.ts'
import { fakeClock } from '../../support/fake-clock.ts'
import { tempDir } from '../../support/temp-dir.ts'

export const AUTHOR = { name: 'manager', email: 'manager@localhost', timestamp: 1_700_000_000, timezoneOffset: 0 }
export const TOML = 'argv = ["sleep", "1000"]\n'

export interface Entry {
	readonly mode: string
	readonly path: string
	readonly oid: string
	readonly type: 'blob' | 'tree' | 'commit'
}

/** A state folder with a store, and the proposed repository of the agent alice in it. */
export async function configWorld() {
	const root = tempDir()
	const repository = await proposedRepository(join(root.path, 'agents', 'alice', 'config'))
	const store = new GitConfigStore({ stateDir: root.path, clock: fakeClock() })
	return { root: root.path, store, ...repository, [Symbol.dispose]: () => root[Symbol.dispose]() }
}

export const acceptAll = async (): Promise<void> => {}

/** The repository that the manager of an agent writes to. */
export async function proposedRepository(dir: string) {
	mkdirSync(dir, { recursive: true })
	await git.init({ fs, dir, defaultBranch: 'main' })
	const gitdir = join(dir, '.git')
	const blob = (text: string | Uint8Array) => git.writeBlob({ fs, dir, blob: Buffer.from(text) })
	const commitTree = async (tree: string, parent: string[] = []): Promise<string> =>
		git.writeCommit({ fs, dir, commit: { message: 'change\n', tree, parent, author: AUTHOR, committer: AUTHOR } })
	return {
		dir,
		gitdir,
		blob,
		commitTree,
		/** Writes the files, removes those that are null, and commits all of it on main. */
		async commit(files: Readonly<Record<string, string | Uint8Array | null>>, message = 'change'): Promise<string> {
			for (const [filepath, content] of Object.entries(files)) {
				const path = join(dir, filepath)
				if (content === null) {
					rmSync(path)
					await git.remove({ fs, dir, filepath })
					continue
				}
				mkdirSync(dirname(path), { recursive: true })
				writeFileSync(path, content)
				await git.add({ fs, dir, filepath })
			}
			return git.commit({ fs, dir, message, author: AUTHOR })
		},
		/** A commit of one tree with these entries, whatever they are, and a config file. */
		async commitEntries(entries: readonly Entry[]): Promise<string> {
			const config: Entry = { mode: '100644', path: 'agent.toml', oid: await blob(TOML), type: 'blob' }
			return commitTree(await writeTree(gitdir, [config, ...entries]))
		},
	}
}

/** A tree object of raw entries; git.writeTree would refuse some. */
export function writeTree(gitdir: string, entries: readonly Entry[]): Promise<string> {
	const parts = entries.flatMap(({ mode, path, oid }) => [Buffer.from(`${mode.replace(/^0/, '')} ${path}\0`), Buffer.from(oid, 'hex')])
	return git.writeObject({ fs, gitdir, type: 'tree', object: Buffer.concat(parts), format: 'content' })
}
