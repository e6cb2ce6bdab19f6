import { extname } from 'node:path'
import { parse as parseYaml } from 'yaml'
import { messageOf } from '../../kernel/error.ts'
import type { Json } from '../../kernel/json.ts'
import { usageError } from './exit-code.ts'
import { readTextFile } from './text-file.ts'

/** The value in a file: YAML by its extension, JSON otherwise. Throws a usage error that names the file. */
export function readJsonFile(path: string): Json {
	const text = readTextFile(path)
	if (text === undefined) throw usageError(`There is no file ${path}.`)
	return parseText(text, path, isYaml(path))
}

/** The value of a flag: JSON as it stands, or `@FILE`. */
export function readJsonFlag(flag: string, text: string): Json {
	return text.startsWith('@') ? readJsonFile(text.slice(1)) : parseText(text, `--${flag}`, false)
}

export function isYaml(path: string): boolean {
	return ['.yaml', '.yml'].includes(extname(path).toLowerCase())
}

function parseText(text: string, from: string, yaml: boolean): Json {
	try {
		return (yaml ? parseYaml(text, { logLevel: 'error' }) : JSON.parse(text)) as Json
	} catch (thrown) {
		throw usageError(`${from} is no ${yaml ? 'YAML' : 'JSON'}: ${messageOf(thrown).split('\n')[0]}`)
	}
}
