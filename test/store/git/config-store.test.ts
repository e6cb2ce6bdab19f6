import { describe, expect, test } from 'bun:test'
import * as fs from 'node:fs'
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import * as git from 'isomorphic-git'
import { verifies } from '../../support/verifies.ts'
import { packFile } from './pack-file.ts'
import { AUTHOR, acceptAll, configWorld, TOML } from './proposed.ts'

const textOf = async (bytes: Promise<Uint8Array>): Promise<string> => Buffer.from(await bytes).toString()

describe('a proposal', () => {
	test('is pinned: rewriting or deleting the proposed repository changes nothing', async () => {
		verifies('08.67')
		using world = await configWorld()
		const sha = await world.commit({ 'agent.toml': TOML, 'bin/run': 'one\n' })
		expect(await world.store.fetch('alice', sha.slice(0, 8), acceptAll)).toBe(sha)
		await world.store.pin('alice', '7', sha)
		const amended = await git.commit({ fs, dir: world.dir, message: 'other', author: AUTHOR, amend: true })
		rmSync(world.dir, { recursive: true })
		expect(amended).not.toBe(sha)
		expect(await world.store.pinned('alice', '7')).toBe(sha)
		const tree = await world.store.tree('alice', sha)
		expect(tree.files.map(({ path }) => path)).toEqual(['agent.toml', 'bin/run'])
		expect(await Promise.all(tree.files.map((file) => textOf(tree.read(file))))).toEqual([TOML, 'one\n'])
	})

	test('brings its history along, and only what is new of it the next time', async () => {
		using world = await configWorld()
		const first = await world.commit({ 'agent.toml': TOML })
		await world.store.fetch('alice', first, acceptAll)
		await world.store.pin('alice', '1', first)
		const second = await world.commit({ 'agent.toml': `${TOML}model = "m"\n` })
		const blob = (await world.store.tree('alice', first)).files[0]?.id ?? ''
		rmSync(join(world.gitdir, 'objects', blob.slice(0, 2), blob.slice(2)))
		await world.store.fetch('alice', second, acceptAll)
		const log = await git.log({ fs, gitdir: world.store.folderOf('alice'), ref: second })
		expect(log.map(({ oid }) => oid)).toEqual([second, first])
	})

	test('is read out of packs too', async () => {
		using world = await configWorld()
		const first = await world.commit({ 'agent.toml': TOML, 'a.txt': 'a\n' })
		const second = await world.commit({ 'a.txt': 'b\n' })
		const folder = join(world.gitdir, 'objects')
		const oids = readdirSync(folder).flatMap((two) => (two.length === 2 ? readdirSync(join(folder, two)).map((rest) => two + rest) : []))
		const { packfile, filename } = await git.packObjects({ fs, dir: world.dir, oids })
		for (const two of readdirSync(folder)) if (two.length === 2) rmSync(join(folder, two), { recursive: true })
		fs.writeFileSync(join(folder, 'pack', filename), packfile ?? '')
		expect(await world.store.fetch('alice', second.slice(0, 7), acceptAll)).toBe(second)
		expect((await git.log({ fs, gitdir: world.store.folderOf('alice'), ref: second })).map(({ oid }) => oid)).toEqual([second, first])
	})

	test('that is refused leaves nothing behind', async () => {
		using world = await configWorld()
		const sha = await world.commit({ 'agent.toml': TOML })
		const refuse = async (): Promise<void> => {
			throw new Error('no')
		}
		await expect(world.store.fetch('alice', sha, refuse)).rejects.toThrow('no')
		expect(existsSync(world.store.folderOf('alice'))).toBe(false)
	})

	test('keeps its commit: pinning it again is fine, another is a conflict', async () => {
		using world = await configWorld()
		const first = await world.commit({ 'agent.toml': TOML })
		const second = await world.commit({ 'a.txt': 'a\n' })
		await world.store.fetch('alice', second, acceptAll)
		await world.store.pin('alice', '7', first)
		await world.store.pin('alice', '7', first)
		await expect(world.store.pin('alice', '7', second)).rejects.toThrow(`is commit ${first} already`)
		await expect(world.store.pin('alice', '8', '0'.repeat(40))).rejects.toThrow('not in the repository')
	})
})

describe('a reference', () => {
	test('is hex digits of a commit: names, options, blanks, control characters and unknown ones are refused', async () => {
		verifies('08.68')
		using world = await configWorld()
		const sha = await world.commit({ 'agent.toml': TOML })
		const tag = await git
			.annotatedTag({ fs, dir: world.dir, ref: 'v1', tagger: AUTHOR, message: 'v1' })
			.then(() => git.resolveRef({ fs, dir: world.dir, ref: 'refs/tags/v1' }))
		const cases: readonly (readonly [string, string])[] = [
			...[
				'main',
				'HEAD',
				'refs/heads/main',
				'v1',
				'--upload-pack=x',
				'',
				' ',
				sha.slice(0, 6),
				`${sha}\n`,
				'abc\u0000def0',
				`${sha}^{}`,
			].map((ref) => [ref, 'is no commit'] as const),
			['deadbee', 'There is no commit deadbee'],
			['ab'.repeat(20), 'There is no commit'],
			['ab'.repeat(32), 'There is no commit'],
			[tag, 'is a tag, not a commit'],
		]
		for (const [ref, sentence] of cases) await expect(world.store.fetch('alice', ref, acceptAll)).rejects.toThrow(sentence)
		expect(await world.store.fetch('alice', sha.toUpperCase(), acceptAll)).toBe(sha)
	})

	test('that means two objects asks for more digits', async () => {
		using world = await configWorld()
		await world.commit({ 'agent.toml': TOML })
		for (const end of ['0', '1']) {
			const folder = join(world.gitdir, 'objects', 'ab')
			fs.mkdirSync(folder, { recursive: true })
			fs.writeFileSync(join(folder, 'cdef0'.padEnd(37, '0') + end), '')
		}
		await expect(world.store.fetch('alice', 'abcdef0', acceptAll)).rejects.toThrow('means 2 objects')
	})
})

describe('marks', () => {
	test('are tags by approval; a failure and a denial carry their text, and the first stays', async () => {
		using world = await configWorld()
		const sha = await world.commit({ 'agent.toml': TOML })
		await world.store.fetch('alice', sha, acceptAll)
		await world.store.pin('alice', '7', sha)
		await world.store.mark('alice', '7', 'approved')
		await world.store.mark('alice', '7', 'failed', 'it did not start\n')
		await world.store.mark('alice', '7', 'failed', 'again')
		expect([...(await world.store.marks('alice', '7'))]).toEqual(['approved', 'failed'])
		const gitdir = world.store.folderOf('alice')
		expect((await git.listTags({ fs, gitdir })).sort()).toEqual(['approved/7', 'failed/7', 'proposal/7'])
		const oid = await git.resolveRef({ fs, gitdir, ref: 'refs/tags/failed/7' })
		const { tag } = await git.readTag({ fs, gitdir, oid })
		expect(tag).toMatchObject({ object: sha, type: 'commit', tag: 'failed/7', message: 'it did not start\n' })
	})

	test('need a proposal', async () => {
		using world = await configWorld()
		await expect(world.store.mark('alice', '7', 'denied', 'no')).rejects.toThrow('"alice" has no proposal 7')
	})
})

describe('a store', () => {
	test('answers null where nothing is yet, and moves the head there and back', async () => {
		using world = await configWorld()
		expect([await world.store.head('bob'), await world.store.pinned('bob', '1'), await world.store.deployed('bob')]).toEqual([
			null,
			null,
			null,
		])
		const sha = await world.commit({ 'agent.toml': TOML })
		await world.store.fetch('alice', sha, acceptAll)
		await world.store.moveHead('alice', sha)
		expect(await world.store.head('alice')).toBe(sha)
		expect(readFileSync(join(world.store.folderOf('alice'), 'HEAD'), 'utf8')).toBe('ref: refs/heads/main\n')
		await world.store.moveHead('alice', null)
		await world.store.moveHead('alice', null)
		expect(await world.store.head('alice')).toBeNull()
	})

	test('checks a commit out whole, with its modes, and keeps one folder', async () => {
		using world = await configWorld()
		const tool = await world.blob('#!/bin/sh\n')
		const sha = await world.commitEntries([{ mode: '100755', path: 'tool', oid: tool, type: 'blob' }])
		const other = await world.commitEntries([])
		for (const commit of [sha, other]) await world.store.fetch('alice', commit, acceptAll)
		const folder = await world.store.checkOut('alice', sha)
		expect(await world.store.checkOut('alice', sha)).toBe(folder)
		expect(readdirSync(folder).sort()).toEqual(['agent.toml', 'tool'])
		expect(statSync(join(folder, 'tool')).mode & 0o777).toBe(0o755)
		await world.store.checkOut('alice', other)
		await world.store.keepOnly('alice', other)
		expect(readdirSync(join(folder, '..'))).toEqual([other])
	})

	test.each(['../bob', 'a/b', '', 'Alice', '-x', 'a'.repeat(64)])('refuses the name %p', async (name) => {
		using world = await configWorld()
		await expect(world.store.fetch(name, 'abcdef0', acceptAll)).rejects.toThrow('names no agent')
		expect(() => world.store.folderOf(name)).toThrow('names no agent')
	})

	test('takes no object of a pack for what its index says', async () => {
		using world = await configWorld()
		const lie = packFile([{ type: 'blob', bytes: Buffer.from('x') }])
		fs.mkdirSync(join(world.gitdir, 'objects', 'pack'), { recursive: true })
		fs.writeFileSync(join(world.gitdir, 'objects', 'pack', `pack-${'a'.repeat(40)}.pack`), lie.bytes)
		fs.writeFileSync(join(world.gitdir, 'objects', 'pack', `pack-${'a'.repeat(40)}.idx`), 'anything')
		await expect(world.store.fetch('alice', 'abcdef0', acceptAll)).rejects.toThrow('There is no commit')
	})
})
