import { KindGuard, type TSchema, type TUnion } from '@sinclair/typebox'
import { isJsonObject } from '../../kernel/json.ts'

/** The member of a union that a value belongs to; the value has been read by that union, or may be anything at all. */
export function memberFor(schema: TUnion, value: unknown): TSchema | undefined {
	if (value === null) return schema.anyOf.find((member) => KindGuard.IsNull(member))
	const others = schema.anyOf.filter((member) => !KindGuard.IsNull(member))
	if (others.length === 1) return others[0]
	if (!isJsonObject(value)) return others.find((member) => !KindGuard.IsObject(member))
	const tag: unknown = schema.discriminator?.propertyName
	if (typeof tag !== 'string') return others.find((member) => KindGuard.IsObject(member))
	return others.find((member) => KindGuard.IsObject(member) && member.properties[tag]?.const === value[tag])
}

/** What the values of a map must be. */
export function recordMember(schema: TSchema): TSchema | undefined {
	return KindGuard.IsRecord(schema) ? Object.values(schema.patternProperties)[0] : undefined
}
