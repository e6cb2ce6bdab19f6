import { KindGuard } from '@sinclair/typebox'
import { type Blueprint, BlueprintSchema } from '../../protocol/blueprint.ts'
import type { Diagnostic } from './diagnostic.ts'
import { parseFlow } from './parse-flow.ts'
import { type Reading, readValue } from './read-value.ts'

/** Deeper documents are refused, so that no later walk can run out of stack. */
const MAX_DEPTH = 1200

/**
 * Reads a document with included files already in place. All mistakes are found at once. The result has every default
 * written in and the flow in current spelling, whichever generation of mlua-swarm it was written for.
 */
export function parseBlueprint(raw: unknown): { blueprint: Blueprint | undefined; diagnostics: Diagnostic[] } {
	if (isDeeperThan(raw, MAX_DEPTH))
		return failed([
			{ code: 'too-deep', level: 'error', path: '$', message: `recursion limit exceeded: deeper than ${MAX_DEPTH}`, hint: null },
		])
	const diagnostics: Diagnostic[] = []
	const readNode = (node: unknown, at: string): unknown => {
		const parsed = parseFlow(node, at)
		diagnostics.push(...parsed.diagnostics)
		return parsed.node
	}
	const reading: Reading = { diagnostics, special: (schema) => (KindGuard.IsImport(schema) ? readNode : undefined) }
	const blueprint = readValue(reading, BlueprintSchema, raw, '$') as Blueprint
	return diagnostics.some(({ level }) => level === 'error') ? failed(diagnostics) : { blueprint, diagnostics }
}

const failed = (diagnostics: Diagnostic[]) => ({ blueprint: undefined, diagnostics })

function isDeeperThan(value: unknown, limit: number): boolean {
	let level: unknown[] = [value]
	for (let depth = 0; level.length > 0; depth++) {
		if (depth > limit) return true
		level = level.flatMap((item) => (typeof item === 'object' && item !== null ? Object.values(item) : []))
	}
	return false
}
