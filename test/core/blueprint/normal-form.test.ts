import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { blueprintHash, normalForm } from '../../../src/core/blueprint/normal-form.ts'
import { isJsonObject } from '../../../src/kernel/json.ts'
import everyField from '../../fixture/blueprint/every-field.json' with { type: 'json' }
import { minimal, parsedBlueprint } from '../../support/parsed-blueprint.ts'
import { verifies } from '../../support/verifies.ts'

const hashOf = (raw: unknown): string => blueprintHash(parsedBlueprint(raw))

/** The value with the keys of every object in an order that `pick` decides. */
function shuffled(value: unknown, pick: (max: number) => number): unknown {
	if (Array.isArray(value)) return value.map((item) => shuffled(item, pick))
	if (!isJsonObject(value)) return value
	const keys = Object.keys(value)
	const entries: [string, unknown][] = []
	while (keys.length > 0) {
		const [key = ''] = keys.splice(pick(keys.length), 1)
		entries.push([key, shuffled(value[key], pick)])
	}
	return Object.fromEntries(entries)
}

const DEFAULTS: Record<string, unknown> = {
	schema_version: '0.1.0',
	agents: [],
	operators: [],
	metas: [],
	hints: { per_agent: {}, global: null },
	strategy: { strict_refs: true, strict_kind: true, strict_binding: false },
	metadata: { description: null, origin: { kind: 'inline' }, tags: [], version_label: null, lints: {}, policy: null },
	spawner_hints: { layers: [] },
	default_agent_kind: 'operator',
	default_operator_kind: null,
	default_init_ctx: null,
	audits: [],
	check_policy: null,
	blueprint_ref_includes: [],
}

const json = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value)))
const document = fc.record({
	id: fc.string(),
	flow: fc.record({ kind: fc.constant('assign'), at: path('$.x'), value: fc.record({ op: fc.constant('lit'), value: json }) }),
	agents: fc.array(
		fc.record(
			{ name: fc.string(), kind: fc.constantFrom('lua', 'rust_fn'), spec: json, meta: fc.record({ ctx: json }) },
			{ requiredKeys: ['name', 'kind'] },
		),
		{ maxLength: 3 },
	),
	default_init_ctx: json,
})

function path(at: string) {
	return fc.constant({ op: 'path', at })
}

describe('the hash of a Blueprint', () => {
	test('does not depend on the order of keys', () => {
		fc.assert(
			fc.property(document, fc.infiniteStream(fc.nat()), (raw, order) => {
				const pick = (max: number): number => (order.next().value ?? 0) % max
				expect(hashOf(shuffled(raw, pick))).toBe(hashOf(raw))
			}),
			{ numRuns: 100 },
		)
	})

	test('does not depend on which defaults are written down', () => {
		fc.assert(
			fc.property(document, fc.subarray(Object.keys(DEFAULTS)), (raw, keys) => {
				const added = Object.fromEntries(keys.map((key) => [key, DEFAULTS[key]]))
				expect(hashOf({ ...added, ...raw })).toBe(hashOf(raw))
			}),
			{ numRuns: 100 },
		)
	})

	test('is that of the parsed document, written down and read again', () => {
		fc.assert(
			fc.property(document, (raw) => {
				const blueprint = parsedBlueprint(raw)
				expect(hashOf(JSON.parse(JSON.stringify(blueprint)))).toBe(blueprintHash(blueprint))
			}),
			{ numRuns: 100 },
		)
	})

	test('does not depend on the spelling of the flow', () => {
		const x = { op: 'path', at: '$.x' }
		const flow = (value: object, at = '$.y', more: object = {}): object => ({
			id: 'm',
			flow: { kind: 'try', body: { kind: 'assign', at: { op: 'path', at }, value }, catch: { kind: 'seq', children: [] }, ...more },
		})
		const now = flow({ op: 'not', arg: { op: 'and', args: [{ op: 'gte', lhs: x, rhs: x }] } })
		const then = flow({ op: 'not', operand: { op: 'and', operands: [{ op: 'ge', lhs: x, rhs: x }] } })
		expect(hashOf(then)).toBe(hashOf(now))
		expect(hashOf(flow(x, '$["y"]'))).toBe(hashOf(flow(x)))
		expect(hashOf(flow(x, '$.y', { err_at: null }))).toBe(hashOf(flow(x)))
	})

	test('changes with anything that is said', () => {
		const variants = [
			minimal(),
			minimal({ id: 'n' }),
			minimal({ metadata: { tags: ['a'] } }),
			minimal({ metadata: { policy: { timeout_ms: 5 } } }),
			minimal({ strategy: { strict_refs: false } }),
			minimal({ agents: [{ name: 'a', kind: 'lua' }] }),
			minimal({ agents: [{ name: 'a', kind: 'lua', profile: {} }] }),
			minimal({ default_init_ctx: {} }),
			minimal({ default_init_ctx: { a: null } }),
			everyField,
		]
		expect(new Set(variants.map(hashOf)).size).toBe(variants.length)
	})

	test('is SHA-256 over the shortest way to say the same', () => {
		verifies('06.8')
		expect(normalForm(parsedBlueprint(minimal({ strategy: { strict_refs: false, strict_kind: true } })))).toBe(
			'{"flow":{"children":[],"kind":"seq"},"id":"m","strategy":{"strict_refs":false}}',
		)
		expect(hashOf(minimal())).toBe('fc2c2b1ccf655b32e69a7f57375694e4fb79f0d5180bd8722bbf672d72d4f8d4')
	})
})
