import { describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { keepAndProject, type Projection, projectionFolder } from '../../../src/core/output/projection.ts'
import { asRunId, asStepId } from '../../../src/kernel/id.ts'
import { type Logger, silentLogger } from '../../../src/kernel/log.ts'
import type { OutputEvent } from '../../../src/protocol/output.ts'
import { projectionFiles } from '../../../src/store/projection-file.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { verifies } from '../../support/verifies.ts'
import { refusal } from './support.ts'

const final = (value: unknown): OutputEvent => ({ type: 'final', content: { kind: 'inline', value }, ok: true })
const artifact = (name: string, value: unknown = 'x'): OutputEvent => ({ type: 'artifact', name, content: { kind: 'inline', value } })

/** A step of agent `writer` in a folder of its own; `kept` are the events that were kept, `warned` how often the log was written. */
function world(over: Partial<Projection> = {}, root?: string) {
	const dir = tempDir()
	const kept: OutputEvent[] = []
	const warned: string[] = []
	const log: Logger = { ...silentLogger, warn: (message) => void warned.push(message) }
	const projection: Projection = { canonical: 'writer', placement: undefined, checkPolicy: 'warn', ...over }
	const step = {
		runId: asRunId('R-1'),
		stepId: asStepId('ST-1'),
		n: 2,
		agent: 'writer',
		context: root === '' ? {} : { work_dir: root ?? dir.path },
	}
	return {
		root: dir.path,
		folder: join(dir.path, 'workspace/tasks/ST-1/ctx'),
		kept,
		warned,
		keep: (event: OutputEvent) =>
			keepAndProject({ files: projectionFiles, log }, projection, step, event, async () => {
				kept.push(event)
			}),
		[Symbol.dispose]: () => dir[Symbol.dispose](),
	}
}

test('the folder is under the preferred root, else under the other', () => {
	const both = { work_dir: '/w', project_root: '/p' }
	const at = (placement: object | undefined, context: object) => {
		const folder = projectionFolder(placement, context, asStepId('ST-1'))
		return folder && join(folder.root, folder.dir)
	}
	expect(at(undefined, both)).toBe('/w/workspace/tasks/ST-1/ctx')
	expect(at({ root: 'project_root' }, both)).toBe('/p/workspace/tasks/ST-1/ctx')
	expect(at({ root: 'project_root' }, { work_dir: '/w' })).toBe('/w/workspace/tasks/ST-1/ctx')
	expect(at({ dir_template: 'a/{task_id}/{task_id}' }, { project_root: '/p' })).toBe('/p/a/ST-1/ST-1')
	expect(at(undefined, {})).toBeNull()
})

test('a later output takes the place of an earlier one, whole', async () => {
	verifies('04.82')
	using step = world({ canonical: 'plan' })
	await step.keep(final('one'))
	await step.keep(final({ n: 1 }))
	await step.keep(artifact('data', { n: 2 }))
	await step.keep({ type: 'progress', stage: 's' })
	expect(readdirSync(step.folder).sort()).toEqual(['data', 'plan.md'])
	expect(readFileSync(join(step.folder, 'plan.md'), 'utf8')).toEndWith('attempt: 2\nok: true\n---\n\n```json\n{\n  "n": 1\n}\n```\n')
	expect(readFileSync(join(step.folder, 'data'), 'utf8')).toBe('{\n  "n": 2\n}\n')
	expect(step.kept).toHaveLength(4)
})

describe('an output that cannot be shown', () => {
	const names = ['', '.', '..', '../up', 'a/b', 'a\\b', 'a\0b']

	test('under any name that is no file name writes nothing, and is kept all the same', async () => {
		verifies('04.82')
		for (const name of names) {
			using step = world({ canonical: name })
			await step.keep(final('x'))
			await step.keep(artifact(name))
			expect([step.kept.length, step.warned.length, existsSync(join(step.root, 'workspace'))]).toEqual([2, 2, false])
		}
	})

	test('is silent, warned of or refused as the check policy says', async () => {
		verifies('04.82')
		using silent = world({ checkPolicy: 'silent' }, '/nowhere/at/all')
		await silent.keep(final('x'))
		expect([silent.kept.length, silent.warned.length]).toEqual([1, 0])
		using warn = world({ checkPolicy: 'warn' }, '/nowhere/at/all')
		await warn.keep(final('x'))
		expect([warn.kept.length, warn.warned.length]).toEqual([1, 1])
		using strict = world({ checkPolicy: 'strict' }, '/nowhere/at/all')
		expect(await refusal(strict.keep(final('x')))).toEqual({
			...{ kind: 'unavailable', code: 'check_policy_strict' },
			message: 'check policy strict: final writer: /nowhere/at/all does not exist',
		})
		expect([strict.kept.length, strict.warned.length]).toEqual([0, 1])
	})

	test('for want of a root is only refused by strict', async () => {
		verifies('04.82')
		using warn = world({}, '')
		await warn.keep(final('x'))
		expect([warn.kept.length, warn.warned.length]).toEqual([1, 0])
		using strict = world({ checkPolicy: 'strict' }, '')
		expect((await refusal(strict.keep(artifact('a')))).message).toBe(
			'check policy strict: artifact a: neither work_dir nor project_root is known',
		)
	})

	test('is one whose folder leads out of the root, or whose root is relative', async () => {
		using outside = tempDir()
		using step = world()
		mkdirSync(join(step.root, 'workspace'))
		symlinkSync(outside.path, join(step.root, 'workspace/tasks'))
		await step.keep(final('x'))
		expect([step.warned.length, readdirSync(outside.path)]).toEqual([1, []])
		using relative = world({}, 'here')
		await relative.keep(final('x'))
		expect([relative.warned.length, existsSync('here')]).toEqual([1, false])
	})
})

test('a link in the place of a file is replaced when writing, and not followed out of the root when reading', async () => {
	using outside = tempDir()
	using step = world()
	mkdirSync(step.folder, { recursive: true })
	const secret = join(outside.path, 'secret')
	writeFileSync(secret, 'secret')
	symlinkSync(secret, join(step.folder, 'writer.md'))
	const place = { root: step.root, dir: 'workspace/tasks/ST-1/ctx', name: 'writer.md' }
	expect(await projectionFiles.read(place, 1000)).toBeNull()
	await step.keep(final('mine'))
	expect(readFileSync(secret, 'utf8')).toBe('secret')
	const file = await projectionFiles.read(place, 1000)
	expect([file?.path, new TextDecoder().decode(file?.bytes)]).toEqual([join(step.folder, 'writer.md'), expect.stringContaining('"mine"')])
	expect(await projectionFiles.read(place, 10)).toBeNull()
	expect(await projectionFiles.read({ ...place, name: 'none.md' }, 10)).toBeNull()
})
