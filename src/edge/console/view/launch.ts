import { isJsonObject, type Json, parseJson } from '../../../kernel/json.ts'
import type { LaunchBody } from '../../../protocol/task.ts'

/** What a person typed to launch a run. */
export interface LaunchForm {
	/** The id of a registered Blueprint; empty for the document. */
	readonly blueprint: string
	readonly document: string
	readonly context: string
	readonly goal: string
	readonly detach: boolean
}

export type LaunchRead = { readonly body: LaunchBody } | { readonly faults: { readonly [field: string]: string } }

/** The body of the launch, or what is wrong by field. The server checks the rest. */
export function readLaunch({ blueprint, document, context, goal, detach }: LaunchForm): LaunchRead {
	const inline = blueprint === '' ? parseJson(document) : null
	const ctx: Json | undefined = context.trim() === '' ? {} : parseJson(context)
	const faults = {
		...(blueprint === '' && !isJsonObject(inline) && { document: 'The document has to be a JSON object.' }),
		...(ctx === undefined && { context: 'The context has to be JSON, such as {"goal": "Add a --quiet flag"}.' }),
	}
	if (Object.keys(faults).length > 0) return { faults }
	const reference = blueprint === '' ? { kind: 'inline' as const, value: inline } : { kind: 'id' as const, id: blueprint }
	return { body: { blueprint: reference, init_ctx: ctx, detach, ...(goal.trim() !== '' && { goal: goal.trim() }) } }
}

/** What a document says it is for, and the context it brings, as text to go on from. */
export function headText(document: unknown): { readonly about: string; readonly brings: string } {
	const { metadata, default_init_ctx: brings } = isJsonObject(document) ? document : {}
	const about = isJsonObject(metadata) && typeof metadata.description === 'string' ? metadata.description : ''
	return { about, brings: JSON.stringify(brings ?? {}, null, 2) }
}
