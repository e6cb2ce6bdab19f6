import { join } from 'node:path'
import { MseError, messageOf } from '../../kernel/error.ts'
import { isInside } from '../../kernel/real-path.ts'

/** Files of this machine that documents may include. */
export interface IncludedFiles {
	/** The path with every link followed; null when nothing is there. */
	realPath(path: string): Promise<string | null>
	/** The text of a regular file; the path is a real one. Throws an Error when it is none, is above `limit` bytes or not UTF-8. */
	read(realPath: string, limit: number): Promise<string>
}

export interface Cascade {
	readonly files: IncludedFiles
	/** In the order in which they are searched. */
	readonly folders: readonly SearchedFolder[]
}

export interface SearchedFolder {
	readonly path: string
	/** Folder that a file found there must really lie in, links followed; the folder itself, or one around it. */
	readonly within: string
}

/**
 * The text of the first file of that name in the folders. Throws an Error that says why there is none, and `malformed` with the folders searched when nothing is there.
 */
export async function readIncluded({ files, folders }: Cascade, path: string, limit: number): Promise<string> {
	refuseEscape(path)
	for (const folder of folders) {
		const root = await files.realPath(folder.within)
		const real = root === null ? null : await files.realPath(join(folder.path, path))
		if (root === null || real === null) continue
		if (!isInside(root, real)) throw new Error(`its real path lies outside ${folder.within}`)
		return await files.read(real, limit)
	}
	const searched = folders.map((folder) => folder.path).join(', ')
	throw new MseError('malformed', `not found in include cascade (searched: ${searched})`, {
		hint: `Searched, in this order: ${searched}. Put the file into one of these folders, or add its folder (--include, MSE_BLUEPRINT_INCLUDES).`,
	})
}

/** Throws an Error in the words of mlua-swarm 0.1.0 for a path that could lead out of any folder. */
export function refuseEscape(path: string): void {
	if (/^([/\\]|[A-Za-z]:)/.test(path)) throw new Error('absolute path not allowed (must be relative to Blueprint dir)')
	if (path.split(/[\\/]/).includes('..')) throw new Error("'..' parent-dir escape not allowed")
	if (path.includes('\0')) throw new Error('a path may not contain a zero byte')
}

/** A failed reference as the caller gets it, with what was searched as the hint. */
export function refusedReference(key: string, path: string, cause: unknown): MseError {
	const hint = cause instanceof MseError ? cause.hint : undefined
	return new MseError('malformed', `${key} ref expansion at ${JSON.stringify(path)}: ${messageOf(cause)}`, {
		code: 'reference_unresolved',
		...(hint !== undefined && { hint }),
		cause,
	})
}
