import { expect, test } from 'bun:test'
import { painter, printJson, table, wantsColour } from '../../../src/edge/cli/print.ts'
import { fakeTerminal } from './terminal.ts'

test('columns are as wide as their widest cell, and lines have no blanks at the end', () => {
	expect(
		table([
			['run', 'status'],
			['R-1', 'done'],
			['R-日本', ''],
		]),
	).toBe('run     status\nR-1     done\nR-日本')
})

test('colours need a terminal and no NO_COLOR', () => {
	expect(wantsColour({ isTTY: true }, {})).toBe(true)
	expect(wantsColour({}, {})).toBe(false)
	expect(wantsColour({ isTTY: true }, { NO_COLOR: '1' })).toBe(false)
	expect(wantsColour({ isTTY: true }, { TERM: 'dumb' })).toBe(false)
	expect(painter({ colour: true })('red', 'no')).toBe('\x1b[31mno\x1b[0m')
	expect(painter({ colour: false })('red', 'no')).toBe('no')
})

test('--json prints one document', () => {
	const terminal = fakeTerminal()
	printJson(terminal, { a: [1] })
	expect(JSON.parse(terminal.stdout)).toEqual({ a: [1] })
	expect(terminal.stdout).toEndWith('}\n')
})
