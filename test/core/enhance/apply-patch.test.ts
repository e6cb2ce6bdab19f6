import { describe, expect, test } from 'bun:test'
import { promptHash } from '../../../src/core/blueprint/agent-md.ts'
import { blueprintHash } from '../../../src/core/blueprint/normal-form.ts'
import { applyPatch } from '../../../src/core/enhance/apply-patch.ts'
import { parsedBlueprint } from '../../support/parsed-blueprint.ts'
import { appliedOf, better, ctxOf, patchOf, target, targetHash } from './support.ts'

const description = (value: string) => ({ op: 'add', path: '/metadata/description', value })

describe('a patch', () => {
	test('gives the changed document as JSON and YAML, with its version', () => {
		const applied = appliedOf(patchOf(description('greets')))
		const expected = { ...target, metadata: { version_label: '0.4.0', description: 'greets' } }
		expect(applied).toMatchObject({ prev_bp_json: target, prev_hash: targetHash, epoch_id: { started_at_ms: 5 }, new_bp_json: expected })
		expect(Bun.YAML.parse(String(applied.new_bp_yaml))).toEqual(expected)
		expect(applied.new_hash).toBe(blueprintHash(parsedBlueprint(expected)))
		expect(applied.problem).toBeUndefined()
	})

	test('that replaces a system prompt makes its version_hash follow', () => {
		const { agents } = appliedOf(better).new_bp_json as { agents: unknown[] }
		expect(agents).toEqual([
			expect.objectContaining({ profile: { system_prompt: 'Say hello twice.', version_hash: promptHash('Say hello twice.') } }),
		])
	})

	test('counts as well when its writer staged parts beside it', () => {
		const applied = appliedOf({ out: better, parts: { notes: 'why' } })
		expect(applied).toMatchObject({ patch: better, new_hash: appliedOf(better).new_hash })
		expect(appliedOf({ out: better, more: 1 }).problem).toStartWith('the answer is no {ops, bump, rationale}')
	})

	test('that changes nothing leaves label and version as they are', () => {
		for (const nothing of [patchOf(), patchOf({ op: 'test', path: '/id', value: 'greeter' })])
			expect(appliedOf(nothing)).toMatchObject({ new_bp_json: target, new_hash: targetHash })
	})

	test.each([
		['major', '0.3.1', '1.0.0'],
		['minor', '0.3.1', '0.4.0'],
		['patch', '0.3.1', '0.3.2'],
		['minor', 'newest', '0.1.0'],
		['patch', undefined, '0.0.1'],
	])('with the bump %s moves the label %p to %s', (bump, label, next) => {
		const previous = { ...target, ...(label === undefined ? { metadata: null } : { metadata: { version_label: label } }) }
		const applied = appliedOf({ ...patchOf({ op: 'replace', path: '/agents/0/name', value: 'x' }), bump }, previous)
		expect(applied.new_bp_json).toMatchObject({ metadata: { version_label: next } })
	})

	test('moves the label from where it was, whatever it wrote there itself', () => {
		const own = patchOf({ op: 'replace', path: '/metadata/version_label', value: '7.0.0' })
		expect(appliedOf(own).new_bp_json).toMatchObject({ metadata: { version_label: '0.4.0' } })
	})

	test('whose result is no Blueprint is applied all the same, and checks find it', () => {
		const applied = appliedOf(patchOf({ op: 'remove', path: '/flow' }))
		expect(applied.problem).toBeUndefined()
		expect(applied.new_hash).not.toBe(targetHash)
	})
})

describe('a patch that cannot be applied leaves the document alone and says why', () => {
	test.each([
		['a missing place', patchOf({ op: 'replace', path: '/agents/7/name', value: 'x' }), /^operation 0 \(replace \/agents\/7\/name\): /],
		['a missing member', patchOf(description('x'), { op: 'remove', path: '/nothing' }), /^operation 1 \(remove \/nothing\): /],
		['a test that fails', patchOf({ op: 'test', path: '/agents/0/spec', value: { fn_id: 'other' } }), /^operation 0 \(test /],
		['a move into itself', patchOf({ op: 'move', from: '/agents', path: '/agents/0' }), /cannot be moved into itself/],
		['a place beyond the end', patchOf({ op: 'add', path: '/agents/5', value: {} }), /^operation 0 \(add \/agents\/5\): /],
		['the way to a prototype', patchOf({ op: 'add', path: '/__proto__/x', value: 1 }), /^operation 0 \(add /],
		['an operation that is none', { ...patchOf(), ops: ['x'] }, /^operation 0 /],
		['another id', patchOf({ op: 'replace', path: '/id', value: 'other' }), /^it changes the id/],
		['a text', 'I would rather not', /^the answer is no \{ops, bump, rationale\}/],
		['an unknown bump', { ...better, bump: 'huge' }, /^the answer is no \{ops, bump, rationale\}: \/bump/],
		['no ops', { bump: 'patch', rationale: 'r' }, /\/ops/],
	])('%s', (_, patch, problem) => {
		const applied = appliedOf(patch)
		expect(applied).toMatchObject({ new_bp_json: target, new_hash: targetHash, patch, problem: expect.stringMatching(problem) })
	})

	test('a test of a list or an object is by value', () => {
		const same = patchOf({ op: 'test', path: '/agents/0/spec', value: { fn_id: 'echo' } })
		expect(appliedOf(same).problem).toBeUndefined()
	})

	test('the first place of an empty list can be filled', () => {
		const applied = appliedOf(patchOf({ op: 'add', path: '/operators/0', value: { name: 'o' } }), { ...target, operators: [] })
		expect(applied.new_bp_json).toMatchObject({ operators: [{ name: 'o' }] })
	})
})

test('a context that no enhance run has is an error', () => {
	expect(() => applyPatch({ patch: better })).toThrow('prev_bp_yaml')
	expect(() => applyPatch('text')).toThrow('prev_bp_yaml')
})

test('texts that YAML could misread come back as they were', () => {
	const tricky = ['on', '1e3', '2026-01-01', ' leading', 'a: b', '', '~', '0x1f', 'line\nline\n', '"', '&a', 'é\u2028x']
	const applied = appliedOf(patchOf(description('x')), { ...target, default_init_ctx: { tricky } })
	expect(applied.prev_bp_json).toMatchObject({ default_init_ctx: { tricky } })
	expect(applyPatch({ ...ctxOf(patchOf()), prev_bp_yaml: applied.new_bp_yaml ?? null }).prev_bp_json).toEqual(applied.new_bp_json ?? null)
})
