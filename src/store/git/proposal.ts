import type { ConfigFile } from '../../core/hive/config/store.ts'
import { MseError } from '../../kernel/error.ts'
import type { GitObject } from './git-object.ts'
import { type ReadObject, require, viewObjects } from './object-view.ts'

const MOST_BYTES = 20 * 1024 * 1024
const MOST_FILES = 2000
/** Folders count too, since a tree may hold the same one any number of times. */
const MOST_ENTRIES = 2 * MOST_FILES
/** Of the whole history. */
const MOST_OBJECTS = 50_000

/**
 * The files of a commit, by path. Throws `commit_refused` for links, submodules and names that no file can have, and past
 * 2 000 files or 20 MiB.
 */
export async function listFiles(read: ReadObject, commit: string): Promise<readonly ConfigFile[]> {
	const view = viewObjects(read)
	const files: ConfigFile[] = []
	let entries = 0
	let bytes = 0
	const visit = async (tree: string, folder: string): Promise<void> => {
		const names = new Set<string>()
		for (const { mode, path: name, oid } of await view.tree(tree)) {
			const path = folder + name
			checkEntry(path, name, mode)
			if (names.has(name)) throw refused(`has two entries "${path}"`)
			names.add(name)
			if (++entries > MOST_ENTRIES || files.length >= MOST_FILES) throw tooLarge(`has more than ${MOST_FILES} files`)
			if (mode === '040000') await visit(oid, `${path}/`)
			else {
				bytes += (await require(read, oid, 'blob')).bytes.byteLength
				if (bytes > MOST_BYTES) throw tooLarge(`has files of more than ${MOST_BYTES} bytes together`)
				files.push({ path, id: oid, executable: mode === '100755' })
			}
		}
	}
	await visit((await view.commit(commit)).tree, '')
	return files
}

/**
 * Every object of a commit and its history, without what `isKept` commits already brought along. Submodules of earlier commits are
 * mere names and left out.
 */
export async function reachable(read: ReadObject, commit: string, isKept: (commit: string) => boolean): Promise<readonly GitObject[]> {
	const view = viewObjects(read)
	const found = new Map<string, GitObject>()
	const open: { readonly id: string; readonly type: GitObject['type'] }[] = [{ id: commit, type: 'commit' }]
	for (let next = open.pop(); next !== undefined; next = open.pop()) {
		const { id, type } = next
		if (found.has(id) || (type === 'commit' && isKept(id))) continue
		found.set(id, await require(read, id, type))
		if (found.size > MOST_OBJECTS) throw tooLarge(`has a history of more than ${MOST_OBJECTS} objects`)
		if (type === 'commit') {
			const { tree, parents } = await view.commit(id)
			open.push({ id: tree, type: 'tree' }, ...parents.map((parent) => ({ id: parent, type: 'commit' as const })))
		} else if (type === 'tree') {
			for (const entry of await view.tree(id)) if (entry.type !== 'commit') open.push({ id: entry.oid, type: entry.type })
		}
	}
	return [...found.values()]
}

function checkEntry(path: string, name: string, mode: string): void {
	if (mode === '120000') throw refused(`has a symbolic link, "${path}"`, 'Put the file itself there.')
	if (mode === '160000') throw refused(`has a submodule, "${path}"`, 'Put its files into the repository.')
	// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
	if (name === '' || /[\u0000-\u001f\u007f\ufffd]/.test(name)) throw refused(`has a file with an unusable name, ${JSON.stringify(path)}`)
	if (path.length > 1024 || Buffer.byteLength(name) > 255) throw refused(`has a path that is too long, "${path.slice(0, 80)}…"`)
}

function refused(how: string, hint?: string): MseError {
	return new MseError('invalid', `The commit ${how}.`, { code: 'commit_refused', ...(hint === undefined ? {} : { hint }) })
}

function tooLarge(how: string): MseError {
	return new MseError('too_large', `The commit ${how}.`, { code: 'commit_too_large' })
}
