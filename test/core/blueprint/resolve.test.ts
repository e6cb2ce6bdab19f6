import { describe, expect, test } from 'bun:test'
import { blueprintHash } from '../../../src/core/blueprint/normal-form.ts'
import { parseBlueprint } from '../../../src/core/blueprint/parse.ts'
import { blueprintInvalid, findVersion, readDocument, type VersionSelector } from '../../../src/core/blueprint/resolve.ts'
import { highestMatching } from '../../../src/core/blueprint/semver-req.ts'
import type { JsonObject } from '../../../src/kernel/json.ts'
import { openBlobs } from '../../../src/store/sqlite/blob.ts'
import { SqliteBlueprintStore } from '../../../src/store/sqlite/blueprint-store.ts'
import { SqliteDatabase } from '../../../src/store/sqlite/database.ts'
import { fakeClock } from '../../support/fake-clock.ts'
import { minimal, parsedBlueprint } from '../../support/parsed-blueprint.ts'
import { verifies } from '../../support/verifies.ts'

const labelled = (tag: string, label?: string): JsonObject =>
	minimal({ metadata: { tags: [tag], ...(label !== undefined && { version_label: label }) } }) as JsonObject
const hashOf = (document: JsonObject): string => blueprintHash(parsedBlueprint(document))

/** A store in which `m` has these documents as its history, oldest first. */
async function openStore(...documents: JsonObject[]) {
	const database = new SqliteDatabase({ path: ':memory:', clock: fakeClock() })
	const store = new SqliteBlueprintStore(database, openBlobs(undefined))
	for (const document of documents)
		await store.commit({ id: 'm', document, blueprint: parsedBlueprint(document), author: 'a', message: 'm' })
	const byId = (version: VersionSelector, id = 'm') => findVersion(store, { kind: 'id', id, version })
	return { store, byId, [Symbol.dispose]: () => database[Symbol.dispose]() }
}

describe('a reference', () => {
	test('to a document that does not parse is refused with every finding', async () => {
		const refusal = blueprintInvalid(parseBlueprint({ flow: 1 }).diagnostics)
		expect(refusal).toMatchObject({
			kind: 'malformed',
			code: 'blueprint_invalid',
			message: expect.stringMatching(/^blueprint parse: missing field `id`.*bp_schema/),
			details: { diagnostics: [{ path: '$' }, { path: '$.flow' }] },
		})
	})

	test('by id without a store is refused with a code of its own', async () => {
		const refusal = findVersion(undefined, { kind: 'id', id: 'm', version: { kind: 'latest' } })
		await expect(refusal).rejects.toMatchObject({
			code: 'store_not_configured',
			message: 'store not configured (BlueprintRef::Id requires store)',
		})
	})

	test('to the latest version is the head', async () => {
		using opened = await openStore(labelled('a'), labelled('b'))
		expect(await opened.byId({ kind: 'latest' })).toMatchObject({ hash: hashOf(labelled('b')), commit: { id: 'm' } })
	})

	test('to a fixed version is that one, of an archived Blueprint too', async () => {
		using opened = await openStore(labelled('a'), labelled('b'))
		await opened.store.archive('m')
		const value = hashOf(labelled('a'))
		expect((await opened.byId({ kind: 'fixed', value })).hash).toBe(value)
		await expect(opened.byId({ kind: 'latest' })).rejects.toMatchObject({ kind: 'conflict', code: 'blueprint_archived' })
	})

	test('to what is not there says what is missing', async () => {
		verifies('04.89')
		using opened = await openStore(labelled('a'))
		const value = '0'.repeat(64)
		await expect(opened.byId({ kind: 'latest' }, 'n')).rejects.toMatchObject({ code: 'blueprint_not_found' })
		await expect(opened.byId({ kind: 'fixed', value }, 'n')).rejects.toMatchObject({ message: 'store: blueprint id not found: n' })
		await expect(opened.byId({ kind: 'fixed', value })).rejects.toMatchObject({
			code: 'version_not_found',
			message: `store: blueprint not found: id=m version=${value}`,
		})
		await expect(readDocument(opened.store, value)).rejects.toMatchObject({ code: 'version_not_found' })
	})

	test('by hash finds what was pinned', async () => {
		using opened = await openStore()
		const document = labelled('a')
		const hash = await opened.store.pin(document, parsedBlueprint(document))
		expect(await findVersion(opened.store, { kind: 'hash', hash })).toEqual({ hash, commit: null })
		expect(await readDocument(opened.store, hash)).toEqual(document)
	})

	test('by requirement takes the highest label, and of equal ones the newest', async () => {
		verifies('04.89', '06.11', '03.BlueprintMetadata.version_label')
		using opened = await openStore(
			labelled('a', '1.2.0'),
			labelled('b', '1.10.0'),
			labelled('c'),
			labelled('d', '1.10.0'),
			labelled('e', '2.0.0'),
		)
		const { hash } = await opened.byId({ kind: 'semver_req', req: '^1.2' })
		expect(hash).toBe(hashOf(labelled('d', '1.10.0')))
	})

	test('by requirement fails on a label that is no version, and where nothing matches', async () => {
		using opened = await openStore(labelled('a', '1.0.0'))
		await expect(opened.byId({ kind: 'semver_req', req: '^2' })).rejects.toMatchObject({
			code: 'no_matching_version',
			message: 'no version matches semver req: ^2',
		})
		using spoiled = await openStore(labelled('a', 'v1'), labelled('b', '1.0.0'))
		await expect(spoiled.byId({ kind: 'semver_req', req: '1' })).rejects.toMatchObject({
			code: 'invalid_version_label',
			message: expect.stringContaining('invalid semver version_label "v1": '),
		})
	})
})

describe('a requirement', () => {
	const versions = ['0.3.1', '1.0.0', '1.2.3', '1.3.0', '2.0.0-rc.1', '2.0.0'].map((versionLabel) => ({ versionLabel }))
	const highest = (req: string): string => highestMatching(versions, req).versionLabel

	const table: [requirement: string, highest: string][] = [
		['1.2', '1.3.0'],
		['=1.2', '1.2.3'],
		['1.2.3', '1.3.0'],
		['=1.2.3', '1.2.3'],
		['~1.2', '1.2.3'],
		['0.3', '0.3.1'],
		['1.*', '1.3.0'],
		['*', '2.0.0'],
		['>=1, <1.3', '1.2.3'],
		['< 2', '1.3.0'],
		['=2.0.0-rc.1', '2.0.0-rc.1'],
	]
	for (const [requirement, version] of table) test(`${requirement} takes ${version}`, () => expect(highest(requirement)).toBe(version))

	for (const text of ['', 'x.y', '1 || 2', '1 - 2', '>=1 <2', '1,', '*, 1', 'v1'])
		test(`"${text}" is refused`, () => expect(() => highest(text)).toThrow(`invalid semver req "${text}"`))
})
