import { describe, expect, test } from 'bun:test'
import { lockDataDir } from '../../../src/store/sqlite/instance-lock.ts'
import { tempDir } from '../../support/temp-dir.ts'

const holder = { pid: 4711, address: '127.0.0.1:0' }

describe('the lock of a data directory', () => {
	test('is refused while another has it, naming the holder as it last called itself', () => {
		using dir = tempDir()
		const lock = lockDataDir(dir.path, holder)
		expect(() => lockDataDir(dir.path, { ...holder, pid: 1 })).toThrow(`in use by pid 4711, 127.0.0.1:0.`)
		lock.nameHolder({ ...holder, address: 'http://127.0.0.1:7777' })
		expect(() => lockDataDir(dir.path, { ...holder, pid: 1 })).toThrow(`in use by pid 4711, http://127.0.0.1:7777.`)
		lock.release()
	})

	test('is free again when it was released', () => {
		using dir = tempDir()
		lockDataDir(dir.path, holder).release()
		lockDataDir(dir.path, holder).release()
	})
})
