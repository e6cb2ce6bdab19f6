import { statSync } from 'node:fs'
import { extname } from 'node:path'
import { isCollection, isNode, LineCounter, parseDocument } from 'yaml'
import { keysOf } from '../../../core/blueprint/json-path.ts'
import { MseError } from '../../../kernel/error.ts'
import type { Json } from '../../../kernel/json.ts'
import { usageError } from '../exit-code.ts'
import { readJsonFile } from '../json-input.ts'
import { readTextFile } from '../text-file.ts'
import { importBlueprint } from './typescript-file.ts'

/** A Blueprint in a file, with the files it names in place. */
export interface BlueprintSource {
	readonly file: string
	readonly document: Json
	/** What its script had to say. */
	readonly warnings: readonly string[]
	/** The line of the file that a part of the document stands in, by JSON path; null where nobody knows. */
	lineOf(path: string): number | null
}

/** Runs a Lua script that gives a Blueprint. Throws `invalid` (code `script_failed`) with file and line. */
export type EvaluateLua = (script: { readonly source: string; readonly label: string }) => Promise<{
	readonly document: Json
	readonly warnings: readonly string[]
	readonly lines: { readonly [path: string]: number }
}>

export interface SourceTools {
	readonly evaluateLua: EvaluateLua
	/** Puts the files a document names in its place, seen from the folder of `file`. */
	expand(document: Json, file: string): Promise<Json>
}

const SCRIPTS = ['.lua', '.ts', '.mts', '.js', '.mjs']
const DOCUMENTS = ['.json', '.yaml', '.yml']

/** Told by the extension, a slash, or a file of that name; anything else is an id. */
export function isFileName(name: string): boolean {
	const isThere = statSync(name, { throwIfNoEntry: false })?.isFile() ?? false
	return isThere || name.includes('/') || [...SCRIPTS, ...DOCUMENTS].includes(extension(name))
}

/** A file that has to be run to give a document. */
export const isScript = (name: string): boolean => SCRIPTS.includes(extension(name))

/** Reads a document, or runs a script for one. Throws usage errors for what is no such file. */
export async function readSource(file: string, { evaluateLua, expand }: SourceTools): Promise<BlueprintSource> {
	const read = extension(file) === '.lua' ? await fromLua(file, evaluateLua) : isScript(file) ? await fromModule(file) : fromDocument(file)
	return { ...read, file, document: await expand(read.document, file) }
}

type Unexpanded = Omit<BlueprintSource, 'file'>

async function fromLua(file: string, evaluateLua: EvaluateLua): Promise<Unexpanded> {
	const { document, warnings, lines } = await evaluateLua({ source: textOf(file), label: file })
	return { document, warnings, lineOf: (path) => lines[longestPrefix(path, Object.keys(lines))] ?? null }
}

async function fromModule(file: string): Promise<Unexpanded> {
	textOf(file)
	return { document: await importBlueprint(file), warnings: [], lineOf: () => null }
}

function fromDocument(file: string): Unexpanded {
	return { document: readJsonFile(file), warnings: [], lineOf: (path) => lineIn(textOf(file), path) }
}

function textOf(file: string): string {
	const text = readTextFile(file)
	if (text === undefined) throw usageError(`There is no file ${file}.`)
	return text
}

/** JSON is YAML too, as far as positions go. */
function lineIn(text: string, path: string): number | null {
	const counter = new LineCounter()
	let node: unknown = parseDocument(text, { lineCounter: counter, logLevel: 'silent' }).contents
	for (const key of keysOf(path)) {
		const next: unknown = isCollection(node) ? node.get(key, true) : undefined
		if (!isNode(next)) break
		node = next
	}
	return isNode(node) && node.range ? counter.linePos(node.range[0]).line : null
}

function longestPrefix(path: string, paths: readonly string[]): string {
	const fits = paths.filter((known) => path === known || (path.startsWith(known) && /^[.[]/.test(path.slice(known.length))))
	return fits.sort((a, b) => b.length - a.length)[0] ?? ''
}

const extension = (file: string): string => extname(file).toLowerCase()

/** For `run`, where a script that fails is an invalid Blueprint. */
export function asInvalid(thrown: unknown): unknown {
	if (!(thrown instanceof MseError) || thrown.code !== 'script_failed') return thrown
	return usageError(thrown.message, thrown.hint)
}
