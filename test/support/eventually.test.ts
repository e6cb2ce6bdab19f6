import { expect, test } from 'bun:test'
import { eventually } from './eventually.ts'

test('the first answer counts, a throw is not yet', async () => {
	let calls = 0
	const answer = await eventually(
		() => {
			calls += 1
			if (calls < 3) throw new Error('not yet')
			return calls
		},
		{ what: 'three calls' },
	)
	expect(answer).toBe(3)
})

test('what was waited for is named, with the last throw as the cause', async () => {
	const waiting = eventually(() => Promise.reject(new Error('no')), { within: 20, what: 'the door opens' })
	expect(await waiting.catch((thrown: Error) => [thrown.message, thrown.cause])).toEqual([
		'not within 20 ms: the door opens',
		new Error('no'),
	])
})
