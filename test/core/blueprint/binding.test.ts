import { describe, expect, test } from 'bun:test'
import { bindingDigest, parseBindingDigest } from '../../../src/core/blueprint/binding-digest.ts'
import { effectivePolicy } from '../../../src/core/blueprint/effective-policy.ts'
import { operatorKindOf } from '../../../src/core/blueprint/operator-kind.ts'
import { effectiveContextPolicy, resolveRunner } from '../../../src/core/blueprint/runner.ts'
import type { AgentDef, Blueprint } from '../../../src/protocol/blueprint.ts'
import { minimal, parsedBlueprint } from '../../support/parsed-blueprint.ts'
import { verifies } from '../../support/verifies.ts'

function withAgent(agent: object, keys: object = {}): { blueprint: Blueprint; agent: AgentDef } {
	const blueprint = parsedBlueprint(minimal({ agents: [agent], ...keys }))
	const [only] = blueprint.agents
	if (!only) throw new Error('no agent')
	return { blueprint, agent: only }
}

const runner = { backend: 'ws_operator', variant: 'mse-worker', tools: ['Bash'] }
const runners = [{ name: 'ops', runner }]
const legacy = {
	name: 'w',
	kind: 'operator',
	spec: { operator_ref: 'main' },
	profile: { system_prompt: 'P', tools: ['Read'], worker_binding: 'coder' },
}

const digests: [title: string, agent: object, keys: object, digest: string][] = [
	[
		'no runner',
		{ name: 'n', kind: 'rust_fn', spec: { fn_id: 'identity' } },
		{},
		'sha256:a0d3d13b7eb45747986b0ea0c5cdbd06c806732f40e2f1926bbd28599ea4e5db',
	],
	[
		'a named runner',
		{ name: 'r', kind: 'operator', runner_ref: 'ops' },
		{ runners },
		'sha256:88e464c565af36d739fe0586a53da55b8d709e0bce33e24f5cf443961ae89c5b',
	],
	['the legacy binding', legacy, {}, 'sha256:3d7839306ee3ad20425bf6b3af4b532369265408062ed1e846a34d8276d2fc43'],
]

describe('the binding digest', () => {
	for (const [title, agent, keys, digest] of digests)
		test(`of ${title} is that of mlua-swarm`, () => {
			const bound = withAgent(agent, keys)
			expect(bindingDigest(bound.blueprint, bound.agent)).toBe(digest)
		})

	test('changes with an attestation and a context policy, not with a policy of ours', () => {
		const plain = withAgent(legacy)
		const digest = bindingDigest(plain.blueprint, plain.agent)
		expect(bindingDigest(plain.blueprint, plain.agent, { provider_id: 'p' })).not.toBe(digest)
		const filtered = withAgent(legacy, { default_context_policy: { exclude: ['x'] } })
		expect(bindingDigest(filtered.blueprint, filtered.agent)).not.toBe(digest)
		const limited = withAgent({ ...legacy, policy: { timeout_ms: 5 } })
		expect(bindingDigest(limited.blueprint, limited.agent)).toBe(digest)
	})

	test('sent by a caller must be one', () => {
		const [, , , digest = ''] = digests[0] ?? []
		expect(parseBindingDigest(digest)).toBe(digest)
		for (const text of ['', 'sha256:12', digest.toUpperCase(), `${digest} `])
			expect(() => parseBindingDigest(text)).toThrow(`invalid binding digest '${text}'; expected sha256:<64 lowercase hex>`)
	})
})

describe('the runner of an agent', () => {
	const inline = { backend: 'subprocess', template: 't' }
	const cases: [source: string, agent: object, keys: object][] = [
		['agent_inline', { ...legacy, runner: inline, runner_ref: 'ops' }, { runners, default_runner: 'ops' }],
		['agent_ref', { ...legacy, runner_ref: 'ops' }, { runners }],
		['legacy_worker_binding', legacy, { runners, default_runner: 'ops' }],
		['blueprint_default', { name: 'a', kind: 'lua' }, { runners, default_runner: 'ops' }],
		['none', { name: 'a', kind: 'lua' }, { runners }],
	]
	for (const [source, raw, keys] of cases)
		test(`comes from ${source} before what follows it`, () => {
			verifies('06.17', '03.Blueprint.default_runner')
			const { blueprint, agent } = withAgent(raw, keys)
			expect(resolveRunner(blueprint, agent)).toMatchObject({ source, error: null })
		})

	test('of a legacy binding runs in the client with the tools of the profile', () => {
		verifies('03.AgentProfile.worker_binding')
		const { blueprint, agent } = withAgent(legacy)
		expect(resolveRunner(blueprint, agent).runner).toEqual({ backend: 'ws_claude_code', variant: 'coder', tools: ['Read'] })
	})

	test('that nobody defined is an error with the names there are', () => {
		const named = withAgent({ name: 'a', kind: 'lua', runner_ref: 'R' }, { runners })
		expect(resolveRunner(named.blueprint, named.agent).error).toBe(
			`agent 'a' runner_ref 'R' does not match any RunnerDef.name in Blueprint.runners (defined: ["ops"])`,
		)
		const byDefault = withAgent({ name: 'a', kind: 'lua' }, { default_runner: 'R' })
		expect(resolveRunner(byDefault.blueprint, byDefault.agent).error).toBe(
			"default_runner 'R' does not match any RunnerDef.name in Blueprint.runners (defined: [])",
		)
	})
})

describe('what an agent inherits', () => {
	test('the operator kind comes from the launch, the operator, the Blueprint, in this order', () => {
		verifies('03.Blueprint.default_operator_kind', '03.OperatorDef.kind', '01.C124', '04.16', '04.17', '04.18', '04.19', '04.20')
		const operators = [{ name: 'main', kind: 'main_ai' }, { name: 'plain' }]
		const { blueprint, agent } = withAgent({ name: 'a', kind: 'lua', spec: { operator_ref: 'main' } }, { operators })
		expect(operatorKindOf(blueprint, agent, { perAgent: { a: 'composite' }, global: 'automate' })).toBe('composite')
		expect(operatorKindOf(blueprint, agent, { perAgent: { b: 'composite' }, global: 'automate' })).toBe('automate')
		expect(operatorKindOf(blueprint, agent)).toBe('main_ai')
		const plain = { name: 'a', kind: 'operator', spec: { operator_ref: 'plain' } }
		const inherited = withAgent(plain, { operators, default_operator_kind: 'composite' })
		expect(operatorKindOf(inherited.blueprint, inherited.agent)).toBe('composite')
		const nothing = withAgent(plain, { operators })
		expect(operatorKindOf(nothing.blueprint, nothing.agent)).toBe('automate')
	})

	test('its context policy replaces that of the Blueprint whole', () => {
		const own = { name: 'a', kind: 'lua', meta: { context_policy: { include: ['x'] } } }
		const keys = { default_context_policy: { exclude: ['y'] } }
		const replaced = withAgent(own, keys)
		expect(effectiveContextPolicy(replaced.blueprint, replaced.agent)).toMatchObject({ include: ['x'], exclude: [] })
		const inherited = withAgent({ name: 'a', kind: 'lua' }, keys)
		expect(effectiveContextPolicy(inherited.blueprint, inherited.agent)).toMatchObject({ include: null, exclude: ['y'] })
		const none = withAgent({ name: 'a', kind: 'lua' })
		expect(effectiveContextPolicy(none.blueprint, none.agent)).toBeNull()
	})

	test('each key of its policy replaces that of the metadata', () => {
		const metadata = { policy: { timeout_ms: 1, retry: { max_attempts: 5 } } }
		const { blueprint, agent } = withAgent({ name: 'a', kind: 'lua', policy: { retry: {} } }, { metadata })
		const retry = { max_attempts: 3, backoff_ms: 1000, factor: 2, max_backoff_ms: 60_000, jitter: 0.1 }
		expect(effectivePolicy(blueprint, agent)).toEqual({ timeout_ms: 1, retry })
	})
})
