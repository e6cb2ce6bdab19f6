import { describe, expect, test } from 'bun:test'
import * as fs from 'node:fs'
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import * as git from 'isomorphic-git'
import { tempDir } from '../../support/temp-dir.ts'
import { verifies } from '../../support/verifies.ts'
import { packFile } from './pack-file.ts'
import { acceptAll, configWorld, type Entry, TOML, writeTree } from './proposed.ts'

type World = Awaited<ReturnType<typeof configWorld>>

/** The sentence a commit is refused with. */
async function refusal(world: World, sha: string): Promise<string> {
	const failure = await world.store.fetch('alice', sha, acceptAll).then(
		() => null,
		(error: Error) => error,
	)
	if (failure?.name !== 'MseError') throw new Error(`expected a refusal, got ${failure}`)
	return failure.message
}

describe('a hostile repository', () => {
	test('executes nothing: hooks, fsmonitor, filters, references and configuration are never looked at', async () => {
		verifies('08.70')
		using world = await configWorld()
		const bait = join(world.root, 'executed')
		const program = join(world.root, 'evil')
		writeFileSync(program, `#!/bin/sh\necho ran > ${bait}\n`, { mode: 0o755 })
		const sha = await world.commit({
			'agent.toml': TOML,
			'.gitattributes': '* filter=evil diff=evil\n',
			'.gitmodules': '[submodule "x"]\n\tpath = x\n\turl = ext::evil\n',
		})
		const config = `[core]\n\tfsmonitor = ${program}\n\thooksPath = ${world.root}\n\tsshCommand = ${program}\n\tpager = ${program}\n[filter "evil"]\n\tsmudge = ${program}\n\tclean = ${program}\n\tprocess = ${program}\n\trequired = true\n[diff "evil"]\n\ttextconv = ${program}\n[include]\n\tpath = /etc/passwd\n[extensions]\n\tpartialClone = evil\n`
		writeFileSync(join(world.gitdir, 'config'), config)
		mkdirSync(join(world.gitdir, 'hooks'), { recursive: true })
		for (const hook of ['post-checkout', 'pre-commit', 'reference-transaction', 'post-index-change', 'fsmonitor-watchman'])
			cpSync(program, join(world.gitdir, 'hooks', hook))
		writeFileSync(
			join(world.gitdir, 'packed-refs'),
			`# pack-refs with: peeled\n${sha} refs/../../x\n${sha} refs/heads/--upload-pack=x\nnonsense\n${sha} refs/tags/${'a'.repeat(5000)}\n`,
		)
		writeFileSync(join(world.gitdir, 'HEAD'), 'ref: ../../../../etc/passwd\n')
		expect(await world.store.fetch('alice', sha, acceptAll)).toBe(sha)
		await world.store.checkOut('alice', sha)
		expect(existsSync(bait)).toBe(false)
		const kept = fs.readFileSync(join(world.store.folderOf('alice'), 'config'), 'utf8')
		expect(kept).not.toContain('evil')
		expect(await git.listTags({ fs, gitdir: world.store.folderOf('alice') })).toEqual([])
	})

	test.each<[string, (world: World) => Promise<string>, string]>([
		['a symbolic link', async (world) => link(world), 'has a symbolic link, "link"'],
		[
			'a submodule',
			async (world) => world.commitEntries([{ mode: '160000', path: 'sub', oid: 'a'.repeat(40), type: 'commit' }]),
			'has a submodule, "sub"',
		],
		[
			'a link in a folder',
			async (world) => nested(world, await world.blob('/etc/passwd'), '120000', 'link'),
			'has a symbolic link, "folder/link"',
		],
		['a path out of the folder', async (world) => nested(world, await world.blob('x'), '100644', '..'), 'The repository is damaged'],
		['a .git folder', async (world) => nested(world, await world.blob('x'), '100644', '.GIT'), 'The repository is damaged'],
		['a name with a slash', async (world) => nested(world, await world.blob('x'), '100644', 'a/b'), 'The repository is damaged'],
		['a name with a line break', async (world) => nested(world, await world.blob('x'), '100644', 'a\nb'), 'unusable name'],
		['an unknown mode', async (world) => nested(world, await world.blob('x'), '100000', 'a'), 'The repository is damaged'],
		['two entries of one name', async (world) => twice(world), 'has two entries "a"'],
		['a tree that is a blob', async (world) => world.commitTree(await world.blob('x')), 'is a blob, not a tree'],
	])('with %s in the commit is refused', async (_title, commit, sentence) => {
		verifies('08.70')
		using world = await configWorld()
		expect(await refusal(world, await commit(world))).toContain(sentence)
		expect(existsSync(world.store.folderOf('alice'))).toBe(false)
	})

	test.each<[string, (world: World) => void, string]>([
		['whose .git is a file that points elsewhere', (world) => elsewhere(world, 'file'), 'has no .git folder of its own'],
		['whose .git is a link', (world) => elsewhere(world, 'link'), 'has no .git folder of its own'],
		['whose objects are a link', (world) => moved(world, 'objects'), 'has no objects folder of its own'],
		['that is gone', (world) => rmSync(world.dir, { recursive: true }), 'has no .git folder of its own'],
		['that borrows objects', (world) => alternates(world), 'borrows objects of another one'],
	])('%s is refused', async (_title, spoil, sentence) => {
		using world = await configWorld()
		const sha = await world.commit({ 'agent.toml': TOML })
		spoil(world)
		expect(await refusal(world, sha)).toContain(sentence)
	})

	test('whose object files are links or pipes is refused, and nothing waits for them', async () => {
		using world = await configWorld()
		using other = tempDir()
		const sha = await world.commit({ 'agent.toml': TOML })
		const file = join(world.gitdir, 'objects', sha.slice(0, 2), sha.slice(2))
		renameSync(file, join(other.path, 'object'))
		symlinkSync(join(other.path, 'object'), file)
		expect(await refusal(world, sha)).toContain('no regular file')
		rmSync(file)
		expect(Bun.spawnSync(['mkfifo', file]).exitCode).toBe(0)
		expect(await refusal(world, sha)).toContain('no regular file')
	})

	test('whose object is not what its name says is refused', async () => {
		using world = await configWorld()
		const sha = await world.commit({ 'agent.toml': TOML })
		const tree = (await git.readCommit({ fs, dir: world.dir, oid: sha })).commit.tree
		const file = join(world.gitdir, 'objects', tree.slice(0, 2), tree.slice(2))
		rmSync(file)
		writeFileSync(file, deflateSync('tree 0\0'))
		expect(await refusal(world, sha)).toContain(`object ${tree} is not what its name says`)
	})

	test('whose loose object or pack inflates without end is refused', async () => {
		using world = await configWorld()
		const sha = await world.commit({ 'agent.toml': TOML })
		const bomb = new Uint8Array(140 * 1024 * 1024)
		const file = join(world.gitdir, 'objects', sha.slice(0, 2), sha.slice(2))
		rmSync(file)
		writeFileSync(file, deflateSync(bomb))
		expect(await refusal(world, sha)).toContain('unpacks to more than')
		rmSync(file)
		writeFileSync(join(world.gitdir, 'objects', 'pack', `pack-${'a'.repeat(40)}.pack`), packFile([{ type: 'blob', bytes: bomb }]).bytes)
		expect(await refusal(world, sha)).toContain('unpacks to more than')
	})

	test('that has only a part of its objects is refused with what is missing', async () => {
		using world = await configWorld()
		const first = await world.commit({ 'agent.toml': TOML })
		const second = await world.commit({ 'a.txt': 'a\n' })
		rmSync(join(world.gitdir, 'objects', first.slice(0, 2), first.slice(2)))
		writeFileSync(join(world.gitdir, 'shallow'), `${second}\n`)
		writeFileSync(join(world.gitdir, 'objects', 'pack', `pack-${'a'.repeat(40)}.promisor`), '')
		expect(await refusal(world, second)).toContain(`The commit ${first} is not in the repository`)
	})
})

describe('limits of a commit', () => {
	test('2 000 files are taken, one more is refused', async () => {
		using world = await configWorld()
		const oid = await world.blob('x')
		const files = (count: number): Entry[] =>
			Array.from({ length: count }, (_, n) => ({ mode: '100644', path: `f${n}`, oid, type: 'blob' }))
		const sha = await world.commitEntries(files(1999))
		expect(await world.store.fetch('alice', sha, acceptAll)).toBe(sha)
		expect(await refusal(world, await world.commitEntries(files(2000)))).toContain('more than 2000 files')
	})

	test('20 MiB are taken, one byte more is refused', async () => {
		using world = await configWorld()
		const oid = await world.blob(new Uint8Array(10 * 1024 * 1024))
		const most = await world.blob(new Uint8Array(10 * 1024 * 1024 - TOML.length))
		const entry = (path: string, id: string): Entry => ({ mode: '100644', path, oid: id, type: 'blob' })
		const sha = await world.commitEntries([entry('a', oid), entry('b', most)])
		expect(await world.store.fetch('alice', sha, acceptAll)).toBe(sha)
		const larger = await world.commitEntries([entry('a', oid), entry('b', most), entry('c', await world.blob('x'))])
		expect(await refusal(world, larger)).toContain('more than 20971520 bytes')
	})

	test('folders that hold each other many times over count as often as they are seen', async () => {
		using world = await configWorld()
		let oid = await writeTree(world.gitdir, [])
		for (let depth = 0; depth < 40; depth++)
			oid = await writeTree(
				world.gitdir,
				['a', 'b'].map((path) => ({ mode: '40000', path, oid, type: 'tree' })),
			)
		expect(await refusal(world, await world.commitEntries([{ mode: '40000', path: 'deep', oid, type: 'tree' }]))).toContain('more than')
	})
})

const link = async (world: World): Promise<string> =>
	world.commitEntries([{ mode: '120000', path: 'link', oid: await world.blob('/etc/passwd'), type: 'blob' }])

async function nested(world: World, oid: string, mode: string, path: string): Promise<string> {
	const folder = await writeTree(world.gitdir, [{ mode, path, oid, type: 'blob' }])
	return world.commitEntries([{ mode: '40000', path: 'folder', oid: folder, type: 'tree' }])
}

async function twice(world: World): Promise<string> {
	const entry = async (text: string): Promise<Entry> => ({ mode: '100644', path: 'a', oid: await world.blob(text), type: 'blob' })
	return world.commitEntries([await entry('1'), await entry('2')])
}

/** The repository lies somewhere else, and `.git` only leads there. */
function elsewhere(world: World, how: 'file' | 'link'): void {
	const other = join(world.root, 'other.git')
	renameSync(world.gitdir, other)
	if (how === 'file') writeFileSync(world.gitdir, `gitdir: ${other}\n`)
	else symlinkSync(other, world.gitdir)
}

function moved(world: World, name: string): void {
	renameSync(join(world.gitdir, name), join(world.root, name))
	symlinkSync(join(world.root, name), join(world.gitdir, name))
}

function alternates(world: World): void {
	const info = join(world.gitdir, 'objects', 'info')
	mkdirSync(info, { recursive: true })
	writeFileSync(join(info, 'alternates'), `${world.root}\n`)
	expect(readdirSync(info)).toContain('alternates')
}
