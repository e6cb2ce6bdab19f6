import { blake3 } from '@noble/hashes/blake3.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { isMap, parseDocument } from 'yaml'
import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type { AgentKind } from '../../protocol/blueprint-agent.ts'

/** Keys of the frontmatter that have a place of their own; all others become `profile.extras`. */
const KNOWN_KEYS: readonly string[] = ['name', 'description', 'model', 'effort', 'tools', 'worker_binding', 'lints']
const SETTINGS: readonly Json[] = ['allow', 'warn', 'deny']

/**
 * An agent file (YAML frontmatter between lines of `---`, then the system prompt) as the AgentDef of mlua-swarm 0.26.0.
 * Throws an Error in its words; `path` is only for those.
 */
export function parseAgentMd(text: string, { path, kind }: { readonly path: string; readonly kind: AgentKind }): JsonObject {
	const { frontmatter, body } = splitFrontmatter(text, path)
	const keys = readFrontmatter(frontmatter, path)
	const name = keys.name
	if (typeof name !== 'string') throw new Error(`frontmatter missing required \`name\` field in ${path}`)
	const lints = readLints(keys.lints, path)
	const binding = textOf(keys.worker_binding)
	const extras = Object.fromEntries(Object.entries(keys).filter(([key]) => !KNOWN_KEYS.includes(key)))
	return {
		name,
		kind,
		spec: null,
		profile: {
			system_prompt: body,
			model: textOf(keys.model),
			effort: textOf(keys.effort),
			tools: readTools(keys.tools),
			description: textOf(keys.description)?.trim() ?? null,
			extras: Object.keys(extras).length > 0 ? extras : null,
			version_hash: promptHash(body),
			...(binding !== null && { worker_binding: binding }),
		},
		meta: null,
		...(Object.keys(lints).length > 0 && { lints }),
	}
}

/** The `version_hash` of a system prompt: BLAKE3 of its text, as in mlua-swarm 0.26.0. */
export const promptHash = (text: string): string => bytesToHex(blake3(utf8ToBytes(text)))

/** A closing line holds the dashes alone, so that neither a ruler of more dashes nor text after them is taken for one. */
function splitFrontmatter(text: string, path: string): { frontmatter: string; body: string } {
	const parts = /^\uFEFF?---\r?\n([\s\S]*?)(?<=\n)---[ \t]*(?:\r?\n|$)/.exec(text)
	if (!parts) throw new Error(`no frontmatter delimiter \`---\` in ${path}`)
	return { frontmatter: parts[1] ?? '', body: text.slice(parts[0].length) }
}

function readFrontmatter(yaml: string, path: string): JsonObject {
	const document = parseDocument(yaml, { version: '1.2', prettyErrors: false })
	const [error] = document.errors
	if (error) throw new Error(`yaml parse error in ${path}: ${error.message}`)
	if (document.contents === null) return {}
	if (!isMap(document.contents)) throw new Error(`yaml parse error in ${path}: the frontmatter is not a map`)
	return plainJson(() => document.toJS({ maxAliasCount: 100 }), path)
}

/** What JSON cannot say (not-a-number, infinity) becomes null. */
function plainJson(read: () => unknown, path: string): JsonObject {
	try {
		const value = JSON.parse(JSON.stringify(read())) as Json
		return isJsonObject(value) ? value : {}
	} catch (error) {
		throw new Error(`yaml parse error in ${path}: ${error instanceof Error ? error.message : String(error)}`)
	}
}

const textOf = (value: Json | undefined): string | null => (typeof value === 'string' ? value : null)

function readTools(value: Json | undefined): string[] {
	const items = typeof value === 'string' ? value.split(',') : Array.isArray(value) ? value : []
	return items.filter((item) => typeof item === 'string').flatMap((item) => (item.trim() === '' ? [] : [item.trim()]))
}

function readLints(value: Json | undefined, path: string): JsonObject {
	if (value === undefined || value === null) return {}
	if (!isJsonObject(value)) throw new Error(`invalid frontmatter \`lints\` in ${path}: expected a map of lint to allow, warn or deny`)
	const wrong = Object.entries(value).find(([, setting]) => !SETTINGS.includes(setting))
	if (wrong) throw new Error(`invalid frontmatter \`lints\` in ${path}: \`${wrong[0]}\` has to be allow, warn or deny`)
	return value
}
