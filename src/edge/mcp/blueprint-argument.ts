import { type Static, Type } from '@sinclair/typebox'
import { isJsonObject, type Json } from '../../kernel/json.ts'
import type { LaunchBody } from '../../protocol/task.ts'
import { invalidParams } from './argument.ts'
import type { BlueprintFiles } from './blueprint-file.ts'
import type { ToolCall } from './tool.ts'

/** Which Blueprint to launch, in the words of mlua-swarm 0.26.0; a version is ours. */
export const SwarmBlueprintSchema = Type.Object(
	{},
	{
		additionalProperties: true,
		description: '{"kind":"id","id","version"?,"bind"?}, {"kind":"file","path"}, {"kind":"inline","blueprint"}, or a Blueprint document',
	},
)

export interface FoundBlueprint {
	readonly reference: LaunchBody['blueprint']
	readonly bind: string | undefined
	/** What it is called in results. */
	readonly head: string | null
}

/** Reads a file if need be. Throws `invalid_params` for what is none of the forms. */
export async function toFound(given: Static<typeof SwarmBlueprintSchema>, call: Pick<ToolCall, 'files'>): Promise<FoundBlueprint> {
	const { kind, id, path, bind, version, blueprint } = given as { readonly [key: string]: Json | undefined }
	const server = typeof bind === 'string' ? bind : undefined
	if (kind === 'id' && typeof id === 'string') return { reference: { kind, id, ...fixed(version) }, bind: server, head: id }
	if (kind === 'file' && typeof path === 'string') {
		const { document } = await filesOf(call).read(path)
		return { ...inline(document), bind: server }
	}
	if (kind === 'inline' && blueprint !== undefined) return { ...inline(blueprint), bind: server }
	if (kind === undefined && 'flow' in given) return { ...inline(given as Json), bind: undefined }
	throw invalidParams('`blueprint` names none.', `It is one of ${SwarmBlueprintSchema.description}.`)
}

/** Throws `invalid_params` where the client's files are not to be reached. */
export function filesOf({ files }: Pick<ToolCall, 'files'>): BlueprintFiles {
	if (files) return files
	throw invalidParams(
		'Files can be read only by `mse-server mcp` beside them, not over HTTP.',
		'Give the document itself: {"kind":"inline","blueprint":{…}}.',
	)
}

function inline(document: Json): Pick<FoundBlueprint, 'reference' | 'head'> {
	return {
		reference: { kind: 'inline', value: document },
		head: isJsonObject(document) && typeof document.id === 'string' ? document.id : null,
	}
}

const fixed = (version: Json | undefined) => (typeof version === 'string' ? { version: { kind: 'fixed' as const, value: version } } : {})
