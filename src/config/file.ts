import { parse as parseToml, type TomlTable } from 'smol-toml'
import { MseError, messageOf } from '../kernel/error.ts'
import { nearestName } from '../kernel/nearest.ts'
import { everyKey, keyTable, openSections, retiredKeys, spellings } from './key.ts'

/** The file as one flat table: `bind`, `limits.body_bytes`, and each open section whole under its name. */
export type FlatFile = ReadonlyMap<string, unknown>

/** Reads TOML. Throws `config_invalid` when it is not TOML, or at the first key nobody knows. */
export function parseConfigFile(path: string, text: string): FlatFile {
	const flat = flatten(path, parseTable(path, text))
	const known = [...everyKey().map(({ section, name }) => spellings(section, name).file), ...openSections]
	for (const key of flat.keys()) {
		if (known.includes(key) || retiredKeys.includes(key)) continue
		throw invalidConfig(`There is no key "${key}" for ${path}.${nearestName(key, known)}`)
	}
	return flat
}

export function invalidConfig(sentence: string, hint?: string): MseError {
	return new MseError('invalid', sentence, { code: 'config_invalid', ...(hint === undefined ? {} : { hint }) })
}

function parseTable(path: string, text: string): TomlTable {
	try {
		return parseToml(text)
	} catch (thrown) {
		throw invalidConfig(
			`The config file ${path} is not TOML: ${messageOf(thrown)
				.trim()
				.replace(/\s*\n\s*/g, ' ')}`,
		)
	}
}

function flatten(path: string, table: TomlTable): FlatFile {
	const flat = new Map<string, unknown>()
	for (const [key, value] of Object.entries(table)) {
		const closed = key !== 'top' && Object.hasOwn(keyTable, key)
		if (!closed && !openSections.some((name) => name === key)) {
			flat.set(key, value)
			continue
		}
		if (!isTable(value)) throw invalidConfig(`${key} in ${path} is ${JSON.stringify(value)}; expected a table, [${key}].`)
		if (!closed) flat.set(key, value)
		else for (const [name, inner] of Object.entries(value)) flat.set(`${key}.${name}`, inner)
	}
	return flat
}

function isTable(value: unknown): value is TomlTable {
	return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}
