import { mkdir, rename, unlink, writeFile } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import type { ProjectionFiles, ProjectionPlace } from '../core/output/projection.ts'
import { randomHex } from '../kernel/hash.ts'
import { isInside } from '../kernel/real-path.ts'
import { readRegularFile, realPathOf } from './regular-file.ts'

/** Output files of this machine. They are copies, so they are not synced; a reader sees each one whole or not at all. */
export const projectionFiles: ProjectionFiles = {
	async write(place, text) {
		const folder = await openFolder(place)
		const unfinished = join(folder, `.${randomHex(8)}.tmp`)
		try {
			await writeFile(unfinished, text, { flag: 'wx' })
			// A rename replaces a link that a worker may have put there; writing would follow it.
			await rename(unfinished, join(folder, place.name))
		} catch (error) {
			await unlink(unfinished).catch(() => {})
			throw error
		}
		return join(place.root, place.dir, place.name)
	},
	async read(place, limit) {
		const path = join(place.root, place.dir, place.name)
		try {
			const [root, real] = await Promise.all([realPathOf(place.root), realPathOf(path)])
			if (root === null || real === null || !isInside(root, real)) return null
			const bytes = await readRegularFile(real, limit)
			return typeof bytes === 'string' ? null : { path, bytes }
		} catch {
			// Whatever keeps a copy from being read, the stored value is there.
			return null
		}
	},
}

/** The real path of the folder, made where it is missing, one level at a time so that no link leads out of the root. */
async function openFolder({ root, dir }: ProjectionPlace): Promise<string> {
	if (!isAbsolute(root)) throw new Error(`${root} is not an absolute path`)
	const realRoot = await realPathOf(root)
	if (realRoot === null) throw new Error(`${root} does not exist`)
	let folder = realRoot
	for (const segment of dir.split(/[\\/]/).filter((part) => part !== '' && part !== '.')) {
		const next = join(folder, segment)
		await mkdir(next).catch(ignoreExisting)
		const real = await realPathOf(next)
		if (real === null || !isInside(realRoot, real)) throw new Error(`${next} leads out of ${root}`)
		folder = real
	}
	return folder
}

function ignoreExisting(error: unknown): void {
	if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
}
