import { describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseFlags } from '../../../src/edge/cli/flag.ts'
import { readRunRequest, runFlags } from '../../../src/edge/cli/run-request.ts'
import { tempDir } from '../../support/temp-dir.ts'

const read = (...args: readonly string[]) => readRunRequest(parseFlags(args, runFlags))
const inline = (value: unknown) => ({ kind: 'inline', value }) as const

describe('the Blueprint', () => {
	test('is a file, JSON or YAML by its extension', () => {
		using folder = tempDir()
		const path = (name: string, text: string) => {
			writeFileSync(join(folder.path, name), text)
			return join(folder.path, name)
		}
		expect(read(path('a.json', '{"id":"a"}')).launch.blueprint).toEqual(inline({ id: 'a' }))
		expect(read(path('b', '{"id":"b"}')).launch.blueprint).toEqual(inline({ id: 'b' }))
		const yaml = 'id: c\nflow: &again {kind: seq, children: []}\ndate: 2026-01-01\nmore: *again\n'
		expect(read(path('c.yaml', yaml)).launch.blueprint).toEqual(
			inline({ id: 'c', flow: { kind: 'seq', children: [] }, date: '2026-01-01', more: { kind: 'seq', children: [] } }),
		)
	})

	test('is an id when it looks like no file', () => {
		expect(read('hello').launch.blueprint).toEqual({ kind: 'id', id: 'hello' })
	})

	test('in a file that is not there or cannot be read is wrong usage that names the file', () => {
		using folder = tempDir()
		const broken = join(folder.path, 'x.yml')
		writeFileSync(broken, 'a: [1')
		expect(() => read('./none.json')).toThrow('There is no file ./none.json.')
		expect(() => read(broken)).toThrow(`${broken} is no YAML: Flow sequence`)
		expect(() => read()).toThrow('Which Blueprint?')
	})
})

describe('the context', () => {
	test('is {} by default, any JSON, or a file', () => {
		using folder = tempDir()
		const path = join(folder.path, 'ctx.json')
		writeFileSync(path, '{"from": "file"}')
		expect(read('x').launch.init_ctx).toEqual({})
		expect(read('x', '--ctx', '[1, null]').launch.init_ctx).toEqual([1, null])
		expect(read('x', '--ctx', `@${path}`).launch.init_ctx).toEqual({ from: 'file' })
		expect(() => read('x', '--ctx', '{a}')).toThrow('--ctx is no JSON')
		expect(() => read('x', '--ctx', '@none.json')).toThrow('There is no file none.json.')
	})
})

test('seconds are whole and above 0', () => {
	expect(read('x', '--timeout', '90', '--ttl', '5')).toMatchObject({ timeoutSecs: 90, launch: { ttl_secs: 5, detach: true } })
	for (const text of ['0', '-1', '1.5', 'soon', '']) expect(() => read('x', `--timeout=${text}`)).toThrow(`--timeout is "${text}"`)
})

test('folders are told with their whole path and have to be there', () => {
	expect(read('x', '--project-root', '.', '--work-dir', 'test').launch).toMatchObject({
		project_root: process.cwd(),
		work_dir: join(process.cwd(), 'test'),
	})
	expect(() => read('x', '--work-dir', 'no/such')).toThrow(`--work-dir: there is no folder ${join(process.cwd(), 'no/such')}.`)
})
