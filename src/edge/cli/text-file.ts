import { readFileSync } from 'node:fs'

/** The text of a file, or `undefined` when there is none. */
export function readTextFile(path: string): string | undefined {
	try {
		return readFileSync(path, 'utf8')
	} catch (thrown) {
		if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined
		throw thrown
	}
}
