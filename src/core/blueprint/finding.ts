import type { AgentDef, Blueprint } from '../../protocol/blueprint.ts'
import type { Diagnostic, DiagnosticElement, DiagnosticLevel } from './diagnostic.ts'
import { nearest } from './nearest.ts'

interface Finding {
	readonly code: string
	readonly path: string
	readonly message: string
	readonly hint?: string | null
	readonly element?: DiagnosticElement
}

export const errorOf = (finding: Finding): Diagnostic => diagnostic('error', finding)
export const warningOf = (finding: Finding): Diagnostic => diagnostic('warn', finding)

/** Each agent with its place in the document. */
export function agentsOf(blueprint: Blueprint): { readonly agent: AgentDef; readonly at: string; readonly element: DiagnosticElement }[] {
	return blueprint.agents.map((agent, index) => ({ agent, at: `$.agents[${index}]`, element: { type: 'Agent', name: agent.name } }))
}

/** A hint with the candidate that was probably meant; null when none is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string | null {
	const near = nearest(word, candidates)
	return near === undefined ? null : `Did you mean \`${near}\`?`
}

function diagnostic(level: DiagnosticLevel, { code, path, message, hint = null, element }: Finding): Diagnostic {
	return { code, level, path, message, hint, ...(element && { element }) }
}
