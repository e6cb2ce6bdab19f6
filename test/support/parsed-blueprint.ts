import { parseBlueprint } from '../../src/core/blueprint/parse.ts'
import type { Blueprint } from '../../src/protocol/blueprint.ts'

/** The document, parsed; a test that needs it to parse fails here otherwise. */
export function parsedBlueprint(raw: unknown): Blueprint {
	const { blueprint, diagnostics } = parseBlueprint(raw)
	if (!blueprint) throw new Error(`the Blueprint does not parse: ${JSON.stringify(diagnostics)}`)
	return blueprint
}

/** A document with a flow that does nothing, and these keys. */
export const minimal = (keys: object = {}): object => ({ id: 'm', flow: { kind: 'seq', children: [] }, ...keys })

/** A function agent that every server can run. */
export const fn = (name: string, keys: object = {}): object => ({ name, kind: 'rust_fn', spec: { fn_id: 'identity' }, ...keys })
