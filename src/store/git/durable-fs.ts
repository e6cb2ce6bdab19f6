import * as fs from 'node:fs/promises'
import { dirname } from 'node:path'
import type { PromiseFsClient } from 'isomorphic-git'
import { randomHex } from '../../kernel/hash.ts'

/** The file system for repositories of ours: a file appears only whole, and is on disk, folder included, when its write returns. */
export const durableFs: PromiseFsClient = {
	promises: {
		...{ readFile: fs.readFile, readdir: fs.readdir, stat: fs.stat, lstat: fs.lstat, rmdir: fs.rmdir },
		...{ readlink: fs.readlink, symlink: fs.symlink },
		writeFile: (path: string, data: string | Uint8Array) => writeDurably(path, data, 0o644),
		async mkdir(path: string) {
			await fs.mkdir(path)
			await syncFolder(dirname(path))
		},
		async unlink(path: string) {
			await fs.unlink(path)
			await syncFolder(dirname(path))
		},
	},
}

export async function writeDurably(path: string, data: string | Uint8Array, mode: number): Promise<void> {
	const unfinished = `${path}.${randomHex(4)}`
	const file = await fs.open(unfinished, 'wx', mode)
	try {
		await file.writeFile(data)
		await file.sync()
	} finally {
		await file.close()
	}
	await fs.rename(unfinished, path)
	await syncFolder(dirname(path))
}

export async function syncFolder(path: string): Promise<void> {
	const folder = await fs.open(path, 'r')
	try {
		await folder.sync()
	} finally {
		await folder.close()
	}
}
