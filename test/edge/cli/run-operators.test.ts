import { expect, test } from 'bun:test'
import { dealSeats } from '../../../src/edge/cli/run-operators.ts'

const deal = (lines: readonly string[], seats: readonly string[]) => dealSeats(lines, seats).map((command) => [command.line, command.seats])

test('seats are dealt out in turn', () => {
	expect(deal(['a', 'b'], ['x', 'y', 'z'])).toEqual([
		['a', ['x', 'z']],
		['b', ['y']],
	])
	expect(deal([], [])).toEqual([])
})

test('a command in front of which a seat stands has that seat; any other `=` is the shell’s', () => {
	expect(deal(['y=b c=d', 'V=1 a'], ['x', 'y'])).toEqual([
		['b c=d', ['y']],
		['V=1 a', ['x']],
	])
})

test('nobody is left without work, no seat without an operator, and none has two', () => {
	expect(() => deal(['a', 'b'], ['x'])).toThrow('--operator is given 2 times, more than there are seats.')
	expect(() => deal(['a'], [])).toThrow('more than there are seats')
	expect(() => deal(['x=a'], ['x', 'y'])).toThrow('Nobody answers for the seat "y".')
	expect(() => deal(['x=a', 'x=b'], ['x'])).toThrow('Two operators want the seat "x".')
})
