import { isAbsolute, normalize, relative } from 'node:path'

/** Whether a path lies inside a folder, both with their links followed. The folder itself does not. */
export function isInside(folder: string, path: string): boolean {
	const way = relative(normalize(folder), normalize(path))
	return way !== '' && way !== '..' && !way.startsWith('../') && !isAbsolute(way)
}
