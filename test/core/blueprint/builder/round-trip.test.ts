import { describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { normalForm } from '../../../../src/core/blueprint/normal-form.ts'
import { samples } from '../../../../src/core/blueprint/samples.ts'
import { parsedBlueprint } from '../../../support/parsed-blueprint.ts'
import { verifies } from '../../../support/verifies.ts'
import { rebuild } from './rebuild.ts'

const FIXTURE = join(import.meta.dir, '../../../fixture/blueprint')

const documentsIn = (folder: string): [string, unknown][] =>
	readdirSync(folder, { recursive: true, encoding: 'utf8' })
		.filter((name) => /\.(json|ya?ml)$/.test(name))
		.map((name) => [name, parse(readFileSync(join(folder, name), 'utf8'))])

const documents: [string, unknown][] = [
	...samples.map(({ name, document }): [string, unknown] => [name, document]),
	...documentsIn(FIXTURE),
	...(process.env.MSE_CONFORMANCE_DIR === undefined ? [] : documentsIn(process.env.MSE_CONFORMANCE_DIR)),
]

describe('written anew with the builder', () => {
	for (const [name, document] of documents)
		test(`${name} is the same document`, () => {
			verifies('06.116')
			const before = normalForm(parsedBlueprint(document))
			expect(normalForm(parsedBlueprint(rebuild(JSON.parse(before))))).toBe(before)
		})
})
