import { expect, test } from 'bun:test'
import { appendFileSync, closeSync, existsSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { cutLog, rotateLog, tailLog } from '../../../src/backend/hive/log-file.ts'
import { tempDir } from '../../support/temp-dir.ts'

test('a full log is moved away, and only so many are kept', async () => {
	using dir = tempDir()
	const file = join(dir.path, 'log')
	await rotateLog(file, 5)
	for (const n of [1, 2, 3, 4, 5]) {
		writeFileSync(file, `line ${n}\n`)
		await rotateLog(file, 5)
	}
	expect([1, 2, 3].map((n) => readFileSync(`${file}.${n}`, 'utf8').trim())).toEqual(['line 5', 'line 4', 'line 3'])
	expect([existsSync(file), existsSync(`${file}.4`)]).toEqual([false, false])
	writeFileSync(file, 'ab')
	await rotateLog(file, 5)
	expect(readFileSync(file, 'utf8')).toBe('ab')
})

test('a full log that is written to is cut, and the writer goes on in it', async () => {
	using dir = tempDir()
	const file = join(dir.path, 'log')
	const writer = openSync(file, 'a')
	writeSync(writer, 'one\ntwo\n')
	await cutLog(file, 5)
	writeSync(writer, 'three\n')
	closeSync(writer)
	expect([readFileSync(`${file}.1`, 'utf8'), readFileSync(file, 'utf8')]).toEqual(['one\ntwo\n', 'three\n'])
	expect(await tailLog(file, 2)).toBe('two\nthree')
})

test('the newest lines of a log, of none, and of a very long one', async () => {
	using dir = tempDir()
	const file = join(dir.path, 'log')
	expect(await tailLog(file, 5)).toBe('')
	appendFileSync(file, 'a\nb\n\nc')
	expect([await tailLog(file, 2), await tailLog(file, 9), await tailLog(file, 0)]).toEqual(['\nc', 'a\nb\n\nc', ''])
	appendFileSync(file, `\n${'x'.repeat(3_000_000)}\nend\n`)
	expect(await tailLog(file, 1)).toBe('end')
})
