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

/** A step node whose input is a literal. */
export const step = (ref: string, out: string, input: unknown = null): object => ({
	kind: 'step',
	ref,
	in: { op: 'lit', value: input },
	out: { op: 'path', at: out },
})

export const seq = (...children: object[]): object => ({ kind: 'seq', children })

/** A branch on `path == value` with two empty arms. */
export const gate = (path: string, value: unknown): object => ({
	kind: 'branch',
	cond: { op: 'eq', lhs: { op: 'path', at: path }, rhs: { op: 'lit', value } },
	then: seq(),
	else: seq(),
})

/** A function agent that every server can run. */
export const fn = (name: string, keys: object = {}): object => ({ name, kind: 'rust_fn', spec: { fn_id: 'identity' }, ...keys })
