import { describe, expect, test } from 'bun:test'
import { chmodSync, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../src/kernel/clock.ts'
import { openDataDir } from '../../src/store/data-dir.ts'
import { proveCommit, proveDataDir, proveDisk } from '../../src/store/probe.ts'
import { lockHolder } from '../../src/store/sqlite/instance-lock.ts'
import { tempDir } from '../support/temp-dir.ts'

const open = (dir: string) => openDataDir({ dir, clock: systemClock, pid: 4711, address: '127.0.0.1:1' })

describe('a data directory', () => {
	test('takes a commit, whether a server uses it or not, and nothing is left in it', async () => {
		using folder = tempDir()
		using data = open(folder.path)
		const before = readdirSync(folder.path)
		expect(await proveDataDir(folder.path, systemClock)).toMatchObject({
			status: 'ok',
			detail: expect.stringContaining('durable commit in'),
		})
		expect(readdirSync(folder.path)).toEqual(before)
		expect(await proveCommit(data.db, folder.path)).toMatchObject({ status: 'ok' })
	})

	test('that is not there is not made', async () => {
		using folder = tempDir()
		const dir = join(folder.path, 'a/b')
		expect(await proveDataDir(dir, systemClock)).toMatchObject({ status: 'ok', detail: expect.stringContaining('will be made') })
		expect(existsSync(join(folder.path, 'a'))).toBe(false)
		expect(proveDisk(dir).detail).toContain(`MiB are free at ${folder.path}`)
	})

	test.skipIf(process.getuid?.() === 0)('that cannot be written is refused with what to do', async () => {
		using folder = tempDir()
		chmodSync(folder.path, 0o500)
		await expect(proveDataDir(folder.path, systemClock)).rejects.toMatchObject({ hint: expect.stringContaining('right to write') })
	})

	test('whose commits are not flushed is broken', async () => {
		using folder = tempDir()
		using data = open(folder.path)
		data.db.sqlite.run('PRAGMA synchronous=NORMAL')
		expect(await proveCommit(data.db, 'it')).toMatchObject({ status: 'broken', detail: expect.stringContaining('synchronous=1') })
	})
})

test('the holder of a data directory is known as long as it holds it', () => {
	using folder = tempDir()
	expect(lockHolder(folder.path)).toBeNull()
	const data = open(folder.path)
	expect(lockHolder(folder.path)).toBe('pid 4711, 127.0.0.1:1')
	data[Symbol.dispose]()
	expect(lockHolder(folder.path)).toBeNull()
})
