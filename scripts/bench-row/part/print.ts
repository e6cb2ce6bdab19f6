import { type Figure, type Floor, isMet } from '../row.ts'

const HEAD = ['what', 'figure', 'bare limit', 'ratio', 'floor', '']

export function table(figures: readonly Figure[]): string {
	const rows = [HEAD, ...figures.map(cells)]
	const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
	const isNumber = (column: number): boolean => column === 1 || column === 3
	const line = (row: readonly string[]): string =>
		row
			.map((cell, column) => (isNumber(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
			.join('  ')
			.trimEnd()
	const rule = widths.map((width) => '-'.repeat(width)).join('  ')
	return [line(HEAD), rule, ...rows.slice(1).map(line)].join('\n')
}

function cells(figure: Figure): string[] {
	const { what, value, unit, bare, ratio, floors } = figure
	return [
		what,
		amount(value, unit),
		bare ? `${amount(bare.value, unit)}: ${bare.what}` : '',
		ratio === null ? '' : ratioText(ratio),
		floors.map((floor) => floorText(floor, unit)).join(', '),
		floors.length === 0 ? '' : isMet(figure) ? 'met' : 'MISSED',
	]
}

function floorText({ of, is, limit }: Floor, unit: string): string {
	return `${is === 'at least' ? '≥' : '≤'} ${of === 'ratio' ? ratioText(limit) : amount(limit, unit)}`
}

/** What takes longer than the bare limit is read as a factor, what is done more seldom as a share. */
const ratioText = (ratio: number): string => (ratio < 1 ? `${(ratio * 100).toFixed(0)} %` : `${ratio.toFixed(2)}×`)

function amount(value: number, unit: string): string {
	const digits = value >= 100 || Number.isInteger(value) ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3
	const number = value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
	return unit === '' ? number : unit.startsWith('/') ? number + unit : `${number} ${unit}`
}
