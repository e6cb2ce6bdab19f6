import { constants } from 'node:fs'
import { type FileHandle, open, realpath } from 'node:fs/promises'

/** The path with every link followed; null when nothing is there. */
export async function realPathOf(path: string): Promise<string | null> {
	try {
		return await realpath(path)
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException
		if (code === 'ENOENT' || code === 'ENOTDIR') return null
		throw error
	}
}

/** The bytes of a regular file whose links are followed already, or why it may not be read. Never opens a pipe or a device. */
export async function readRegularFile(path: string, limit: number): Promise<Uint8Array | 'not_regular' | 'too_large'> {
	// Neither a link put there meanwhile nor a pipe that never ends may be opened.
	const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
	try {
		return await readAtMost(file, limit)
	} finally {
		await file.close()
	}
}

/** The file may still grow while it is read. */
async function readAtMost(file: FileHandle, limit: number): Promise<Uint8Array | 'not_regular' | 'too_large'> {
	const stat = await file.stat()
	if (!stat.isFile()) return 'not_regular'
	if (stat.size > limit) return 'too_large'
	const bytes = await file.readFile()
	return bytes.byteLength > limit ? 'too_large' : bytes
}
