import { deflateSync } from 'node:zlib'
import type { PromiseFsClient, TreeEntry } from 'isomorphic-git'
import { MseError } from '../../kernel/error.ts'
import { loadGit } from './git.ts'
import { damaged, type GitObject } from './git-object.ts'

export type ReadObject = (id: string) => Promise<GitObject | null>

/** Commits and trees as isomorphic-git parses them, out of objects that were checked before. */
export interface ObjectView {
	commit(id: string): Promise<{ readonly tree: string; readonly parents: readonly string[] }>
	/** Throws for names that git would not check out: `..`, `.git` and what some file system takes for it. */
	tree(id: string): Promise<readonly TreeEntry[]>
}

export function viewObjects(read: ReadObject): ObjectView {
	const repository = { fs: filesOf(read), gitdir: '/git' }
	return {
		async commit(oid) {
			await require(read, oid, 'commit')
			const { readCommit } = await loadGit()
			const { commit } = await understood(readCommit({ ...repository, oid }))
			return { tree: commit.tree, parents: commit.parent }
		},
		async tree(oid) {
			await require(read, oid, 'tree')
			const { readTree } = await loadGit()
			return (await understood(readTree({ ...repository, oid }))).tree
		},
	}
}

/** The object. Throws when it is missing or of another type. */
export async function require(read: ReadObject, id: string, type: GitObject['type']): Promise<GitObject> {
	const object = await read(id)
	if (object === null)
		throw new MseError('invalid', `The ${type} ${id} is not in the repository.`, {
			code: 'object_missing',
			hint: 'A shallow or partial clone has only a part of the objects: fetch the rest with git fetch --unshallow --refetch.',
		})
	if (object.type !== type) throw new MseError('invalid', `${id} is a ${object.type}, not a ${type}.`, { code: 'not_a_commit' })
	return object
}

async function understood<T>(parsing: Promise<T>): Promise<T> {
	try {
		return await parsing
	} catch (error) {
		throw damaged(error instanceof Error ? error.message.replace(/\.$/, '') : String(error))
	}
}

/** A file system that has nothing but loose objects. */
function filesOf(read: ReadObject): PromiseFsClient {
	const absent = async (): Promise<never> => {
		throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
	}
	const readFile = async (path: string): Promise<Uint8Array> => {
		const [, folder, rest] = /^\/git\/objects\/([0-9a-f]{2})\/([0-9a-f]{38})$/.exec(path) ?? []
		const object = folder === undefined || rest === undefined ? null : await read(folder + rest)
		if (object === null) return absent()
		return deflateSync(Buffer.concat([Buffer.from(`${object.type} ${object.bytes.byteLength}\0`), object.bytes]), { level: 0 })
	}
	const refuse = { writeFile: absent, mkdir: absent, rmdir: absent, unlink: absent, readlink: absent, symlink: absent }
	return { promises: { ...refuse, readFile, readdir: absent, stat: absent, lstat: absent } }
}
