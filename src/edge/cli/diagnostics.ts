import type { Diagnostic } from '../../core/blueprint/diagnostic.ts'
import { MseError } from '../../kernel/error.ts'
import { isJsonObject } from '../../kernel/json.ts'
import type { Style } from './print.ts'

const STYLES: { readonly [level in Diagnostic['level']]: Style } = { error: 'red', warn: 'yellow', info: 'cyan' }

/** Every finding about a Blueprint that a refusal carries; empty for a refusal of something else. */
export function diagnosticsOf(thrown: unknown): readonly Diagnostic[] {
	if (!(thrown instanceof MseError) || !isJsonObject(thrown.details)) return []
	const { diagnostics } = thrown.details
	return Array.isArray(diagnostics) ? diagnostics : []
}

/** A finding in a line, and how to mend it in a second one. */
export function diagnosticText(
	{ code, level, path, message, hint }: Omit<Diagnostic, 'element'>,
	paint: (style: Style, text: string) => string,
): string {
	const line = `${paint(STYLES[level], level)} ${path}: ${message} [${code}]`
	return hint === null ? line : `${line}\n  ${hint}`
}
