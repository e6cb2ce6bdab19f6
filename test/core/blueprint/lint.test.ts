import { describe, expect, test } from 'bun:test'
import type { Diagnostic } from '../../../src/core/blueprint/diagnostic.ts'
import { firstCompileError, type LintOptions, lintBlueprint } from '../../../src/core/blueprint/lint.ts'
import { toWireDiagnostic } from '../../../src/core/blueprint/wire-diagnostic.ts'
import { AGENT_KINDS } from '../../../src/protocol/blueprint-agent.ts'
import { lit, path, seq, step } from '../../support/blueprints.ts'
import { fn, minimal, parsedBlueprint } from '../../support/parsed-blueprint.ts'
import { verifies } from '../../support/verifies.ts'

const EVERY_KIND: LintOptions = { knownKinds: new Set(AGENT_KINDS), functions: new Set(['identity']) }

const lint = (raw: object, options: LintOptions = EVERY_KIND): Diagnostic[] => lintBlueprint(parsedBlueprint(raw), options)
const agents = (...list: object[]): object => minimal({ agents: list })
const operator = (name: string, keys: object = {}): object => ({ name, kind: 'operator', spec: { operator_ref: 'worker:w' }, ...keys })
const subprocess = (spec: object, keys: object = {}): object => ({ name: 'p', kind: 'subprocess', spec, ...keys })
const calls = (...refs: string[]): object => seq(...refs.map((ref) => step(ref, lit(null), `$.out.${ref}`)))

const templated = (template: object, overrides: object = {}): object =>
	minimal({
		subprocesses: [{ name: 'T', argv: ['x'], ...template }],
		agents: [subprocess({}, { runner: { backend: 'subprocess', template: 'T', overrides } })],
	})
const PLACEHOLDERS = '{system}, {system_file}, {prompt}, {model}, {tools_csv}, {work_dir}, {task_id}, {attempt}'

/** One thing wrong in each document: its code, its place and the sentence a launch would give. */
const errors: [code: string, at: string, message: string, document: object][] = [
	[
		'bound-agent-resolution',
		'$.agents[0].runner_ref',
		`bound agent resolution: agent 'a' runner_ref 'R' does not match any RunnerDef.name in Blueprint.runners (defined: [])`,
		agents(fn('a', { runner_ref: 'R' })),
	],
	[
		'bound-agent-resolution',
		'$.default_runner',
		"bound agent resolution: default_runner 'R' does not match any RunnerDef.name in Blueprint.runners (defined: [])",
		minimal({ default_runner: 'R', agents: [fn('a'), fn('b')] }),
	],
	[
		'bound-agent-resolution',
		'$.agents[0].profile.worker_binding',
		"bound agent resolution: agent 'a' uses deprecated profile.worker_binding; strict binding requires runner or runner_ref",
		minimal({ strategy: { strict_binding: true }, agents: [fn('a', { profile: { worker_binding: 'w' } })] }),
	],
	[
		'unresolved-meta-ref',
		'$.agents[0].meta.meta_ref',
		`AgentMeta.meta_ref of agent 'a' names an undefined MetaDef: 'tem' (defined: ["team"])`,
		minimal({ metas: [{ name: 'team', ctx: {} }], agents: [fn('a', { meta: { meta_ref: 'tem' } })] }),
	],
	[
		'unresolved-meta-ref',
		'$.flow.in.value.$step_meta.ref',
		"Step 'a' $step_meta.ref names an undefined MetaDef: 'team' (defined: [])",
		{ id: 'm', flow: step('a', lit({ $step_meta: { ref: 'team' } }), '$.x'), agents: [fn('a')] },
	],
	[
		'unresolved-audit-agent',
		'$.audits[0].agent',
		`audits[].agent 'b' does not match any AgentDef.name in Blueprint.agents (defined: ["a"])`,
		minimal({ audits: [{ agent: 'b' }], agents: [fn('a')] }),
	],
	['duplicate-agent-name', '$.agents[1].name', 'duplicate AgentDef name: a', agents(fn('a'), fn('a'))],
	[
		'invalid-agent-spec',
		'$.agents[0].spec',
		"agent 'p' spec invalid: shell spec: 'program' (string) required",
		agents(subprocess({ program: 1 })),
	],
	[
		'invalid-agent-spec',
		'$.agents[0].spec',
		"agent 'p' spec invalid: unknown stream_mode: X",
		agents(subprocess({ program: 'sh', stream_mode: 'X' })),
	],
	[
		'invalid-agent-spec',
		'$.agents[0].spec',
		"agent 'a' spec invalid: rust_fn spec: 'fn_id' (string) required",
		agents({ name: 'a', kind: 'rust_fn' }),
	],
	[
		'invalid-agent-spec',
		'$.agents[0].spec',
		"agent 'a' spec invalid: fn_id 'nope' not registered in factory",
		agents({ name: 'a', kind: 'rust_fn', spec: { fn_id: 'nope' } }),
	],
	[
		'invalid-agent-spec',
		'$.agents[0].spec',
		"agent 'a' spec invalid: lua spec: 'fn_id' (string) required",
		agents({ name: 'a', kind: 'lua', spec: {} }),
	],
	[
		'invalid-agent-spec',
		'$.agents[0].spec',
		"agent 'a' spec invalid: operator spec: 'operator_ref' (string) required",
		agents({ name: 'a', kind: 'operator', spec: { operator_ref: 5 } }),
	],
	[
		'invalid-agent-spec',
		'$.agents[0].spec',
		"agent 'p' spec invalid: Runner::Subprocess template 'T' not found in Blueprint.subprocesses (defined: [a, b])",
		minimal({
			subprocesses: [
				{ name: 'b', argv: ['x'] },
				{ name: 'a', argv: ['x'] },
			],
			agents: [subprocess({}, { runner: { backend: 'subprocess', template: 'T' } })],
		}),
	],
	['invalid-agent-spec', '$.agents[0].spec', "agent 'p' spec invalid: SubprocessDef 'T': argv must not be empty", templated({ argv: [] })],
	[
		'invalid-agent-spec',
		'$.agents[0].spec',
		`agent 'p' spec invalid: unknown placeholder '{nope}' in env['K']; closed set is ${PLACEHOLDERS}`,
		templated({ argv: ['{prompt}', '{0}', '{Nope}'], env: { K: '{nope}' } }),
	],
	[
		'invalid-agent-spec',
		'$.agents[0].spec',
		`agent 'p' spec invalid: unknown placeholder '{home}' in overrides.cwd; closed set is ${PLACEHOLDERS}`,
		templated({}, { cwd: '{home}' }),
	],
	[
		'invalid-agent-spec',
		'$.agents[0].spec',
		"agent 'p' spec invalid: SubprocessDef 'T': output normalization is a plain-mode declaration; remove either `output` or `stream_mode`",
		templated({ output: {}, stream_mode: 'sse_events' }),
	],
	[
		'invalid-agent-spec',
		'$.agents[0].spec',
		`agent 'p' spec invalid: SubprocessDef 'T': unknown output.format 'xml' (supported: "json")`,
		templated({ output: { format: 'xml' } }),
	],
	[
		'invalid-agent-spec',
		'$.agents[0].spec',
		"agent 'p' spec invalid: SubprocessDef 'T': output.result_ptr 'r' is not a JSON Pointer (RFC 6901 — must start with '/')",
		templated({ output: { result_ptr: 'r' } }),
	],
	[
		'invalid-agent-spec',
		'$.agents[0].spec',
		`agent 'p' spec invalid: SubprocessDef 'T': output.ok_from 'ok' must be "exit_code" or a JSON Pointer (starting with '/')`,
		templated({ output: { ok_from: 'ok' } }),
	],
	[
		'unresolved-agent-ref',
		'$.flow.children[1].ref',
		"flow references agent 'b' but no AgentDef matches",
		{ id: 'm', flow: calls('a', 'b'), agents: [fn('a')] },
	],
	[
		'invalid-projection-placement',
		'$.projection_placement.dir_template',
		'invalid projection_placement: projection_placement.dir_template must not be empty',
		minimal({ projection_placement: { dir_template: '' } }),
	],
	[
		'invalid-projection-placement',
		'$.projection_placement.dir_template',
		`invalid projection_placement: projection_placement.dir_template must contain the '{task_id}' placeholder: "out"`,
		minimal({ projection_placement: { dir_template: 'out' } }),
	],
	[
		'invalid-projection-placement',
		'$.projection_placement.dir_template',
		`invalid projection_placement: projection_placement.dir_template must be a relative path, got an absolute one: "/{task_id}"`,
		minimal({ projection_placement: { dir_template: '/{task_id}' } }),
	],
	[
		'invalid-projection-placement',
		'$.projection_placement.dir_template',
		`invalid projection_placement: projection_placement.dir_template must not contain '..' path segments: "../{task_id}"`,
		minimal({ projection_placement: { dir_template: '../{task_id}' } }),
	],
	[
		'invalid-projection-placement',
		'$.projection_placement.root',
		`invalid projection_placement: projection_placement.root must be "work_dir" or "project_root", got "home"`,
		minimal({ projection_placement: { root: 'home' } }),
	],
]

describe('what refuses a launch', () => {
	for (const [code, at, message, document] of errors)
		test(message, () => {
			expect(lint(document).map((found) => [found.code, found.level, found.path, found.message])).toEqual([[code, 'error', at, message]])
		})

	test('a kind nobody serves, named as mlua-swarm names it', () => {
		const [found] = lint(agents({ name: 'a', kind: 'agent_block' }), { knownKinds: new Set(['rust_fn']) })
		expect(found).toMatchObject({ code: 'unknown-agent-kind', message: 'unknown agent kind in SpawnerRegistry: AgentBlock' })
	})

	test('is found all at once, and told in the order of a compile', () => {
		const found = lint({
			id: 'm',
			flow: calls('nobody'),
			agents: [{ name: 'a', kind: 'rust_fn' }, fn('a'), fn('b', { runner_ref: 'R', meta: { meta_ref: 'M' } })],
			audits: [{ agent: 'none' }],
			projection_placement: { root: 'home', dir_template: '' },
		})
		expect(found.map(({ code }) => code)).toEqual([
			'bound-agent-resolution',
			'unresolved-meta-ref',
			'unresolved-audit-agent',
			'invalid-agent-spec',
			'duplicate-agent-name',
			'unresolved-agent-ref',
			'invalid-projection-placement',
			'invalid-projection-placement',
		])
		expect(firstCompileError(found)).toBe(found[0] as Diagnostic)
	})
})

describe('what a Blueprint may leave open', () => {
	test('kinds, when strict_kind is off: the agent is left out with a warning', () => {
		verifies('06.19', '03.CompilerStrategy.strict_kind')
		const flow = calls('a')
		const raw = { id: 'm', flow, agents: [{ name: 'a', kind: 'lua', spec: { source: '' } }], strategy: { strict_kind: false } }
		const found = lint(raw, { knownKinds: new Set(['rust_fn']) })
		expect(found.map(({ code, level }) => [code, level])).toEqual([
			['unknown-agent-kind', 'warn'],
			['unresolved-agent-ref', 'error'],
		])
	})

	test('agents of steps, when strict_refs is off or a backend takes what nobody else does', () => {
		const flow = calls('nobody')
		expect(lint({ id: 'm', flow, strategy: { strict_refs: false } })).toEqual([])
		expect(lint({ id: 'm', flow }, { ...EVERY_KIND, hasDefaultBackend: true })).toEqual([])
	})

	test('operators: one that is not declared is a warning, a worker or a hive agent none', () => {
		const found = lint(
			minimal({
				operators: [{ name: 'main-ai' }],
				agents: ['main-al', 'worker:w', 'hive:h', 'main-ai'].map((ref, index) => operator(`a${index}`, { spec: { operator_ref: ref } })),
			}),
		)
		expect(found).toHaveLength(1)
		expect(found[0]).toMatchObject({
			code: 'unresolved-operator-ref',
			level: 'warn',
			path: '$.agents[0].spec.operator_ref',
			message: `agent 'a0' operator_ref 'main-al' does not match any OperatorDef.name in Blueprint.operators (defined: ["main-ai"])`,
			hint: 'Did you mean `main-ai`?',
		})
	})

	test('layers: an unknown one is a warning, the delegate of 0.1.0 none', () => {
		const found = lint(minimal({ spawner_hints: { layers: ['operator_delegate', 'main_al'] } }))
		expect(found.map(({ code, level, path: at, hint }) => [code, level, at, hint])).toEqual([
			['unknown-spawner-hint', 'warn', '$.spawner_hints.layers[1]', 'Did you mean `main_ai`?'],
		])
	})
})

describe('advice', () => {
	const cases: [code: string, at: string, document: object][] = [
		['agent-md-size', '$.agents[0].profile.system_prompt', agents(fn('a', { profile: { system_prompt: 'x\n'.repeat(200) } }))],
		['agent-md-size', '$.agents[0].profile.system_prompt', agents(fn('a', { profile: { system_prompt: 'x'.repeat(25 * 1024) } }))],
		['legacy-worker-binding', '$.agents[0].profile.worker_binding', agents(fn('a', { profile: { worker_binding: 'w' } }))],
		['strict-binding-without-runners', '$.strategy.strict_binding', minimal({ strategy: { strict_binding: true }, agents: [fn('a')] })],
		[
			'context-policy-strips-projection-roots',
			'$.agents[0].meta.context_policy',
			agents(fn('a', { meta: { context_policy: { include: ['x'] } } })),
		],
		[
			'context-policy-strips-projection-roots',
			'$.default_context_policy',
			minimal({ default_context_policy: { exclude: ['work_dir', 'project_root'] }, agents: [fn('a')] }),
		],
		[
			'tool-unknown-mcp-ref',
			'$.agents[0].profile.tools[1]',
			agents({
				name: 'a',
				kind: 'agent_block',
				spec: { mcp_servers: [{ name: 'git', command: 'x', args: [] }] },
				profile: { tools: ['mcp__git__log', 'mcp__web__get', 'Read'] },
			}),
		],
		['unknown-lint-kind', '$.metadata.lints["agent-md-siz"]', minimal({ metadata: { lints: { 'agent-md-siz': 'allow' } } })],
		['unknown-lint-kind', '$.agents[0].lints["category:none"]', agents(fn('a', { lints: { 'category:none': 'warn' } }))],
		[
			'non-suppressible-lint',
			'$.metadata.lints["unknown-agent-kind"]',
			minimal({ metadata: { lints: { 'unknown-agent-kind': 'allow' } } }),
		],
		['effort-unknown', '$.agents[0].profile.effort', agents({ name: 'a', kind: 'agent_block', profile: { effort: 'hard' } })],
		['budget-unobservable', '$.agents[0].policy.budget.tokens', agents(fn('a', { policy: { budget: { tokens: 5, attempts: 2 } } }))],
		[
			'budget-unobservable',
			'$.metadata.run_policy.budget.cost_usd',
			minimal({ metadata: { run_policy: { budget: { cost_usd: 1 } } }, agents: [fn('a')] }),
		],
		['write-target-not-path', '$.flow.at', { id: 'm', flow: { kind: 'assign', at: lit(1), value: lit(1) } }],
		[
			'step-naming-collision',
			'$.flow.children[1].out',
			{ id: 'm', flow: seq(step('a', lit(1), '$.x'), step('b', lit(1), '$.x')), agents: [fn('a'), fn('b')] },
		],
	]
	for (const [code, at, document] of cases)
		test(`${code} is a warning at ${at}`, () => {
			expect(lint(document).map((found) => [found.code, found.level, found.path])).toEqual([[code, 'warn', at]])
		})

	test('an approval whose form is no JSON Schema stops a launch', () => {
		const approve = (form: unknown) => ({ approve: { form } })
		const wrong = lint(minimal({ metadata: { policy: approve({ type: 'sentence' }) }, agents: [fn('a', { policy: approve('text') })] }))
		expect(wrong.map(({ code, level, path: at }) => [code, level, at])).toEqual([
			['invalid-approval-form', 'error', '$.metadata.policy.approve.form'],
			['invalid-approval-form', 'error', '$.agents[0].policy.approve.form'],
		])
		expect(wrong[1]?.message).toBe('approve.form is no JSON Schema: a JSON Schema is an object')
		expect(lint(agents(fn('a', { policy: approve({ type: 'object' }) }), fn('b', { policy: { approve: 'before_spawn' } })))).toEqual([])
	})

	test('says nothing of a budget that some agent can report against', () => {
		expect(lint(minimal({ metadata: { run_policy: { budget: { tokens: 1 } } }, agents: [fn('a'), operator('b')] }))).toEqual([])
	})

	test('is silent where the document allows it: the agent before the metadata, a kind before a category before all', () => {
		verifies('03.AgentDef.lints', '03.BlueprintMetadata.lints')
		const binding = (lints: object, metadata: object = {}): string[] =>
			lint(minimal({ metadata: { lints: metadata }, agents: [fn('a', { profile: { worker_binding: 'w' }, lints })] })).map(
				({ code }) => code,
			)
		expect(binding({ 'legacy-worker-binding': 'allow' })).toEqual([])
		expect(binding({ 'category:MIGRATION': 'allow' })).toEqual([])
		expect(binding({ all: 'allow', 'legacy-worker-binding': 'warn' })).toEqual(['legacy-worker-binding'])
		expect(binding({}, { all: 'allow' })).toEqual([])
		expect(binding({ all: 'deny' }, { all: 'allow' })).toEqual(['legacy-worker-binding'])
	})
})

describe('a finding on the wire', () => {
	test('has every key of mlua-swarm 0.26.0', () => {
		const [found] = lint(agents(fn('a', { profile: { worker_binding: 'w' } })))
		expect(toWireDiagnostic(found as Diagnostic)).toEqual({
			kind: 'legacy-worker-binding',
			stage: { type: 'BpDoctor', family: 'WorkerBindingLint' },
			level: 'Warn',
			message: "agent 'a' uses deprecated profile.worker_binding",
			notes: [],
			help: 'Write a `runner` with the same variant and tools instead.',
			suggestion: null,
			docs_ref: null,
			span: { element: { type: 'Agent', name: 'a' }, json_path: "$.agents[?(@.name=='a')]" },
		})
	})

	test('points at steps by their place, and at the document where it is about no part of it', () => {
		const [missing] = lint({ id: 'm', flow: step('x', path('$.i'), '$.o') })
		expect(toWireDiagnostic(missing as Diagnostic)).toMatchObject({
			stage: { type: 'CompileLint' },
			level: 'Error',
			span: { element: { type: 'Step', ref: 'x' }, json_path: '$.flow.ref' },
		})
		const [root] = lint(minimal({ projection_placement: { root: 'x' } }))
		expect(toWireDiagnostic(root as Diagnostic).span?.element).toEqual({ type: 'BlueprintRoot' })
	})
})
