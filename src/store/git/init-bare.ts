import { lstat, mkdir, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { randomHex } from '../../kernel/hash.ts'
import { durableFs, syncFolder } from './durable-fs.ts'
import { loadGit } from './git.ts'

/** An empty bare repository where there is none yet; never half of one. */
export async function initBare(gitdir: string): Promise<void> {
	if (await exists(gitdir)) return
	const parent = dirname(gitdir)
	if ((await mkdir(parent, { recursive: true, mode: 0o755 })) !== undefined) await syncFolder(dirname(parent))
	const unfinished = `${gitdir}.${randomHex(4)}`
	const { init } = await loadGit()
	await init({ fs: durableFs, gitdir: unfinished, bare: true, defaultBranch: 'main' })
	try {
		await rename(unfinished, gitdir)
	} catch (error) {
		await rm(unfinished, { recursive: true, force: true })
		if (!(await exists(gitdir))) throw error
	}
	await syncFolder(parent)
}

async function exists(path: string): Promise<boolean> {
	return await lstat(path).then(
		() => true,
		() => false,
	)
}
