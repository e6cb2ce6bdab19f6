import { describe, expect, test } from 'bun:test'
import { decideCommit, readDecision, toFindings } from '../../../src/core/enhance/decide.ts'
import type { Json } from '../../../src/kernel/json.ts'
import { appliedOf, better, patchOf } from './support.ts'

const pass = (axis: string): Json => ({ axis, verdict: { axis, outcome: { Pass: { evidence: `${axis} is fine` } } } })
const deny = (axis: string): Json => ({ axis, verdict: { axis, outcome: { Deny: { reason: `${axis} is not` } } } })
const decided = (patch: Json, verdicts: readonly Json[]) => decideCommit({ applied: appliedOf(patch), verdicts })

describe('the committer', () => {
	test('commits what nobody denied', () => {
		const applied = appliedOf(better)
		expect(decided(better, [pass('des'), pass('noop')])).toEqual({
			committed: true,
			new_version: applied.new_hash,
			new_bp_yaml: applied.new_bp_yaml,
			new_bp_json: applied.new_bp_json,
			bump: 'minor',
			rationale: 'because',
			verdicts_summary: [
				{ axis: 'des', status: 'pass', evidence: 'des is fine' },
				{ axis: 'noop', status: 'pass', evidence: 'noop is fine' },
			],
		} as never)
	})

	test('rejects when one of them denies, and names all who do', () => {
		const decision = decided(better, [deny('des'), pass('noop'), deny('compile')])
		expect(decision).toMatchObject({ committed: false, reasons: ['des: des is not', 'compile: compile is not'], rationale: 'because' })
		expect(decision.verdicts_summary).toHaveLength(3)
	})

	test('rejects a patch that could not be applied, whatever the verifiers say of the old document', () => {
		const decision = decided(patchOf({ op: 'remove', path: '/nothing' }), [pass('des')])
		expect(decision).toMatchObject({ committed: false, reasons: [expect.stringMatching(/^patch: operation 0/)], rationale: 'because' })
		expect(decided('no patch at all', [pass('des')])).toMatchObject({ committed: false, rationale: '' })
		expect(decided('no patch at all', [])).toMatchObject({ committed: false, reasons: [expect.stringMatching(/^patch: /)] })
	})

	test('takes a verifier without a verdict for one that denies', () => {
		expect(decided(better, [{ axis: 'des' }, 'x'])).toMatchObject({
			reasons: ['des: its verifier gave no verdict', 'unknown: its verifier gave no verdict'],
		})
	})

	test('commits without verifiers, as upstream', () => {
		expect(decided(better, []).committed).toBe(true)
	})

	test('fails without an applied patch or a list of verdicts', () => {
		expect(() => decideCommit({ verdicts: [] })).toThrow('no applied patch')
		expect(() => decideCommit({ applied: appliedOf(better) })).toThrow('verdicts (a list) is missing')
	})
})

describe('a decision', () => {
	test('is read from the final context, with its findings', () => {
		const commit = decided(better, [pass('des'), deny('noop')])
		const read = readDecision({ commit })
		expect(read).toEqual(commit)
		expect(toFindings(read, 'old')).toEqual({
			prevHash: 'old',
			rationale: 'because',
			verdicts: [
				{ axis: 'des', status: 'pass', detail: 'des is fine' },
				{ axis: 'noop', status: 'deny', detail: 'noop is not' },
			],
			reasons: ['noop: noop is not'],
		})
	})

	test('of any other shape is refused', () => {
		const commit = decided(better, [])
		const denied = decided(better, [deny('des')])
		const commits: unknown[] = [undefined, {}, 'x', { ...commit, new_version: '' }, { ...commit, rationale: 1 }, { ...denied, reasons: [] }]
		for (const wrong of commits) expect(() => readDecision({ commit: wrong } as Json)).toThrow('commit shape: ')
		expect(() => readDecision('x')).toThrow('commit shape: ')
	})
})
