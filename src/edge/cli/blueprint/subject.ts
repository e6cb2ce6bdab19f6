import { joinExtensions } from '../../../core/blueprint/extension.ts'
import { MseError } from '../../../kernel/error.ts'
import type { Json } from '../../../kernel/json.ts'
import { type MseClient, pathId } from '../../client/client.ts'
import type { Invocation } from '../command.ts'
import { connect, connectionFlags } from '../connection.ts'
import { usageError } from '../exit-code.ts'
import type { Flag } from '../flag.ts'
import { type BlueprintSource, isFileName } from './source.ts'

/** What the verbs of `bp` need beside a terminal. */
export interface BlueprintTools {
	/** A Blueprint of this machine, with what the invocation says about where included files are. */
	read(file: string, invocation: Invocation): Promise<BlueprintSource>
}

/** A Blueprint that a verb is about: a file, or a version that a server keeps. */
export interface Subject {
	/** As it was named. */
	readonly name: string
	readonly document: Json
	readonly source: BlueprintSource | null
	/** Null for a file. */
	readonly version: string | null
}

export const fileFlags: readonly Flag[] = [
	{ name: 'include', placeholder: 'DIR', doc: 'folder in which $file and $agent_md are looked for, too; repeat it for more' },
	{ name: 'config', placeholder: 'PATH', doc: 'file to read (default ~/.mse/config.toml)' },
]

/** The flags of a verb that takes a file or an id. */
export const subjectFlags: readonly Flag[] = [...fileFlags, ...connectionFlags]
export const SUBJECT_HELP = `A Blueprint is a file (.json, .yaml, .lua, .ts), or ID or ID@VERSION of a server. VERSION is the beginning of a hash, or ~1 for
the one before the head, ~2 for the one before that.`

/** Reads a file, or asks the server for an id. */
export async function readSubject(tools: BlueprintTools, invocation: Invocation, name: string | undefined): Promise<Subject> {
	if (!name) throw usageError('Which Blueprint? Name a file or an id.', '`mse-server bp ls` lists those of the server.')
	if (isFileName(name)) {
		const source = await tools.read(name, invocation)
		for (const warning of source.warnings) invocation.err(`warn ${warning}\n`)
		return { name, document: source.document, source, version: null }
	}
	const [id = '', version = ''] = name.split(/@(?=[^@]*$)/)
	return { name, source: null, ...(await fetchDocument(connect(invocation), id, version)) }
}

/** A document as it was stored, keys of ours in their places. No version means the head. */
export async function fetchDocument(client: MseClient, id: string, version: string) {
	const blueprint = client.v1.blueprints(pathId(id))
	const found = await client.answer(
		version === '' ? blueprint.head.get() : blueprint.versions({ hash: await wholeVersion(client, id, version) }).get(),
	)
	const { blueprint: document, extensions = {}, version: hash } = found
	return {
		id,
		version: hash,
		document: joinExtensions({ blueprint: document as Json, extensions: extensions as { [path: string]: Json } }),
	}
}

const MOST = 1000
const SHORTEST = 4

/** The whole hash behind its beginning, or behind `~N`. Throws `not_found` or a usage error. */
export async function wholeVersion(client: MseClient, id: string, version: string): Promise<string> {
	if (/^[0-9a-f]{64}$/.test(version)) return version
	const { entries } = await client.answer(client.v1.blueprints(pathId(id)).history.get({ query: { limit: MOST } }))
	const back = /^~(\d{1,3})$/.exec(version)?.[1]
	if (back === undefined && (!/^[0-9a-f]*$/.test(version) || version.length < SHORTEST))
		throw usageError(`"${version}" is no version.`, `Give ${SHORTEST} hex digits or more of its hash, or ~1 for the one before the head.`)
	const fitting = back === undefined ? entries.filter(({ hash }) => hash.startsWith(version)) : entries.slice(Number(back)).slice(0, 1)
	const [hash, ...others] = [...new Set(fitting.map((entry) => entry.hash))]
	if (hash === undefined)
		throw new MseError('not_found', `Blueprint ${id} has no version ${version}.`, { hint: `\`mse-server bp log ${id}\` lists them.` })
	if (others.length > 0) throw usageError(`${version} is the beginning of ${others.length + 1} versions of ${id}.`, 'Give more digits.')
	return hash
}

export const shortHash = (hash: string): string => hash.slice(0, 12)
