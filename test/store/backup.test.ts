import { Database } from 'bun:sqlite'
import { describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MseError } from '../../src/kernel/error.ts'
import { backUp, restore, schemaStatus } from '../../src/store/backup.ts'
import { blueprintOf, lit, step } from '../support/blueprints.ts'
import { runWorld } from '../support/run-world.ts'
import { tempDir } from '../support/temp-dir.ts'
import { pure } from '../support/workers.ts'

const echo = pure((prompt) => prompt)
const blueprint = blueprintOf(step('echo', lit(1), '$.out'), ['echo'])
const large = 'x'.repeat(300 * 1024)
const codeOf = (work: () => unknown): unknown => {
	try {
		return work()
	} catch (error) {
		return (error as MseError).code
	}
}

describe('a backup', () => {
	test('of a directory that is in use restores to the same runs, with their large values', async () => {
		using place = tempDir()
		const [from, to, file] = ['from', 'to', 'backup.mse'].map((name) => join(place.path, name)) as [string, string, string]
		mkdirSync(from)
		writeFileSync(join(from, 'token-secret'), 'abc\n')
		await using world = runWorld({ workers: { echo }, dir: from })
		const run = await (await world.launch(blueprint, { initCtx: { large } })).ended
		const { files } = backUp(from, file)
		expect(files).toBeGreaterThan(1)
		await (await world.launch(blueprint)).ended
		restore(file, to)
		await using restored = runWorld({ workers: { echo }, dir: to })
		expect(await restored.runs.run(run.id)).toMatchObject({ result: run.result, status: 'done', initCtx: { large } })
		expect((await restored.runs.runs({ limit: 10, offset: 0 })).length).toBe(1)
		expect(await Bun.file(join(to, 'token-secret')).text()).toBe('abc\n')
	})

	test('is never written over a file, nor restored over anything', async () => {
		using place = tempDir()
		const [from, file] = [join(place.path, 'from'), join(place.path, 'b')]
		mkdirSync(from)
		await using _ = runWorld({ workers: { echo }, dir: from })
		backUp(from, file)
		expect(codeOf(() => backUp(from, file))).toBe('conflict')
		expect(codeOf(() => restore(file, from))).toBe('data_dir_not_empty')
		expect(codeOf(() => backUp(join(place.path, 'nothing'), join(place.path, 'c')))).toBe('not_found')
		writeFileSync(join(place.path, 'text'), 'no database')
		expect(codeOf(() => restore(join(place.path, 'text'), join(place.path, 'to')))).toBe('not_a_backup')
	})

	test('of a newer release, or with a damaged value, is refused', async () => {
		using place = tempDir()
		const [from, newer, damaged] = ['from', 'newer', 'damaged'].map((name) => join(place.path, name)) as [string, string, string]
		mkdirSync(from)
		await using world = runWorld({ workers: { echo }, dir: from })
		await (await world.launch(blueprint, { initCtx: { large } })).ended
		for (const file of [newer, damaged]) backUp(from, file)
		using one = new Database(newer)
		one.run('PRAGMA user_version = 999')
		using two = new Database(damaged)
		two.run("UPDATE backup_file SET bytes = x'00'")
		expect(codeOf(() => restore(newer, join(place.path, 'to')))).toBe('schema_too_new')
		expect(existsSync(join(place.path, 'to'))).toBe(false)
		expect(codeOf(() => restore(damaged, join(place.path, 'other')))).toBe('backup_damaged')
	})
})

test('a data directory says which schema it has and which it would get', async () => {
	using place = tempDir()
	expect(schemaStatus(place.path).has).toBe(0)
	await using _ = runWorld({ workers: { echo }, dir: place.path })
	const { has, wants } = schemaStatus(place.path)
	expect(has).toBe(wants)
})
