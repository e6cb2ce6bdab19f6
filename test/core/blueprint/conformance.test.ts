import { describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { splitExtensions } from '../../../src/core/blueprint/extension.ts'
import { firstCompileError, lintBlueprint } from '../../../src/core/blueprint/lint.ts'
import { normalForm } from '../../../src/core/blueprint/normal-form.ts'
import { AGENT_KINDS } from '../../../src/protocol/blueprint-agent.ts'
import { parsedBlueprint } from '../../support/parsed-blueprint.ts'

/** A folder of Blueprints of other makers, which must all run here; the tests are left out without one. */
const dir = process.env.MSE_CONFORMANCE_DIR

const documents =
	dir === undefined ? [] : readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(json|ya?ml)$/.test(name))

describe.skipIf(documents.length === 0)('Blueprints of other makers', () => {
	for (const name of documents)
		test(`${name} parses, compiles, and keeps its normal form`, () => {
			const document = parse(readFileSync(join(dir ?? '', name), 'utf8'))
			const blueprint = parsedBlueprint(document)
			expect(firstCompileError(lintBlueprint(blueprint, { knownKinds: new Set(AGENT_KINDS) }))).toBeUndefined()
			expect(normalForm(parsedBlueprint(JSON.parse(normalForm(blueprint))))).toBe(normalForm(blueprint))
			expect(splitExtensions(document)).toEqual({ blueprint: document, extensions: {} })
		})
})
