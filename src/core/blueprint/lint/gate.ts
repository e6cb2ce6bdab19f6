import { asText } from '../../../kernel/json.ts'
import type { Blueprint } from '../../../protocol/blueprint.ts'
import type { Expr, Node, NodeOf } from '../../../protocol/flow.ts'
import type { Diagnostic } from '../diagnostic.ts'
import { listed } from '../diagnostic-text.ts'
import { warningOf } from '../finding.ts'
import { pathText, walkFlow } from '../flow-walk.ts'
import { type Comparison, comparisonsOf } from './condition.ts'

/** A branch that lets a verdict skip what follows, or halt the flow with a note of where. */
interface Gate {
	readonly does: 'skip' | 'halt'
	readonly at: string
	readonly reads: readonly Comparison[]
}

/** Gates that can never do what they are there for. */
export function lintGates(blueprint: Blueprint): Diagnostic[] {
	const gates = gatesOf(blueprint)
	const skips = gates.filter(({ does }) => does === 'skip')
	const halts = gates.filter(({ does }) => does === 'halt')
	return [...skips.flatMap((gate) => [...lintUndeclared(blueprint, gate), ...lintConflict(gate, halts)]), ...lintHaltedAt(blueprint)]
}

function gatesOf(blueprint: Blueprint): readonly Gate[] {
	const comparisons = comparisonsOf(blueprint)
	return [...walkFlow(blueprint.flow)].flatMap(({ node, at }) => {
		const does = node.kind === 'branch' ? purposeOf(node) : undefined
		const cond = `${at}.cond`
		const reads = comparisons.filter((read) => read.at === cond || read.at.startsWith(`${cond}.`))
		return does === undefined || reads.length === 0 ? [] : [{ does, at, reads }]
	})
}

function purposeOf({ then, else: rest }: NodeOf<'branch'>): Gate['does'] | undefined {
	const isEmpty = (node: Node): boolean => node.kind === 'seq' && node.children.length === 0
	if (isEmpty(then)) return isEmpty(rest) ? undefined : 'skip'
	const notes = then.kind === 'seq' ? then.children : [then]
	return notes.every(({ kind }) => kind === 'assign') ? 'halt' : undefined
}

/** A value that an agent declares is checked with its contract; here it has none. */
function lintUndeclared(blueprint: Blueprint, { reads }: Gate): Diagnostic[] {
	return reads.flatMap(({ ref, channel, values, at }) => {
		const agent = blueprint.agents.find(({ name }) => name === ref)
		if (!agent || agent.verdict || channel !== 'part') return []
		const message = `what follows is skipped when agent '${ref}' answers one of ${listed(values.map(asText))}, but it declares no verdict`
		const element = { type: 'Agent', name: ref } as const
		return [warningOf({ code: 'skip-on-declared-but-no-matching-verdict-value', path: at, message, element })]
	})
}

function lintConflict({ reads }: Gate, halts: readonly Gate[]): Diagnostic[] {
	return reads.flatMap(({ ref, values, at }) => {
		const halting = halts.flatMap((halt) => halt.reads.filter((read) => read.ref === ref).flatMap((read) => read.values.map(asText)))
		return values.map(asText).flatMap((value) => {
			if (!halting.includes(value)) return []
			const message = `agent '${ref}' answering '${value}' both skips what follows and halts the flow`
			const element = { type: 'Agent', name: ref } as const
			return [warningOf({ code: 'skip-on-pattern-conflicts-with-halt-on', path: at, message, element })]
		})
	})
}

const HALTED = /^\$\.halted_at(?![A-Za-z0-9_])/

/** A launch may still bring it along, so this is advice. */
function lintHaltedAt(blueprint: Blueprint): Diagnostic[] {
	const places = [...walkFlow(blueprint.flow)]
	const isWritten = places.some(({ node }) => targetsOf(node).some((target) => HALTED.test(pathText(target) ?? '')))
	const ctx = blueprint.default_init_ctx
	const isGiven = typeof ctx === 'object' && ctx !== null && 'halted_at' in ctx
	if (isWritten || isGiven) return []
	return places.flatMap(({ node, at }) => {
		if (node.kind !== 'branch' && node.kind !== 'loop') return []
		if (!pathsOf(node.cond).some((path) => HALTED.test(path))) return []
		const message = 'a condition reads $.halted_at, but nothing in the flow writes it'
		return [
			warningOf({
				code: 'halted-at-missing',
				path: `${at}.cond`,
				message,
				hint: 'Give it a first value in `default_init_ctx`, or ask with `exists`.',
			}),
		]
	})
}

function targetsOf(node: Node): readonly Expr[] {
	if (node.kind === 'assign') return [node.at]
	return node.kind === 'step' || node.kind === 'fanout' ? [node.out] : []
}

/** Paths that fail the run when nothing is there. */
function pathsOf(expr: Expr): readonly string[] {
	switch (expr.op) {
		case 'path':
			return [expr.at]
		case 'lit':
		case 'exists':
			return []
		case 'and':
		case 'or':
		case 'call_extern':
			return expr.args.flatMap(pathsOf)
		case 'not':
		case 'len':
			return pathsOf(expr.arg)
		case 'in':
			return [...pathsOf(expr.needle), ...pathsOf(expr.haystack)]
		default:
			return [...pathsOf(expr.lhs), ...pathsOf(expr.rhs)]
	}
}
