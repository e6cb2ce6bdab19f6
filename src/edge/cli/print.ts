import type { Terminal } from './command.ts'

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const
export type Style = keyof typeof CODES

/** Colours text, or leaves it alone where stdout is not a terminal or NO_COLOR is set. */
export function painter({ colour }: Pick<Terminal, 'colour'>): (style: Style, text: string) => string {
	return (style, text) => (colour ? `\x1b[${CODES[style]}m${text}\x1b[0m` : text)
}

/** Whether this stream wants colours (NO_COLOR counts when it is set to anything, as no-color.org has it). */
export function wantsColour(stream: { readonly isTTY?: boolean }, env: Terminal['env']): boolean {
	return stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb'
}

/** One JSON document and a line end, for `--json`. */
export function printJson({ out }: Pick<Terminal, 'out'>, value: unknown): void {
	out(`${JSON.stringify(value, null, 2)}\n`)
}

/** Lines of columns, each as wide as its widest cell. The last column is not padded. */
export function table(rows: readonly (readonly string[])[]): string {
	const widths: number[] = []
	for (const row of rows) {
		for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, Bun.stringWidth(cell))
	}
	const pad = (cell: string, width: number): string => cell + ' '.repeat(Math.max(0, width - Bun.stringWidth(cell)))
	return rows.map((row) => `${row.map((cell, column) => pad(cell, widths[column] ?? 0)).join('  ')}`.trimEnd()).join('\n')
}
