import { join, resolve } from 'node:path'
import { MseError, messageOf } from '../../kernel/error.ts'
import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts'
import { AGENT_KINDS, type AgentKind } from '../../protocol/blueprint-agent.ts'
import { parseAgentMd } from './agent-md.ts'
import { type Cascade, type IncludedFiles, readIncluded, refusedReference, refuseEscape, type SearchedFolder } from './include-cascade.ts'
import { memberOf } from './json-path.ts'

export interface ExpandOptions {
	readonly files: IncludedFiles
	/** Folder that references start from. */
	readonly base: string
	/** Folders searched after the base and the document's own `blueprint_ref_includes`. */
	readonly includes: readonly string[]
	/** Kind of included agents where neither the reference nor the document says one. */
	readonly defaultAgentKind: AgentKind | null
	/** Whether `blueprint_ref_includes` may leave the base: for a document of the user's own, never for one that was sent. */
	readonly trusted: boolean
	/** Most bytes that all inclusions together may add. */
	readonly limitBytes: number
}

/**
 * The document with included files in place: `{"$file": path}` becomes the file's text, `{"$agent_md": path, …}` the agent
 * of that file with the sibling keys over its own (mlua-swarm 0.1.0). Included text is not expanded again. Throws
 * `malformed` (code `reference_unresolved`) for the first reference that fails.
 */
export async function expandDocument(document: Json, options: ExpandOptions): Promise<Json> {
	if (referencesIn(document).length === 0) return document
	const keys = isJsonObject(document) ? document : {}
	const expansion: Expansion = {
		cascade: { files: options.files, folders: searchedFolders(keys, options) },
		kind: kindOf(keys.default_agent_kind) ?? options.defaultAgentKind ?? 'operator',
		bytesLeft: options.limitBytes,
	}
	return expand(expansion, document)
}

/** Where a document has references, as JSON paths. A key of that name with a string counts whatever stands beside it. */
export function referencesIn(value: Json, at = '$'): string[] {
	if (Array.isArray(value)) return value.flatMap((item, index) => referencesIn(item, memberOf(at, index)))
	if (!isJsonObject(value)) return []
	const here = typeof ownMember(value, '$file') === 'string' || typeof ownMember(value, '$agent_md') === 'string' ? [at] : []
	return [...here, ...Object.entries(value).flatMap(([key, item]) => referencesIn(item, memberOf(at, key)))]
}

/** Throws `malformed` (code `reference_embedded`) for a document that still has references. */
export function refuseReferences(document: Json): void {
	const found = referencesIn(document)
	if (found.length === 0) return
	throw new MseError('malformed', `ref expand: strict embed is on, and the document has references at ${found.slice(0, 5).join(', ')}`, {
		code: 'reference_embedded',
		hint: 'Send the document with its files already in place.',
		details: { paths: found.slice(0, 100) },
	})
}

interface Expansion {
	readonly cascade: Cascade
	readonly kind: AgentKind
	bytesLeft: number
}

async function expand(expansion: Expansion, value: Json): Promise<Json> {
	if (Array.isArray(value)) {
		const items: Json[] = []
		for (const item of value) items.push(await expand(expansion, item))
		return items
	}
	if (!isJsonObject(value)) return value
	const file = ownMember(value, '$file')
	if (typeof file === 'string' && Object.keys(value).length === 1) return read(expansion, '$file', file)
	const agentFile = ownMember(value, '$agent_md')
	if (typeof agentFile !== 'string') return expandMembers(expansion, value)
	const { $agent_md: _, ...siblings } = value
	return expandAgent(expansion, agentFile, await expandMembers(expansion, siblings))
}

async function expandMembers(expansion: Expansion, value: JsonObject): Promise<JsonObject> {
	const members: [string, Json][] = []
	for (const [key, item] of Object.entries(value)) members.push([key, await expand(expansion, item)])
	return Object.fromEntries(members)
}

async function expandAgent(expansion: Expansion, path: string, siblings: JsonObject): Promise<JsonObject> {
	const text = await read(expansion, '$agent_md', path)
	try {
		return { ...parseAgentMd(text, { path, kind: kindOf(ownMember(siblings, 'kind')) ?? expansion.kind }), ...siblings }
	} catch (error) {
		throw refusedReference('$agent_md', path, new Error(`agent_md parse: ${messageOf(error)}`))
	}
}

async function read(expansion: Expansion, key: string, path: string): Promise<string> {
	try {
		const text = await readIncluded(expansion.cascade, path, expansion.bytesLeft)
		expansion.bytesLeft -= Buffer.byteLength(text)
		if (expansion.bytesLeft < 0) throw new Error('included files have more bytes in all than the limit')
		return text
	} catch (error) {
		throw refusedReference(key, path, error)
	}
}

function searchedFolders({ blueprint_ref_includes: own }: JsonObject, { base, includes, trusted }: ExpandOptions): SearchedFolder[] {
	const itself = (path: string): SearchedFolder => ({ path, within: path })
	const named = (Array.isArray(own) ? own : []).filter((folder) => typeof folder === 'string')
	const declared = named.map((folder) => (trusted ? itself(resolve(base, folder)) : sentFolder(base, folder)))
	return [itself(base), ...declared, ...includes.map(itself)]
}

/** What a sent document names must lie in the base, by its spelling and really. */
function sentFolder(base: string, folder: string): SearchedFolder {
	try {
		refuseEscape(folder)
	} catch (error) {
		throw refusedReference('blueprint_ref_includes', folder, error)
	}
	return { path: join(base, folder), within: base }
}

function kindOf(value: Json | undefined): AgentKind | undefined {
	return AGENT_KINDS.find((kind) => kind === value)
}

const ownMember = (value: JsonObject, key: string): Json | undefined => (Object.hasOwn(value, key) ? value[key] : undefined)
