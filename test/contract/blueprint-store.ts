import { describe, expect, test } from 'bun:test'
import { blueprintHash } from '../../src/core/blueprint/normal-form.ts'
import type { BlueprintStore, NewCommit } from '../../src/core/blueprint/store.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import { parsedBlueprint } from '../support/parsed-blueprint.ts'

type Opened = { store: BlueprintStore } & AsyncDisposable

const document = (tag: string, label?: string): JsonObject => ({
	id: 'greet',
	flow: { kind: 'seq', children: [] },
	metadata: { tags: [tag], ...(label !== undefined && { version_label: label }) },
})

const hashOf = (raw: unknown): string => blueprintHash(parsedBlueprint(raw))

const change = (raw: JsonObject, more: Partial<NewCommit> = {}): NewCommit => ({
	id: 'greet',
	document: raw,
	blueprint: parsedBlueprint(raw),
	author: 'ann',
	message: 'seed',
	...more,
})

const [a, b, c] = [document('a'), document('b', '1.0.0'), document('c')]

/** What every Blueprint store must do. `open` gives an empty one. */
export function blueprintStoreContract(title: string, open: () => Promise<Opened>): void {
	describe(`BlueprintStore: ${title}`, () => {
		test('the head is the newest commit, with the document as it was sent', async () => {
			await using opened = await open()
			await opened.store.commit(change(a))
			const { commit, created } = await opened.store.commit(change(b, { author: 'bob', message: 'tag b' }))
			expect(created).toBe(true)
			expect(commit).toMatchObject({
				id: 'greet',
				hash: hashOf(b),
				parent: hashOf(a),
				author: 'bob',
				message: 'tag b',
				versionLabel: '1.0.0',
			})
			expect(await opened.store.head('greet')).toEqual({ commit, document: b })
		})

		test('a first commit has no parent', async () => {
			await using opened = await open()
			const { commit } = await opened.store.commit(change(a))
			expect(commit.parent).toBeNull()
			expect(commit.versionLabel).toBeNull()
		})

		test('a commit equal to the head writes nothing, however it is spelled', async () => {
			await using opened = await open()
			const first = await opened.store.commit(change(a))
			const respelled = { schema_version: '0.1.0', ...a, agents: [] }
			expect(await opened.store.commit(change(respelled))).toEqual({ commit: first.commit, created: false })
			expect(await opened.store.history('greet', { limit: 10 })).toEqual([first.commit])
		})

		test('a version that comes back is a new commit', async () => {
			await using opened = await open()
			for (const raw of [a, b, a]) await opened.store.commit(change(raw))
			const history = await opened.store.history('greet', { limit: 10 })
			expect(history.map(({ hash }) => hash)).toEqual([hashOf(a), hashOf(b), hashOf(a)])
			const newest = await opened.store.read('greet', hashOf(a))
			expect(newest?.commit).toEqual(history[0])
		})

		test('the head moves only from where the writer saw it', async () => {
			await using opened = await open()
			await opened.store.commit(change(a, { expectedHead: null }))
			await expect(opened.store.commit(change(b, { expectedHead: null }))).rejects.toMatchObject({ kind: 'conflict', code: 'head_moved' })
			await expect(opened.store.commit(change(b, { expectedHead: hashOf(c) }))).rejects.toMatchObject({ details: { head: hashOf(a) } })
			expect((await opened.store.head('greet'))?.document).toEqual(a)
			await opened.store.commit(change(b, { expectedHead: hashOf(a) }))
			expect((await opened.store.head('greet'))?.document).toEqual(b)
		})

		test('of two writers who saw the same head one wins', async () => {
			await using opened = await open()
			await opened.store.commit(change(a))
			const expectedHead = hashOf(a)
			const both = await Promise.allSettled([b, c].map((raw) => opened.store.commit(change(raw, { expectedHead }))))
			expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
			expect(await opened.store.history('greet', { limit: 10 })).toHaveLength(2)
		})

		test('history pages from newest to oldest without holes', async () => {
			await using opened = await open()
			for (const tag of ['1', '2', '3', '4', '5']) await opened.store.commit(change(document(tag)))
			const all = await opened.store.history('greet', { limit: 10 })
			const first = await opened.store.history('greet', { limit: 2 })
			const rest = await opened.store.history('greet', { limit: 10, before: first[1]?.seq })
			expect([...first, ...rest]).toEqual([...all])
			expect(all.map(({ hash }) => hash)).toEqual(['5', '4', '3', '2', '1'].map((tag) => hashOf(document(tag))))
		})

		test('restoring makes an earlier version the head by a new commit with its label', async () => {
			await using opened = await open()
			await opened.store.commit(change(b))
			await opened.store.commit(change(c))
			const restored = await opened.store.restore('greet', hashOf(b), { author: 'ann', message: 'back', expectedHead: hashOf(c) })
			expect(restored).toMatchObject({
				created: true,
				commit: { hash: hashOf(b), parent: hashOf(c), message: 'back', versionLabel: '1.0.0' },
			})
			expect((await opened.store.head('greet'))?.document).toEqual(b)
			expect(await opened.store.history('greet', { limit: 10 })).toHaveLength(3)
		})

		test('restoring what the id never had is null', async () => {
			await using opened = await open()
			await opened.store.commit(change(a))
			await opened.store.commit(change(b, { id: 'other' }))
			expect(await opened.store.restore('greet', hashOf(b), { author: 'ann', message: 'back' })).toBeNull()
			expect(await opened.store.restore('nobody', hashOf(b), { author: 'ann', message: 'back' })).toBeNull()
		})

		test('an archived Blueprint keeps its history and refuses its head', async () => {
			await using opened = await open()
			await opened.store.commit(change(a))
			expect(await opened.store.archive('greet')).toBe(true)
			expect(await opened.store.archive('greet')).toBe(true)
			expect(await opened.store.isArchived('greet')).toBe(true)
			const refusal = {
				kind: 'conflict',
				code: 'blueprint_archived',
				message: 'blueprint greet is archived; POST /v1/blueprints/greet/unarchive first',
			}
			await expect(opened.store.head('greet')).rejects.toMatchObject(refusal)
			await expect(opened.store.commit(change(b))).rejects.toMatchObject(refusal)
			await expect(opened.store.restore('greet', hashOf(a), { author: 'ann', message: 'back' })).rejects.toMatchObject(refusal)
			expect((await opened.store.read('greet', hashOf(a)))?.document).toEqual(a)
			expect(await opened.store.history('greet', { limit: 10 })).toHaveLength(1)
		})

		test('an unarchived Blueprint is as it was', async () => {
			await using opened = await open()
			const { commit } = await opened.store.commit(change(a))
			await opened.store.archive('greet')
			expect(await opened.store.unarchive('greet')).toBe(true)
			expect(await opened.store.isArchived('greet')).toBe(false)
			expect(await opened.store.head('greet')).toEqual({ commit, document: a })
		})

		test('an unknown id is absent everywhere', async () => {
			await using opened = await open()
			expect(await opened.store.head('nobody')).toBeNull()
			expect(await opened.store.read('nobody', hashOf(a))).toBeNull()
			expect(await opened.store.history('nobody', { limit: 10 })).toEqual([])
			expect(await opened.store.archive('nobody')).toBe(false)
			expect(await opened.store.unarchive('nobody')).toBe(false)
			expect(await opened.store.isArchived('nobody')).toBeNull()
		})

		test('the list has every Blueprint by id, archived ones marked', async () => {
			await using opened = await open()
			for (const id of ['zoo', 'ant', 'bee']) await opened.store.commit(change(a, { id }))
			const { commit } = await opened.store.commit(change(b, { id: 'bee' }))
			await opened.store.archive('bee')
			const list = await opened.store.list()
			expect(list.map(({ id, archived }) => [id, archived])).toEqual([
				['ant', false],
				['bee', true],
				['zoo', false],
			])
			expect(list[1]?.head).toEqual(commit)
		})

		test('a pinned document is found by its hash alone, and is in no history', async () => {
			await using opened = await open()
			const hash = await opened.store.pin(a, parsedBlueprint(a))
			expect(hash).toBe(hashOf(a))
			expect(await opened.store.pin(a, parsedBlueprint(a))).toBe(hash)
			expect(await opened.store.readByHash(hash)).toEqual(a)
			expect(await opened.store.read('greet', hash)).toBeNull()
			expect(await opened.store.list()).toEqual([])
		})

		test('a committed document is found by its hash too', async () => {
			await using opened = await open()
			await opened.store.commit(change(b))
			expect(await opened.store.readByHash(hashOf(b))).toEqual(b)
			expect(await opened.store.readByHash('0'.repeat(64))).toBeNull()
		})

		test('what is returned is a copy', async () => {
			await using opened = await open()
			const mine = structuredClone(a) as Record<string, unknown>
			await opened.store.commit({ ...change(a), document: mine as JsonObject })
			mine.id = 'changed'
			const first = (await opened.store.head('greet'))?.document as Record<string, unknown>
			first.id = 'changed'
			expect((await opened.store.head('greet'))?.document).toEqual(a)
		})

		test('an id that could not be a file name is refused', async () => {
			await using opened = await open()
			for (const id of ['', '.hidden', '..', 'a/b', 'a b', 'ü', 'x'.repeat(129)])
				await expect(opened.store.commit(change(a, { id }))).rejects.toMatchObject({ kind: 'malformed', code: 'invalid_blueprint_id' })
			for (const id of ['a', 'A.b_c-1', 'x'.repeat(128)]) await opened.store.commit(change(a, { id }))
			expect(await opened.store.list()).toHaveLength(3)
		})
	})
}
