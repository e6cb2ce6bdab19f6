import { describe, expect, test } from 'bun:test'
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AgentContext } from '../../../src/core/dispatch/backend.ts'
import { resolveSentinel, SUBMITTED_FILE_BYTES } from '../../../src/core/output/sentinel.ts'
import { submittedFiles } from '../../../src/store/submitted-file.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { verifies } from '../../support/verifies.ts'
import { refusal } from './support.ts'

function folder() {
	const dir = tempDir()
	const work = join(dir.path, 'work')
	mkdirSync(work)
	writeFileSync(join(work, 'out.md'), 'from the file\n\n')
	writeFileSync(join(dir.path, 'secret'), 'secret')
	return { work, outside: join(dir.path, 'secret'), [Symbol.dispose]: () => dir[Symbol.dispose]() }
}

const allowed = (work_dir: string): AgentContext => ({ work_dir, extra: { allow_file_submit: true } })
const resolve = (text: string, context: AgentContext) => resolveSentinel(text, context, submittedFiles, SUBMITTED_FILE_BYTES)

describe('a body that names a file', () => {
	test('is replaced by the text of the file, other bodies stay', async () => {
		verifies('01.C115', '04.59', '06.40')
		using at = folder()
		expect(await resolve(`@file:${at.work}/out.md`, allowed(at.work))).toBe('from the file')
		for (const text of ['plain', ' @file:/x', 'see @file:/x']) expect(await resolve(text, {})).toBe(text)
	})

	test('is refused unless the context says so strictly and has a work_dir', async () => {
		using at = folder()
		const contexts: AgentContext[] = [
			{},
			{ work_dir: at.work },
			{ work_dir: at.work, extra: { allow_file_submit: 'true' } },
			{ work_dir: at.work, extra: { allow_file_submit: 1 } },
			{ extra: { allow_file_submit: true } },
		]
		for (const context of contexts)
			expect(await refusal(resolve(`@file:${at.work}/out.md`, context))).toMatchObject({ kind: 'malformed', code: 'file_submit_refused' })
	})

	test('is refused unless it is one absolute path under the work_dir, links followed', async () => {
		using at = folder()
		symlinkSync(at.outside, join(at.work, 'link'))
		mkdirSync(join(at.work, 'folder'))
		mkdirSync(`${at.work}-beside`)
		writeFileSync(`${at.work}-beside/a`, 'x')
		const paths = ['', ' ', 'out.md', `${at.work}/out.md\nmore`, at.outside, `${at.work}/../secret`, `${at.work}/link`]
		for (const path of [...paths, at.work, `${at.work}/folder`, `${at.work}-beside/a`, '/no/such/thing', `${at.work}/../none`])
			expect((await refusal(resolve(`@file:${path}`, allowed(at.work)))).kind).toBe('malformed')
	})

	test('reaches a work_dir that is itself a link', async () => {
		using at = folder()
		symlinkSync(at.work, `${at.work}-link`)
		expect(await resolve(`@file:${at.work}-link/out.md`, allowed(`${at.work}-link`))).toBe('from the file')
		expect(await resolve(`@file:${at.work}/out.md`, allowed(`${at.work}-link`))).toBe('from the file')
	})

	test('is 404 when the file is missing and 413 when it is above 2 MiB', async () => {
		using at = folder()
		expect((await refusal(resolve(`@file:${at.work}/none`, allowed(at.work)))).kind).toBe('not_found')
		writeFileSync(join(at.work, 'large'), '')
		truncateSync(join(at.work, 'large'), SUBMITTED_FILE_BYTES + 1)
		expect((await refusal(resolve(`@file:${at.work}/large`, allowed(at.work)))).kind).toBe('too_large')
	})
})
