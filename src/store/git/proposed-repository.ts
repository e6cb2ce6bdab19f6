import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { MseError } from '../../kernel/error.ts'
import { readRegularFile } from '../regular-file.ts'
import { damaged, type GitObject, newBudget, objectId, parseLoose } from './git-object.ts'
import { unpack } from './pack.ts'

/** The objects of a repository that somebody else may write to at any time. */
export interface ProposedRepository {
	/** The ids that begin with the hex digits. */
	expand(prefix: string): Promise<readonly string[]>
	/** The object, which is what its id says; null when the repository has none. */
	read(id: string): Promise<GitObject | null>
}

/** Git knows it without having it. */
const EMPTY_TREE = { id: '4b825dc642cb6eb9a060e54bf8d69288fbee4904', object: { type: 'tree', bytes: new Uint8Array() } } as const
const PACK_BYTES = 64 * 1024 * 1024
const MOST_PACKS = 50
/** What all that is read of one repository may unpack to. */
const UNPACKED_BYTES = 128 * 1024 * 1024

/**
 * The repository of a work tree. Only files that hold objects are opened, none of them through a link: nothing of its configuration,
 * hooks, attributes, references or alternates is ever read. Throws when its `.git` is no plain folder with objects of its own.
 */
export async function openProposedRepository(workTree: string): Promise<ProposedRepository> {
	const objects = await objectFolder(workTree)
	const budget = newBudget(UNPACKED_BYTES)
	const loose = new Map<string, GitObject>()
	let packs: Promise<ReadonlyMap<string, GitObject>> | undefined
	const packed = (): Promise<ReadonlyMap<string, GitObject>> => {
		packs ??= readPacks(join(objects, 'pack'))
		return packs
	}
	const readPacks = async (folder: string): Promise<ReadonlyMap<string, GitObject>> => {
		const names = (await list(folder)).filter((name) => /^pack-[0-9a-f]{40}\.pack$/.test(name))
		if (names.length > MOST_PACKS) throw refused(`has ${names.length} packs, more than ${MOST_PACKS}`, 'Run git gc in it.')
		const all = new Map<string, GitObject>()
		for (const name of names) {
			const bytes = await readObjectFile(join(folder, name), PACK_BYTES)
			for (const [id, object] of bytes === null ? [] : await unpack(bytes, budget)) all.set(id, object)
		}
		return all
	}
	const read = async (id: string): Promise<GitObject | null> => {
		if (id === EMPTY_TREE.id) return EMPTY_TREE.object
		const known = loose.get(id)
		if (known !== undefined) return known
		const folder = join(objects, id.slice(0, 2))
		const bytes = (await isPlainFolder(folder)) ? await readObjectFile(join(folder, id.slice(2)), budget.left) : null
		if (bytes === null) return (await packed()).get(id) ?? null
		const object = parseLoose(bytes, budget)
		if (objectId(object) !== id) throw damaged(`object ${id} is not what its name says`)
		loose.set(id, object)
		return object
	}
	return {
		async expand(prefix) {
			if (prefix.length === 40 && (await read(prefix)) !== null) return [prefix]
			const folder = prefix.slice(0, 2)
			const names = (await list(join(objects, folder))).filter((name) => /^[0-9a-f]{38}$/.test(name)).map((name) => folder + name)
			return [...new Set([...names, ...(await packed()).keys()])].filter((id) => id.startsWith(prefix))
		},
		read,
	}
}

async function objectFolder(workTree: string): Promise<string> {
	const git = join(workTree, '.git')
	if (!(await isPlainFolder(workTree)) || !(await isPlainFolder(git)))
		throw refused('has no .git folder of its own', 'Make it with git init; links and worktrees are not followed.')
	const objects = join(git, 'objects')
	if (!(await isPlainFolder(objects))) throw refused('has no objects folder of its own', 'Links are not followed.')
	for (const name of ['alternates', 'http-alternates'])
		if ((await kindOf(join(objects, 'info', name))) !== null)
			throw refused(`borrows objects of another one (objects/info/${name})`, 'Run git repack -a -d, then remove that file.')
	return objects
}

/** Whether a folder is there itself, and no link to one. */
async function isPlainFolder(path: string): Promise<boolean> {
	return (await kindOf(path)) === 'folder'
}

async function kindOf(path: string): Promise<'folder' | 'other' | null> {
	try {
		return (await lstat(path)).isDirectory() ? 'folder' : 'other'
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException
		if (code === 'ENOENT' || code === 'ENOTDIR') return null
		throw error
	}
}

async function list(folder: string): Promise<readonly string[]> {
	if (!(await isPlainFolder(folder))) return []
	return await readdir(folder)
}

async function readObjectFile(path: string, limit: number): Promise<Uint8Array | null> {
	if ((await kindOf(path)) === null) return null
	const bytes = await readRegularFile(path, limit).catch(() => 'not_regular' as const)
	if (bytes === 'not_regular') throw refused('keeps objects in something that is no regular file', 'Links are not followed.')
	if (bytes === 'too_large') throw refused(`has a file of more than ${limit} bytes`, 'Keep large files out of it.')
	return bytes
}

function refused(how: string, hint: string): MseError {
	return new MseError('invalid', `The config repository ${how}.`, { code: 'repository_refused', hint })
}
