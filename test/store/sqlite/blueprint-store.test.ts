import { expect, test } from 'bun:test'
import { seedBlueprint } from '../../../src/core/blueprint/samples.ts'
import type { Event } from '../../../src/protocol/event.ts'
import { openBlobs } from '../../../src/store/sqlite/blob.ts'
import { SqliteBlueprintStore } from '../../../src/store/sqlite/blueprint-store.ts'
import { SqliteDatabase } from '../../../src/store/sqlite/database.ts'
import { blueprintStoreContract } from '../../contract/blueprint-store.ts'
import { fakeClock } from '../../support/fake-clock.ts'
import { parsedBlueprint } from '../../support/parsed-blueprint.ts'

const clock = fakeClock()

async function open() {
	const database = new SqliteDatabase({ path: ':memory:', clock })
	const store = new SqliteBlueprintStore(database, openBlobs(undefined))
	return { store, database, [Symbol.asyncDispose]: async () => database[Symbol.dispose]() }
}

blueprintStoreContract('SQLite', open)

test('each change of a Blueprint is one event, and what changes nothing is none', async () => {
	await using opened = await open()
	const events: Event[] = []
	opened.database.onCommit((facts) => events.push(...facts))
	const document = seedBlueprint('main')
	const change = { id: 'main', document, blueprint: parsedBlueprint(document), author: 'ann', message: 'seed' }
	const { commit } = await opened.store.commit(change)
	await opened.store.commit(change)
	for (const _ of [1, 2]) await opened.store.archive('main')
	for (const _ of [1, 2]) await opened.store.unarchive('main')
	expect(events.map(({ kind }) => kind)).toEqual(['blueprint.committed', 'blueprint.archived', 'blueprint.unarchived'])
	expect(events[0]?.data).toEqual({ id: 'main', hash: commit.hash, parent: null, author: 'ann', message: 'seed', version_label: '0.1.0' })
	expect(commit.at).toBe(clock.now())
})
