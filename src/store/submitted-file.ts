import { constants } from 'node:fs'
import { type FileHandle, open, realpath } from 'node:fs/promises'
import type { SubmittedFiles } from '../core/output/sentinel.ts'
import { MseError } from '../kernel/error.ts'

/** Files of this machine, as workers that run on it may submit them. */
export const submittedFiles: SubmittedFiles = {
	async realPath(path) {
		try {
			return await realpath(path)
		} catch (error) {
			const { code } = error as NodeJS.ErrnoException
			if (code === 'ENOENT' || code === 'ENOTDIR') return null
			throw error
		}
	},
	async read(path, limit) {
		// Neither a link put there meanwhile nor a pipe that never ends may be opened.
		const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
		try {
			await requireReadable(file, path, limit)
			return await readAtMost(file, path, limit)
		} finally {
			await file.close()
		}
	},
}

async function requireReadable(file: FileHandle, path: string, limit: number): Promise<void> {
	const { size, isFile } = await file.stat().then((stat) => ({ size: stat.size, isFile: stat.isFile() }))
	if (!isFile) throw new MseError('malformed', `file submit refused: ${path} is not a regular file`, { code: 'file_submit_refused' })
	if (size > limit) throw tooLarge(path, limit)
}

/** The file may still grow while it is read. */
async function readAtMost(file: FileHandle, path: string, limit: number): Promise<Uint8Array> {
	const bytes = await file.readFile()
	if (bytes.byteLength > limit) throw tooLarge(path, limit)
	return bytes
}

function tooLarge(path: string, limit: number): MseError {
	return new MseError('too_large', `file submit: ${path} has more than ${limit} bytes`, { code: 'file_too_large' })
}
