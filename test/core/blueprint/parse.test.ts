import { describe, expect, test } from 'bun:test'
import { Value } from '@sinclair/typebox/value'
import { splitExtensions } from '../../../src/core/blueprint/extension.ts'
import { parseBlueprint } from '../../../src/core/blueprint/parse.ts'
import { writtenForm } from '../../../src/core/blueprint/written-form.ts'
import { BlueprintSchema, blueprintJsonSchema } from '../../../src/protocol/blueprint.ts'
import everyField from '../../fixture/blueprint/every-field.json' with { type: 'json' }
import { minimal, parsedBlueprint } from '../../support/parsed-blueprint.ts'
import { verifies } from '../../support/verifies.ts'

const AGENT = { name: 'a', kind: 'lua' }
const KINDS = '`lua`, `rust_fn`, `agent_block`, `subprocess`, `operator`'
const TOP =
	'`schema_version`, `id`, `flow`, `agents`, `operators`, `metas`, `hints`, `strategy`, `metadata`, `spawner_hints`, `default_agent_kind`, ' +
	'`default_operator_kind`, `default_init_ctx`, `default_agent_ctx`, `default_context_policy`, `projection_placement`, `audits`, ' +
	'`degradation_policy`, `runners`, `default_runner`, `subprocesses`, `check_policy`, `blueprint_ref_includes`'

const refused: [title: string, document: unknown, path: string, message: string][] = [
	['no flow', { id: 'x' }, '$', 'missing field `flow`'],
	['a strange key', minimal({ bogus: 1 }), '$.bogus', `unknown field \`bogus\`, expected one of ${TOP}`],
	['a number as id', minimal({ id: 5 }), '$.id', 'invalid type: integer `5`, expected a string'],
	['half a version', minimal({ schema_version: '1' }), '$.schema_version', 'unexpected end of input while parsing major version number'],
	['a null version', minimal({ schema_version: null }), '$.schema_version', 'invalid type: null, expected semver version'],
	['null agents', minimal({ agents: null }), '$.agents', 'invalid type: null, expected a sequence'],
	['null strategy', minimal({ strategy: null }), '$.strategy', 'invalid type: null, expected struct CompilerStrategy'],
	['an agent without kind', minimal({ agents: [{ name: 'a' }] }), '$.agents[0]', 'missing field `kind`'],
	[
		'an unknown agent kind',
		minimal({ agents: [{ name: 'a', kind: 'nope' }] }),
		'$.agents[0].kind',
		`unknown variant \`nope\`, expected one of ${KINDS}`,
	],
	[
		'a strange key of an agent',
		minimal({ agents: [{ ...AGENT, x: 1 }] }),
		'$.agents[0].x',
		'unknown field `x`, expected one of `name`, `kind`, `spec`, `profile`, `meta`, `runner`, `runner_ref`, `verdict`, `lints`, `policy`',
	],
	[
		'a kind in capitals',
		minimal({ default_agent_kind: 'Lua' }),
		'$.default_agent_kind',
		`unknown variant \`Lua\`, expected one of ${KINDS}`,
	],
	[
		'an unknown operator kind',
		minimal({ default_operator_kind: 'human' }),
		'$.default_operator_kind',
		'unknown variant `human`, expected one of `main_ai`, `automate`, `composite`',
	],
	[
		'a negative time to live',
		minimal({ metadata: { default_run_ttl_secs: -1 } }),
		'$.metadata.default_run_ttl_secs',
		'invalid value: integer `-1`, expected u64',
	],
	['a file origin without path', minimal({ metadata: { origin: { kind: 'file' } } }), '$.metadata.origin', 'missing field `path`'],
	['a text as document', 'x', '$', 'invalid type: string "x", expected struct Blueprint'],
	['an unknown runner', minimal({ agents: [{ ...AGENT, runner: { backend: 'b' } }] }), '$.agents[0].runner.backend', RUNNERS()],
	['a bad flow', minimal({ flow: { kind: 'sequence' } }), '$.flow.kind', FLOWS()],
	[
		'a wrong type inside a map',
		minimal({ metadata: { lints: { all: 1 } } }),
		'$.metadata.lints.all',
		'invalid type: integer `1`, expected string or map',
	],
	[
		'a policy that retries less than once',
		minimal({ metadata: { policy: { retry: { max_attempts: 0 } } } }),
		'$.metadata.policy.retry.max_attempts',
		'invalid value: integer `0`, expected a whole number from 1 on',
	],
	[
		'jitter above one',
		minimal({ metadata: { policy: { retry: { jitter: 1.5 } } } }),
		'$.metadata.policy.retry.jitter',
		'invalid value: floating point `1.5`, expected a number from 0 to 1',
	],
]

function RUNNERS(): string {
	return 'unknown variant `b`, expected one of `ws_operator`, `ws_claude_code`, `agent_block_in_process`, `subprocess`'
}

function FLOWS(): string {
	return 'unknown variant `sequence`, expected one of `step`, `seq`, `branch`, `fanout`, `loop`, `try`, `assign`'
}

const accepted: [title: string, document: object][] = [
	['the least there can be', minimal()],
	['an empty id', minimal({ id: '' })],
	['a version from the future', minimal({ schema_version: '9.9.9' })],
	['an origin with more keys', minimal({ metadata: { origin: { kind: 'inline', x: 1 } } })],
	['empty structs', minimal({ strategy: {}, hints: {}, spawner_hints: {}, agents: [{ ...AGENT, profile: {} }] })],
	['nameless operators and agents', minimal({ operators: [{ name: '' }], agents: [{ ...AGENT, name: '' }] })],
	['a time to live of nothing', minimal({ metadata: { default_run_ttl_secs: 0 } })],
	['layers nobody knows', minimal({ spawner_hints: { layers: ['nobody'] } })],
	['null where a value may be missing', minimal({ default_operator_kind: null, default_init_ctx: null, check_policy: null, metas: [] })],
	['null in free JSON', minimal({ agents: [{ ...AGENT, spec: null, meta: null, policy: null }], hints: { global: null } })],
]

describe('reading a Blueprint', () => {
	for (const [title, document, path, message] of refused)
		test(`${title} is refused`, () => {
			const { blueprint, diagnostics } = parseBlueprint(document)
			expect(blueprint).toBeUndefined()
			expect(diagnostics).toHaveLength(1)
			expect(diagnostics[0]).toMatchObject({ path, message, level: 'error' })
		})

	for (const [title, document] of accepted)
		test(`${title} is accepted`, () => {
			expect(parseBlueprint(document).diagnostics).toEqual([])
		})

	test('all mistakes are found at once, each with its place and the nearest right word', () => {
		verifies('06.5')
		const { diagnostics } = parseBlueprint({
			agent: [],
			flow: { kind: 'step', ref: 1, out: { op: 'path', at: 'x' }, in: { op: 'lit', value: 1 } },
			agents: [{ kind: 'operater', profile: { tool: [] } }],
			strategy: { strict_ref: true },
		})
		expect(diagnostics.map(({ path, hint }) => [path, hint])).toEqual([
			['$.agent', 'Did you mean `agents`?'],
			['$', '`id`: Name of the Blueprint.'],
			['$.flow.ref', null],
			['$.flow.out.at', expect.any(String)],
			['$.agents[0]', '`name`: What `ref` of a step names.'],
			['$.agents[0].kind', 'Did you mean `operator`?'],
			['$.agents[0].profile.tool', 'Did you mean `tools`?'],
			['$.strategy.strict_ref', 'Did you mean `strict_refs`?'],
		])
	})

	test('a key like __proto__ is a key like any other', () => {
		const raw = JSON.parse('{"id":"m","flow":{"kind":"seq","children":[]},"__proto__":1}')
		expect(parseBlueprint(raw).diagnostics[0]?.path).toBe('$.__proto__')
		const hints = JSON.parse('{"per_agent":{"__proto__":{"x":1}}}')
		expect(Object.keys(parsedBlueprint(minimal({ hints })).hints.per_agent)).toEqual(['__proto__'])
	})

	test('a document nested without end is refused and not walked', () => {
		let deep: unknown = 1
		for (let n = 0; n < 100_000; n++) deep = [deep]
		expect(parseBlueprint(minimal({ default_init_ctx: deep })).diagnostics[0]?.code).toBe('too-deep')
	})
})

describe('what is read', () => {
	test('has every default, written as mlua-swarm 0.26.0 writes it', () => {
		const { flow, ...rest } = parsedBlueprint(minimal())
		expect(flow).toEqual({ kind: 'seq', children: [] })
		expect(JSON.stringify(writtenForm(BlueprintSchema, { ...rest, flow }))).toBe(
			'{"schema_version":"0.1.0","id":"m","flow":{"kind":"seq","children":[]},"agents":[],"operators":[],' +
				'"hints":{"per_agent":{},"global":null},"strategy":{"strict_refs":true,"strict_kind":true,"strict_binding":false},' +
				'"metadata":{"description":null,"origin":{"kind":"inline"},"tags":[]},"spawner_hints":{"layers":[]},"default_agent_kind":"operator"}',
		)
	})

	test('has every field there is', () => {
		expect(Value.Check(BlueprintSchema, everyField)).toBe(true)
		const again = parsedBlueprint(everyField)
		const { blueprint, extensions } = splitExtensions(everyField)
		expect(writtenForm(BlueprintSchema, again)).toEqual(blueprint)
		expect(again.agents[0]?.policy).toEqual(everyField.agents[0]?.policy as never)
		expect(Object.keys(extensions)).toEqual(['$.agents[0].policy', '$.agents[3].policy', '$.metadata.policy', '$.metadata.run_policy'])
		expect(parsedBlueprint(JSON.parse(JSON.stringify(again)))).toEqual(again)
	})

	test('has the flow in current spelling, whatever the document spoke', () => {
		const legacy = { op: 'not', operand: { op: 'le', lhs: { op: 'path', at: '$.a["b"]' }, rhs: { op: 'lit', value: 1 } } }
		const { flow } = parsedBlueprint({ id: 'm', flow: { kind: 'assign', at: { op: 'path', at: '$.x' }, value: legacy } })
		const current = { op: 'not', arg: { op: 'lte', lhs: { op: 'path', at: '$.a.b' }, rhs: { op: 'lit', value: 1 } } }
		expect(flow).toMatchObject({ value: current })
	})
})

describe('the JSON Schema', () => {
	const schema = blueprintJsonSchema()
	const text = JSON.stringify(schema)

	test('refers to nothing outside itself', () => {
		const references = new Set([...text.matchAll(/"\$ref":"([^"]*)"/g)].map(([, target]) => target ?? ''))
		const definitions = Object.keys(schema.$defs as object).map((name) => `#/$defs/${name}`)
		expect([...references].sort()).toEqual(definitions.sort())
		expect(text.match(/"\$id"/g)).toHaveLength(1)
	})

	test('asks for id and flow alone, is closed, and describes every field', () => {
		expect(schema).toMatchObject({ required: ['id', 'flow'], additionalProperties: false })
		const fields = Object.values(schema.properties as Record<string, { description?: string }>)
		expect(fields).toHaveLength(23)
		expect(fields.every(({ description }) => description !== undefined)).toBe(true)
	})
})
