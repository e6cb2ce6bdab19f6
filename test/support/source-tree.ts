import { join } from 'node:path'
import { parseSync } from 'oxc-parser'

/** What the rules about source files look at. */
export interface SourceFile {
	/** Below the folder that was read, with `/`. */
	readonly path: string
	readonly lines: number
	/** Files it imports or re-exports from, types included, as paths below the folder. */
	readonly imports: readonly string[]
	/** Packages it imports from, without what follows their name. */
	readonly packages: readonly string[]
	/** Nothing in it but exports from elsewhere. */
	readonly isBarrel: boolean
	readonly functions: readonly { readonly line: number; readonly lines: number }[]
	/** Members of globals it reads, such as `Date.now`. */
	readonly members: readonly string[]
	/** Lines with `any`, with a `!` that claims a value is there, or with an enum. */
	readonly looseLines: readonly number[]
}

interface Node {
	readonly type: string
	readonly start: number
	readonly end: number
	readonly [field: string]: unknown
}

const FUNCTIONS = ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']
const LOOSE = ['TSAnyKeyword', 'TSNonNullExpression', 'TSEnumDeclaration']
const RE_EXPORTS = ['ExportAllDeclaration', 'ExportNamedDeclaration']

/** Every TypeScript file of a folder. */
export async function readSourceTree(folder: string): Promise<SourceFile[]> {
	const paths = [...new Bun.Glob('**/*.{ts,tsx}').scanSync(folder)].sort()
	return Promise.all(paths.map(async (path) => readSource(path, await Bun.file(join(folder, path)).text())))
}

export function readSource(path: string, text: string): SourceFile {
	const { program, errors } = parseSync(path, text)
	if (errors[0] !== undefined) throw new Error(`${path}: ${errors[0].message}`)
	const nodes = [...walk(program)]
	const specifiers = nodes.flatMap(importedBy)
	const lineOf = (offset: number): number => text.slice(0, offset).split('\n').length
	const spanOf = ({ start, end }: Node) => ({ line: lineOf(start), lines: lineOf(end) - lineOf(start) + 1 })
	const topLevel: readonly { readonly type: string; readonly source?: unknown }[] = program.body
	return {
		path,
		lines: lineOf(text.trimEnd().length),
		imports: specifiers.filter(isRelative).map((specifier) => join(path, '..', specifier)),
		packages: specifiers.filter((specifier) => !isRelative(specifier)).map(packageOf),
		isBarrel: topLevel.length > 0 && topLevel.every(({ type, source }) => RE_EXPORTS.includes(type) && source != null),
		functions: nodes.filter(({ type }) => FUNCTIONS.includes(type)).map(spanOf),
		members: nodes.flatMap(memberRead),
		looseLines: nodes.filter(({ type }) => LOOSE.includes(type)).map(({ start }) => lineOf(start)),
	}
}

function* walk(value: unknown): Generator<Node> {
	if (Array.isArray(value)) for (const item of value) yield* walk(item)
	if (!isNode(value)) return
	yield value
	for (const field of Object.values(value)) yield* walk(field)
}

function isNode(value: unknown): value is Node {
	return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}

/** `import … from`, `export … from`, `import()` and `import('…').Type` all name their module in `source`. */
function importedBy({ source }: Node): string[] {
	return isNode(source) && typeof source.value === 'string' ? [source.value] : []
}

function memberRead({ type, object, property, computed }: Node): string[] {
	if (type !== 'MemberExpression' || computed === true || !isNode(object) || !isNode(property)) return []
	return object.type === 'Identifier' ? [`${object.name}.${property.name}`] : []
}

function isRelative(specifier: string): boolean {
	return specifier.startsWith('.')
}

function packageOf(specifier: string): string {
	return specifier
		.split('/')
		.slice(0, specifier.startsWith('@') ? 2 : 1)
		.join('/')
}
