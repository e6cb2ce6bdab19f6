import { describe, expect, test } from 'bun:test'
import { lintBlueprint } from '../../../src/core/blueprint/lint.ts'
import { samples, seedBlueprint } from '../../../src/core/blueprint/samples.ts'
import { parsedBlueprint } from '../../support/parsed-blueprint.ts'
import { verifies } from '../../support/verifies.ts'

const options = { knownKinds: new Set(['rust_fn', 'subprocess', 'operator']), functions: new Set(['identity']) }

describe('the samples', () => {
	for (const { name, about, document } of samples)
		test(`${name} parses under its name, without a finding, and says what it is`, () => {
			const blueprint = parsedBlueprint(document)
			expect(blueprint.id).toBe(name)
			expect(lintBlueprint(blueprint, options)).toEqual([])
			expect(about.length).toBeGreaterThan(40)
		})

	test('go from the simplest to the largest', () => {
		expect(samples.map(({ name }) => name)).toEqual(['hello', 'gate', 'cli-agent', 'fan-out', 'review-loop'])
	})
})

test('the seed is one identity step with a literal, under any id', () => {
	verifies('06.7')
	const blueprint = parsedBlueprint(seedBlueprint('main'))
	expect(lintBlueprint(blueprint, options)).toEqual([])
	expect(blueprint).toMatchObject({
		id: 'main',
		flow: { kind: 'step', in: { op: 'lit', value: 'hello' }, out: { op: 'path', at: '$.out' } },
		metadata: { version_label: '0.1.0' },
	})
})
