import { Value, type ValueError } from '@sinclair/typebox/value'
import { parse as parseToml } from 'smol-toml'
import { parse as parseYaml } from 'yaml'
import { MseError, messageOf } from '../../../kernel/error.ts'
import { nearestName } from '../../../kernel/nearest.ts'
import { type AgentConfigFile, AgentConfigFileSchema } from '../../../protocol/hive-config.ts'

const READERS: { readonly [name: string]: (text: string) => unknown } = {
	'agent.toml': parseToml,
	// Nothing an agent may write says the same thing twice or by reference.
	'agent.yaml': (text) => parseYaml(text, { logLevel: 'error', maxAliasCount: 0, uniqueKeys: true }),
	'agent.json': (text) => JSON.parse(text) as unknown,
}
const MOST_BYTES = 64 * 1024
const OURS = /^(HIVE_|MSE_|BUN_)/

/** The names that a config file may have, the usual one first. */
export const CONFIG_FILE_NAMES: readonly string[] = Object.keys(READERS)

/** The config in a file of that name. Throws `agent_config_invalid` with the first thing that is wrong. */
export function parseConfigFile(name: string, bytes: Uint8Array): AgentConfigFile {
	if (bytes.byteLength > MOST_BYTES) throw invalidConfig(`${name} has more than ${MOST_BYTES} bytes.`)
	const config = checked(name, read(name, bytes))
	const reserved = Object.keys(config.env ?? {}).find((key) => OURS.test(key))
	if (reserved !== undefined) throw invalidConfig(`env.${reserved} in ${name} is not free: the server sets such variables itself.`)
	if (config.cwd?.split('/').includes('..')) throw invalidConfig(`cwd in ${name} leaves its folder; give an absolute path instead.`)
	return config
}

export function invalidConfig(sentence: string, hint?: string): MseError {
	return new MseError('invalid', sentence, { code: 'agent_config_invalid', ...(hint === undefined ? {} : { hint }) })
}

function read(name: string, bytes: Uint8Array): unknown {
	try {
		return READERS[name]?.(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
	} catch (thrown) {
		throw invalidConfig(`${name} cannot be read: ${messageOf(thrown).trim().split('\n')[0]}`)
	}
}

function checked(name: string, value: unknown): AgentConfigFile {
	if (Value.Check(AgentConfigFileSchema, value)) return value
	throw invalidConfig(explain(name, Value.Errors(AgentConfigFileSchema, value).First()))
}

function explain(name: string, error: ValueError | undefined): string {
	const keys = (error?.path ?? '').split('/').slice(1)
	const where = keys.join('.')
	if (where === '') return `${name} holds no table of keys.`
	const known = knownKeys(error)
	if (known.length > 0) return `There is no key "${where}" for ${name}.${nearestName(keys.at(-1) ?? '', known)}`
	return `${where} in ${name} is not usable; expected ${error?.schema.description ?? 'another value'}.`
}

/** The keys of the table that has one too many. */
function knownKeys(error: ValueError | undefined): readonly string[] {
	if (!/Unexpected property/.test(error?.message ?? '')) return []
	return Object.keys((error?.schema as { properties?: object } | undefined)?.properties ?? {})
}
