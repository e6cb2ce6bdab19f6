import { isJsonObject, type JsonObject } from '../../kernel/json.ts'
import type { Node } from '../../protocol/flow.ts'
import type { Diagnostic } from './diagnostic.ts'
import { EXPRS, type Family, type Field, type FieldType, NODES, type Shape } from './flow-shape.ts'
import {
	expected,
	type Finding,
	invalidPath,
	missingField,
	notJson,
	tooDeep,
	unexpected,
	unknownField,
	unknownVariant,
} from './flow-wording.ts'
import { parsePath } from './path.ts'

/** Deeper nesting than this, nodes, expressions and literals together, is refused: every later walk may then recurse. */
export const MAX_FLOW_DEPTH = 512

const JOINS = ['all', 'any', 'race', 'all_settled']
const U32_MAX = 2 ** 32 - 1

/**
 * A flow as sent, in the one normal spelling: flow-ir 0.2.0, into which the spellings of 0.0.5 and 0.3 are brought, with canonical
 * paths. Reports every mistake at once, in document order; `node` is absent when there is any. Literals are shared with `raw`.
 */
export function parseFlow(raw: unknown, at = '$.flow'): { node: Node | undefined; diagnostics: Diagnostic[] } {
	const diagnostics: Diagnostic[] = []
	const report: Report = (path, finding) => void diagnostics.push({ level: 'error', path, ...finding })
	const node = readTagged(NODES, { value: raw, at, depth: 1, report })
	// The walk follows the shapes of the schema key by key, so without a finding this is a Node.
	return { node: diagnostics.length === 0 ? (node as Node) : undefined, diagnostics }
}

type Report = (path: string, finding: Finding) => void

/** A value and where it stands. */
interface Spot {
	readonly value: unknown
	readonly at: string
	readonly depth: number
	readonly report: Report
}

function readTagged(family: Family, spot: Spot): unknown {
	const { value, at, report } = spot
	if (spot.depth > MAX_FLOW_DEPTH) return report(at, tooDeep(MAX_FLOW_DEPTH))
	if (!isJsonObject(value)) return report(at, unexpected(value, family))
	if (!Object.hasOwn(value, family.tagKey)) return report(at, missingField(family.tagKey, family.tags))
	const tag = value[family.tagKey]
	const tagAt = member(at, family.tagKey)
	if (typeof tag !== 'string') return report(tagAt, expected(tag, 'variant identifier'))
	const shape = Object.hasOwn(family.shapes, tag) ? family.shapes[tag] : undefined
	if (shape === undefined) return report(tagAt, unknownVariant(tag, family.tags))
	return readFields(family, shape, value, spot)
}

function readFields(family: Family, shape: Shape, object: JsonObject, spot: Spot): unknown {
	const sources = shape.fields.map((field) => sourceOf(field, object))
	const known = new Set([family.tagKey, ...sources.map((source) => source.name)])
	const names = shape.fields.map((field) => field.name)
	for (const key of Object.keys(object)) if (!known.has(key)) spot.report(member(spot.at, key), unknownField(key, names))

	const read: Record<string, unknown> = { [family.tagKey]: shape.tag }
	shape.fields.forEach((field, index) => {
		const { name, type } = sources[index] ?? field
		const present = Object.hasOwn(object, name)
		if (present) read[field.name] = READERS[type]({ ...spot, value: object[name], at: member(spot.at, name), depth: spot.depth + 1 })
		else if (type === 'expr or null') read[field.name] = null
		else spot.report(spot.at, missingField(name))
	})
	return read
}

/** The spelling of the field this object uses. With both present the older one is an unknown field. */
function sourceOf(field: Field, object: JsonObject): { readonly name: string; readonly type: FieldType } {
	const older = field.was !== undefined && !Object.hasOwn(object, field.name) && Object.hasOwn(object, field.was.name)
	return older ? field.was : field
}

const READERS: { readonly [T in FieldType]: (spot: Spot) => unknown } = {
	text: readText,
	path: readPath,
	'target path': (spot) => ({ op: 'path', at: readPath(spot) }),
	json: readJson,
	u32: readU32,
	join: readJoin,
	node: (spot) => readTagged(NODES, spot),
	nodes: (spot) => readList(NODES, spot),
	expr: (spot) => readTagged(EXPRS, spot),
	exprs: (spot) => readList(EXPRS, spot),
	'expr or null': (spot) => (spot.value === null ? null : readTagged(EXPRS, spot)),
}

function readText({ value, at, report }: Spot): unknown {
	return typeof value === 'string' ? value : report(at, expected(value, 'a string'))
}

function readPath(spot: Spot): unknown {
	if (typeof spot.value !== 'string') return readText(spot)
	const parsed = parsePath(spot.value)
	return 'path' in parsed ? parsed.path.text : spot.report(spot.at, invalidPath(spot.value, parsed.reason))
}

function readList(family: Family, spot: Spot): unknown {
	if (!Array.isArray(spot.value)) return spot.report(spot.at, expected(spot.value, 'a sequence'))
	return spot.value.map((value, index) => readTagged(family, { ...spot, value, at: `${spot.at}[${index}]` }))
}

function readU32({ value, at, report }: Spot): unknown {
	const fits = typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= U32_MAX
	return fits ? value : report(at, expected(value, 'u32'))
}

function readJoin({ value, at, report }: Spot): unknown {
	if (typeof value !== 'string') return report(at, expected(value, 'variant identifier'))
	return JOINS.includes(value) ? value : report(at, unknownVariant(value, JOINS))
}

function readJson({ value, at, depth, report }: Spot): unknown {
	const fault = faultIn(value, depth)
	return fault === undefined ? value : report(at, fault === 'depth' ? tooDeep(MAX_FLOW_DEPTH) : notJson())
}

/** Why a value handed in by a program, which TypeScript cannot vouch for, is not a literal. */
function faultIn(value: unknown, depth: number): 'depth' | 'kind' | undefined {
	if (value === null || typeof value === 'boolean' || typeof value === 'string') return undefined
	if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'kind'
	if (typeof value !== 'object') return 'kind'
	if (depth > MAX_FLOW_DEPTH) return 'depth'
	const parts: readonly unknown[] = Array.isArray(value) ? value : Object.values(value)
	for (const part of parts) {
		const fault = faultIn(part, depth + 1)
		if (fault !== undefined) return fault
	}
	return undefined
}

/** A step of a JSON path: `.key`, or `["key"]` where the key is not a plain word. */
function member(at: string, key: string): string {
	return /^[A-Za-z_][\w-]*$/.test(key) ? `${at}.${key}` : `${at}[${JSON.stringify(key)}]`
}
