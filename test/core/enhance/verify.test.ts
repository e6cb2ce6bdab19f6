import { describe, expect, test } from 'bun:test'
import { verifyAxis } from '../../../src/core/enhance/verify.ts'
import type { Json } from '../../../src/kernel/json.ts'
import { appliedOf, better, patchOf } from './support.ts'

/** What a verifier says of a patch, in short. */
function verdict(axis: Json, patch: Json, problems: readonly string[] = []): string {
	const { axis: named, outcome } = verifyAxis({ axis, applied: appliedOf(patch) }, () => problems)
	expect(named).toBe(String(axis))
	return 'Pass' in outcome ? `pass: ${outcome.Pass.evidence}` : `deny: ${outcome.Deny.reason}`
}

describe('every axis passes a good change and denies a bad one', () => {
	const noAgents = patchOf({ op: 'replace', path: '/agents', value: 'none' })
	const strayRef = patchOf({ op: 'replace', path: '/flow/ref', value: 'nobody' })
	test.each([
		['des', better, /^pass: 'greeter' has a flow and 1 agents$/],
		['des', noAgents, /^deny: agents is no list$/],
		['des', patchOf({ op: 'replace', path: '/flow', value: [] }), /^deny: flow is no object$/],
		['canonical', better, /^pass: its version is [0-9a-f]{64}$/],
		['canonical', noAgents, /^deny: .*agents/],
		['canonical', patchOf({ op: 'add', path: '/surprise', value: 1 }), /^deny: .*surprise/],
		['noop', better, /^pass: [0-9a-f]{64} became [0-9a-f]{64}$/],
		['noop', patchOf(), /^deny: nothing changed$/],
		['agent-ref', better, /^pass: all of 1 names in steps are agents$/],
		['agent-ref', strayRef, /^deny: no agent is named 'nobody'$/],
		['compile', better, /^pass: it compiles$/],
		['compile', noAgents, /^deny: .*agents/],
		['taste', better, /^deny: there is no axis 'taste'; there are des, canonical, noop, agent-ref, compile$/],
		['toString', better, /^deny: there is no axis/],
		[7, better, /^deny: there is no axis '7'/],
	])('%s: %j', (axis, patch, expected) => {
		expect(verdict(axis as Json, patch)).toMatch(expected)
	})

	test('compile says every problem that the server has with the document', () => {
		expect(verdict('compile', better, ['one', 'two'])).toBe('deny: one; two')
	})

	test('canonical denies another version than that of the document', () => {
		const applied = { ...appliedOf(better), new_hash: 'elsewhere' }
		expect(verifyAxis({ axis: 'canonical', applied }, () => [])).toMatchObject({
			outcome: { Deny: { reason: expect.stringContaining('elsewhere') } },
		})
	})
})

test('without an applied patch there is nothing to verify', () => {
	expect(() => verifyAxis({ axis: 'des' }, () => [])).toThrow('no applied patch')
})
