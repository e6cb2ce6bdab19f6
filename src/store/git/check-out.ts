import { lstat, mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ConfigTree } from '../../core/hive/config/store.ts'
import { randomHex } from '../../kernel/hash.ts'
import { syncFolder, writeDurably } from './durable-fs.ts'

/** Writes the files of a commit into a folder that appears only whole. One that is there is taken as it is. */
export async function checkOutFiles(tree: ConfigTree, folder: string): Promise<void> {
	if (await isThere(folder)) return
	const unfinished = `${folder}.${randomHex(4)}`
	await mkdir(unfinished, { recursive: true, mode: 0o755 })
	for (const file of tree.files) {
		const path = join(unfinished, file.path)
		await mkdir(dirname(path), { recursive: true, mode: 0o755 })
		await writeDurably(path, await tree.read(file), file.executable ? 0o755 : 0o644)
	}
	try {
		await rename(unfinished, folder)
	} catch (error) {
		await rm(unfinished, { recursive: true, force: true })
		if (!(await isThere(folder))) throw error
	}
	await syncFolder(dirname(folder))
}

async function isThere(folder: string): Promise<boolean> {
	return await lstat(folder).then(
		(stat) => stat.isDirectory(),
		() => false,
	)
}
