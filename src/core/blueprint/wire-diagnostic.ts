import type { WireDiagnostic } from '../../protocol/diagnostic.ts'
import type { Diagnostic, DiagnosticElement, DiagnosticLevel } from './diagnostic.ts'
import { familyOf } from './diagnostic-kind.ts'

const LEVELS = { error: 'Error', warn: 'Warn', info: 'Info' } as const satisfies Record<DiagnosticLevel, string>

/** A finding as mlua-swarm 0.26.0 shows it: every key present, null where there is nothing to say. */
export function toWireDiagnostic({ code, level, path, message, hint, element }: Diagnostic): WireDiagnostic {
	const family = familyOf(code)
	return {
		kind: code,
		stage: family === undefined ? { type: 'CompileLint' } : { type: 'BpDoctor', family },
		level: LEVELS[level],
		message,
		notes: [],
		help: hint,
		suggestion: null,
		docs_ref: null,
		span: { element: wireElement(element), json_path: spanPath(path, element) },
	}
}

function wireElement(element: DiagnosticElement = { type: 'BlueprintRoot' }): NonNullable<WireDiagnostic['span']>['element'] {
	return element.type === 'Step' ? { type: 'Step', ref: element.name } : element
}

const spanPath = (path: string, element: DiagnosticElement | undefined): string =>
	element?.type === 'Agent' ? `$.agents[?(@.name=='${element.name}')]` : path
