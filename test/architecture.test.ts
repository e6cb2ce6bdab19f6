import { describe, expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { readSource, readSourceTree } from './support/source-tree.ts'

const CHECKOUT = join(import.meta.dir, '..')
const files = await readSourceTree(join(CHECKOUT, 'src'))

const INWARD = ['kernel', 'protocol', 'core']

/** A row is a folder or a file of src; the longest that fits a file is its row. A cell is what it may import besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
	kernel: ['../package.json'],
	protocol: [],
	'core/access': ['kernel', 'protocol', 'core/dispatch/backend.ts'],
	'core/event': ['kernel', 'protocol'],
	'core/blueprint': ['kernel', 'protocol'],
	'core/output': ['kernel', 'protocol', 'core/access', 'core/dispatch', 'core/run/record.ts'],
	'core/doctor': ['kernel', 'protocol'],
	'core/flow': ['kernel', 'protocol', 'core/blueprint'],
	'core/dispatch': ['kernel', 'protocol', 'core/blueprint', 'core/flow', 'core/access', 'core/event', 'core/run/record.ts'],
	'core/layer': ['kernel', 'protocol', 'core/blueprint', 'core/dispatch', 'core/output', 'core/run/record.ts'],
	'core/run': [
		'kernel',
		'protocol',
		'core/blueprint',
		'core/flow',
		'core/dispatch',
		'core/layer',
		'core/output',
		'core/access',
		'core/event',
		'core/trace/context.ts',
	],
	'core/operator': ['kernel', 'protocol', 'core/access', 'core/event'],
	'core/retention': ['kernel'],
	'core/worker': ['kernel', 'protocol', 'core/access', 'core/event'],
	'core/hive': ['kernel', 'protocol', 'core/access', 'core/event'],
	'core/approval': ['kernel', 'protocol', 'core/access', 'core/event'],
	'core/webhook': ['kernel', 'protocol', 'core/event'],
	'core/enhance': ['kernel', 'protocol', 'core/blueprint', 'core/event'],
	'core/trace': ['kernel', 'protocol', 'core/event'],
	store: INWARD,
	backend: INWARD,
	'edge/http': [...INWARD, 'edge/mcp', 'edge/console'],
	'edge/socket': INWARD,
	'edge/webhook': INWARD,
	'edge/telemetry': INWARD,
	'edge/client': [...INWARD, 'edge/http'],
	'edge/mcp': [...INWARD, 'edge/client'],
	'edge/console': ['kernel', 'protocol', 'edge/client'],
	'edge/cli': [...INWARD, 'edge/client', 'edge/mcp'],
	'edge/cli/command/serve.ts': ['kernel', 'edge/cli', 'app.ts', 'config.ts'],
	'edge/cli/command/run.ts': [...INWARD, 'edge/cli', 'edge/client', 'config.ts'],
	'edge/cli/command/bp.ts': [...INWARD, 'edge/cli', 'edge/client', 'config.ts'],
	'edge/cli/command/mcp.ts': [...INWARD, 'edge/cli', 'edge/client', 'edge/mcp', 'config.ts'],
	'edge/cli/command/hive.ts': [...INWARD, 'edge/cli', 'edge/client', 'config.ts'],
	'edge/cli/command/backup.ts': [...INWARD, 'edge/cli', 'config.ts'],
	'edge/cli/command/doctor.ts': [...INWARD, 'edge/cli', 'edge/client', 'config.ts'],
	config: ['kernel'],
	'config.ts': ['kernel', 'config'],
	'prelude.ts': [],
	// A Lua process and an idle agent begin here too, and load nothing else.
	'main.ts': ['prelude.ts', 'command-line.ts', 'backend/lua/command.ts', 'backend/lua/child.ts', 'backend/hive/idle.ts'],
	'command-line.ts': [
		'app.ts',
		'engine/blueprint-script.ts',
		'engine/data-dir-work.ts',
		'engine/doctor.ts',
		'engine/expansion.ts',
		'engine/hive/folder.ts',
		'edge/cli',
	],
	'app.ts': [...INWARD, 'store', 'backend', 'edge', 'config.ts', 'engine'],
	engine: [...INWARD, 'store', 'backend', 'config.ts', 'edge/socket', 'edge/webhook', 'edge/telemetry'],
	'engine/figures.ts': ['engine', 'edge'],
	'engine/http.ts': [...INWARD, 'config.ts', 'engine', 'edge'],
	'engine/data-dir-work.ts': ['kernel', 'store', 'edge/cli'],
}

/** Libraries and powers that one part of the house has to itself. */
const HOME: Readonly<Record<string, readonly string[]>> = {
	elysia: ['edge/http', 'edge/client'],
	'@elysiajs/swagger': ['edge/http'],
	'@elysiajs/eden': ['edge/client'],
	'@modelcontextprotocol/sdk': ['edge/mcp', 'backend/llm'],
	ai: ['backend/llm'],
	'@ai-sdk/anthropic': ['backend/llm'],
	'@ai-sdk/openai-compatible': ['backend/llm'],
	'@opentelemetry/api': ['edge/telemetry'],
	'@opentelemetry/exporter-trace-otlp-http': ['edge/telemetry'],
	'@opentelemetry/exporter-trace-otlp-proto': ['edge/telemetry'],
	'@opentelemetry/resources': ['edge/telemetry'],
	'@opentelemetry/sdk-trace': ['edge/telemetry'],
	'smol-toml': ['config', 'core/hive/config'],
	'isomorphic-git': ['store/git'],
	diff: ['core/hive/config', 'edge/cli/blueprint', 'edge/console/view/blueprint.ts'],
	wasmoon: ['backend/lua'],
	'fast-json-patch': ['core/blueprint/document-patch.ts'],
	react: ['edge/console'],
	'react-dom': ['edge/console'],
	'@xyflow/react': ['edge/console'],
	'@dagrejs/dagre': ['edge/console'],
	'bun:sqlite': ['store'],
	'node:child_process': [],
	'Bun.serve': [],
	'Bun.build': ['edge/http/console.ts'],
	'Bun.listen': ['edge/socket'],
	'Bun.spawn': ['backend/process', 'edge/cli'],
	'Bun.spawnSync': ['backend/process', 'edge/cli'],
	'process.env': ['kernel', 'config.ts', 'command-line.ts'],
	'Bun.env': ['prelude.ts'],
	'Date.now': ['kernel', 'edge/console'],
	'Math.random': ['kernel', 'edge/console'],
}

/** What happens to a run stands on what happens in it: each folder on those before it, all of them on the files beside them. */
const FLOORS = ['attempt', 'drive', 'supervise', 'launch', 'steer'].map((name) => `core/run/${name}`)

const NAMES_THAT_SAY_NOTHING = ['utils', 'util', 'helpers', 'helper', 'common', 'misc', 'types', 'index']
const TOP_LEVEL = ['CHANGELOG.md', 'Dockerfile', 'LICENSE', 'README.md', 'biome.json', 'bun.lock', 'bunfig.toml', 'package.json']
const TOP_LEVEL_FOLDERS = ['scripts', 'src', 'test', 'tsconfig.json']
const BUILT = ['dist', 'node_modules']

const isWithin = (path: string, cell: string): boolean => path === cell || path.startsWith(`${cell}/`)

describe('who may import whom', () => {
	test('every file has a row', () => {
		expect(files.filter(({ path }) => rowOf(path) === undefined).map(({ path }) => path)).toEqual([])
	})

	test('nothing points outward', () => {
		const broken = files.flatMap(({ path, imports }) => {
			const row = rowOf(path) ?? path
			const cells = [row, ...(MAY_IMPORT[row] ?? [])]
			const outward = imports.filter((target) => !cells.some((cell) => isWithin(target, cell)))
			return outward.map((target) => `${path} imports ${target}`)
		})
		expect(broken).toEqual([])
	})

	test('the floors of a run stand on those below', () => {
		const floorOf = (path: string): number => FLOORS.findIndex((floor) => isWithin(path, floor))
		const rising = files
			.filter(({ path }) => isWithin(path, 'core/run') && path !== 'core/run/service.ts')
			.flatMap(({ path, imports }) =>
				imports.filter((target) => floorOf(target) > floorOf(path)).map((target) => `${path} imports ${target}`),
			)
		expect(rising).toEqual([])
	})

	test('a library or a power is used at its home', () => {
		const broken = files.flatMap(({ path, packages, members }) => {
			const used = new Set([...packages, ...members])
			const abroad = [...used].filter((name) => Object.hasOwn(HOME, name) && !HOME[name]?.some((home) => isWithin(path, home)))
			return abroad.map((name) => `${path} uses ${name}`)
		})
		expect(broken).toEqual([])
	})

	test('no file imports itself by way of others', () => {
		expect(firstCycle()).toBeNull()
	})
})

describe('how files are cut', () => {
	test('no file is longer than 250 lines', () => {
		expect(files.filter(({ lines }) => lines > 250).map(({ path, lines }) => `${path}: ${lines}`)).toEqual([])
	})

	test('no function is longer than 50 lines', () => {
		const long = files.flatMap(({ path, functions }) =>
			functions.filter(({ lines }) => lines > 50).map(({ line, lines }) => `${path}:${line}: ${lines}`),
		)
		expect(long).toEqual([])
	})

	test('no file only re-exports others', () => {
		expect(files.filter(({ isBarrel }) => isBarrel).map(({ path }) => path)).toEqual([])
	})

	test('names are kebab-case and say something', () => {
		const stems = (path: string): string[] => path.replace(/(\.d)?\.tsx?$/, '').split('/')
		const isGood = (stem: string): boolean => /^[a-z0-9]+(-[a-z0-9]+)*$/.test(stem) && !NAMES_THAT_SAY_NOTHING.includes(stem)
		expect(files.map(({ path }) => path).filter((path) => !stems(path).every(isGood))).toEqual([])
	})

	test('types hold: no any, no claim that a value is there, no enum', () => {
		expect(files.flatMap(({ path, looseLines }) => looseLines.map((line) => `${path}:${line}`))).toEqual([])
	})

	test('the top of the repository holds what belongs there', () => {
		const allowed = [...TOP_LEVEL, ...TOP_LEVEL_FOLDERS, ...BUILT]
		const strange = readdirSync(CHECKOUT).filter((name) => !name.startsWith('.') && !allowed.includes(name))
		expect(strange.map((name) => basename(name))).toEqual([])
	})
})

describe('the reader of sources', () => {
	test('sees imports of types, re-exports and imports at run time', () => {
		const { imports, packages } = readSource(
			'a/b.ts',
			`import type { X } from '../x.ts'; export { y } from './y.ts'; const z = () => import('elysia/ws')`,
		)
		expect(imports).toEqual(['x.ts', 'a/y.ts'])
		expect(packages).toEqual(['elysia'])
	})

	test('measures functions and finds barrels and loose types', () => {
		const source = readSource('b.ts', 'export const f = (x: any) => {\n\treturn x!\n}\n')
		expect(source).toMatchObject({ lines: 3, isBarrel: false, functions: [{ line: 1, lines: 3 }], looseLines: [1, 2] })
		expect(readSource('c.ts', `export * from './a.ts'\nexport { b } from './b.ts'`).isBarrel).toBe(true)
		expect(readSource('d.ts', 'const now = () => Date.now()').members).toEqual(['Date.now'])
	})
})

function rowOf(path: string): string | undefined {
	const rows = Object.keys(MAY_IMPORT).filter((row) => isWithin(path, row))
	return rows.sort((a, b) => b.length - a.length)[0]
}

/** The files of one circle in order, or null. Depth first; a file that led nowhere is not looked at again. */
function firstCycle(): readonly string[] | null {
	const importsOf = new Map(files.map(({ path, imports }) => [path, imports]))
	const done = new Set<string>()
	const visit = (path: string, trail: readonly string[]): readonly string[] | null => {
		if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path]
		if (done.has(path)) return null
		for (const target of importsOf.get(path) ?? []) {
			const found = visit(target, [...trail, path])
			if (found !== null) return found
		}
		done.add(path)
		return null
	}
	for (const { path } of files) {
		const found = visit(path, [])
		if (found !== null) return found
	}
	return null
}
