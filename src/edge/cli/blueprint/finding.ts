import type { Diagnostic } from '../../../core/blueprint/diagnostic.ts'
import { lintBlueprint } from '../../../core/blueprint/lint.ts'
import { parseBlueprint } from '../../../core/blueprint/parse.ts'
import type { Blueprint } from '../../../protocol/blueprint.ts'
import { AGENT_KINDS } from '../../../protocol/blueprint-agent.ts'
import type { WireDiagnostic } from '../../../protocol/diagnostic.ts'
import { diagnosticText } from '../diagnostics.ts'
import type { Style } from '../print.ts'
import type { Subject } from './subject.ts'

/** Something found about a Blueprint, with its line where that is known. */
export type LocatedFinding = Pick<Diagnostic, 'code' | 'level' | 'path' | 'message' | 'hint'> & { readonly line: number | null }

/** What can be found without a server: the shape, and all that does not hang on what a server has. Null when it cannot be read. */
export function lintSubject({ document, source }: Subject): {
	readonly blueprint: Blueprint | null
	readonly findings: readonly LocatedFinding[]
} {
	const { blueprint, diagnostics } = parseBlueprint(document)
	const found = [...diagnostics, ...(blueprint ? lintBlueprint(blueprint, { knownKinds: new Set(AGENT_KINDS) }) : [])]
	const findings = found.map(({ code, level, path, message, hint }) => ({
		code,
		level,
		path,
		message,
		hint,
		line: source?.lineOf(path) ?? null,
	}))
	return { blueprint: blueprint ?? null, findings }
}

const LEVELS = { Error: 'error', Warn: 'warn', Info: 'info' } as const

/** A finding as a server told it. */
export const fromWire = ({ kind, level, message, help, span }: WireDiagnostic): LocatedFinding => ({
	...{ code: kind, level: LEVELS[level], path: span?.json_path ?? '$', message, hint: help, line: null },
})

type Paint = (style: Style, text: string) => string

/** A line for each finding, and for most how to mend it. */
export function findingText(name: string, finding: LocatedFinding, paint: Paint): string {
	const at = finding.line === null ? name : `${name}:${finding.line}`
	return `${paint('bold', at)}: ${diagnosticText(finding, paint)}`
}

export const isBad = (findings: readonly LocatedFinding[], strict: boolean): boolean =>
	findings.some(({ level }) => level === 'error' || (strict && level === 'warn'))

/** `2 errors, 1 warning`, or that there is nothing. */
export function countText(findings: readonly LocatedFinding[]): string {
	const count = (level: string, word: string): string[] => {
		const n = findings.filter((finding) => finding.level === level).length
		return n === 0 ? [] : [`${n} ${word}${n === 1 ? '' : 's'}`]
	}
	return [...count('error', 'error'), ...count('warn', 'warning'), ...count('info', 'note')].join(', ') || 'nothing to mend'
}
