import { describe, expect, test } from 'bun:test'
import { compareInFlow, placeOf } from '../../../src/core/flow/position.ts'

describe('where a position stands as seen from another', () => {
	test.each([
		['/1', '/1', 'same'],
		['/0', '/1', 'before'],
		['/10', '/9', 'after'],
		['', '/0', 'above'],
		['/0', '/0/body[3]/1', 'above'],
		['/1/ask', '/1', 'below'],
		['/0/body[10]/0', '/0/body[9]/5', 'after'],
		['/0/body[1]/7', '/0/body[2]/0', 'before'],
		['/0/lane[1]/0', '/0/lane[0]/4', 'beside'],
		['/0/lane[0]/9/lane[2]', '/0/lane[0]/9/lane[11]', 'beside'],
		['/0/lane[0]/1', '/0/lane[0]/0', 'after'],
		['/2', '/0/lane[3]/0', 'after'],
		['/0/catch/0', '/0/try/5', 'after'],
		['/0/try/5', '/0/catch', 'before'],
		['/0/else', '/0/then', 'after'],
	] as const)('%p from %p is %p', (other, from, place) => {
		expect(placeOf(other, from)).toBe(place)
	})
})

test('flow order sorts by number, not by text, and a node before what it holds', () => {
	const inOrder = ['', '/0', '/0/lane[2]', '/0/lane[10]/0', '/0/lane[10]/1', '/2/try/0', '/2/catch', '/10/body[9]/1', '/10/body[10]/0']
	const shuffled = [5, 8, 0, 3, 7, 1, 6, 2, 4].map((at) => inOrder[at] ?? '')
	expect(shuffled.sort(compareInFlow)).toEqual(inOrder)
})
