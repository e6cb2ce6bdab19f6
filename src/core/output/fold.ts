import type { Json, JsonObject } from '../../kernel/json.ts'
import { isJsonObject } from '../../kernel/json.ts'
import type { ContentRef, OutputEvent } from '../../protocol/output.ts'
import type { AgentContext } from '../dispatch/backend.ts'
import { unfoldText } from './lenient-json.ts'
import { formatOf } from './submit-format.ts'

export interface Decision {
	/** The step's value; of a skipped step the value the worker gave along. */
	readonly value: Json
	readonly ok: boolean
	/** The worker asked to go on without a value: nothing is written at the step's `out`. */
	readonly skipped: boolean
}

/** How a skip looks in the tail (mlua-swarm 0.16.0). */
export const skipMarker = (value: Json): JsonObject => ({ __mse_skip: true, value })

/** Artifacts under these names come from auditors and are never part of the audited step's value. */
export const AUDIT_PREFIX = 'audit:'

/**
 * What the tail of an attempt decides: its last Final, together with the parts that the worker staged as
 * `{out, parts}`. `null` without a Final.
 */
export function decideStep(tail: readonly { readonly event: OutputEvent }[], context: AgentContext): Decision | null {
	const final = tail.map(({ event }) => event).findLast((event) => event.type === 'final')
	if (!final) return null
	const read = formatOf(context) === 'text' ? (value: Json): Json => value : unfoldText
	const value = contentValue(final.content)
	if (final.ok && isSkip(value)) return { value: read(value.value ?? null), ok: true, skipped: true }
	const parts = stagedParts(tail, read)
	const whole = Object.keys(parts).length === 0 ? read(value) : { out: read(value), parts }
	return { value: whole, ok: final.ok, skipped: false }
}

/** The body itself, or a description of the file it lies in. */
export function contentValue(content: ContentRef): Json {
	if (content.kind === 'inline') return (content.value ?? null) as Json
	return { file_ref: content.path, mime: content.mime ?? null, size_hint: content.size_hint ?? null }
}

export function isSkip(value: Json): value is JsonObject {
	return isJsonObject(value) && value.__mse_skip === true
}

function stagedParts(tail: readonly { readonly event: OutputEvent }[], read: (value: Json) => Json): JsonObject {
	const parts = new Map<string, Json>()
	for (const { event } of tail)
		if (event.type === 'artifact' && !event.name.startsWith(AUDIT_PREFIX)) parts.set(event.name, read(contentValue(event.content)))
	return Object.fromEntries(parts)
}
