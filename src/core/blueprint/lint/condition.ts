import type { Json } from '../../../kernel/json.ts'
import type { Blueprint, VerdictContract } from '../../../protocol/blueprint.ts'
import type { Expr } from '../../../protocol/flow.ts'
import { pathText, stepsOf, walkFlow } from '../flow-walk.ts'

/** A place where a branch or loop compares the output of a step with fixed values. */
export interface Comparison {
	/** The step's ref. */
	readonly ref: string
	readonly channel: VerdictContract['channel']
	readonly values: readonly Json[]
	readonly where: 'Branch cond' | 'Loop cond'
	readonly at: string
}

/** All such places, in flow order. Conditions of any other form are not looked into. */
export function comparisonsOf(blueprint: Blueprint): Comparison[] {
	const writers = new Map<string, string>()
	for (const { node } of stepsOf(blueprint.flow)) {
		const out = pathText(node.out)
		if (out !== undefined) writers.set(out, node.ref)
	}
	return [...walkFlow(blueprint.flow)].flatMap(({ node, at }) => {
		if (node.kind !== 'branch' && node.kind !== 'loop') return []
		const where = node.kind === 'branch' ? 'Branch cond' : 'Loop cond'
		return comparedIn(node.cond, `${at}.cond`).flatMap(({ path, values, at: place }) => {
			const read = readOf(path, writers)
			return read ? [{ ...read, values, where, at: place } as const] : []
		})
	})
}

interface Compared {
	readonly path: string
	readonly values: readonly Json[]
	readonly at: string
}

function comparedIn(cond: Expr, at: string): Compared[] {
	switch (cond.op) {
		case 'and':
		case 'or':
			return cond.args.flatMap((arg, index) => comparedIn(arg, `${at}.args[${index}]`))
		case 'not':
			return comparedIn(cond.arg, `${at}.arg`)
		case 'eq':
		case 'ne':
			return pair(cond.lhs, cond.rhs, at) ?? pair(cond.rhs, cond.lhs, at) ?? []
		case 'in':
			if (cond.needle.op !== 'path' || cond.haystack.op !== 'lit' || !Array.isArray(cond.haystack.value)) return []
			return [{ path: cond.needle.at, values: cond.haystack.value, at }]
		default:
			return []
	}
}

const pair = (path: Expr, literal: Expr, at: string): Compared[] | undefined =>
	path.op === 'path' && literal.op === 'lit' ? [{ path: path.at, values: [literal.value], at }] : undefined

const PART = '.parts.verdict'

function readOf(path: string, writers: ReadonlyMap<string, string>): Pick<Comparison, 'ref' | 'channel'> | undefined {
	const body = writers.get(path)
	if (body !== undefined) return { ref: body, channel: 'body' }
	const part = path.endsWith(PART) ? writers.get(path.slice(0, -PART.length)) : undefined
	return part === undefined ? undefined : { ref: part, channel: 'part' }
}
