import { expect, test } from 'bun:test'
import { approvalTitle } from '../../../src/edge/console/view/approval.ts'
import { diffLines } from '../../../src/edge/console/view/diff.ts'
import { ageText, deadlineText, durationText } from '../../../src/edge/console/view/duration.ts'
import { toneOf, wordText } from '../../../src/edge/console/view/tone.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

test('durations say the two largest units that matter', () => {
	const texts = [-5, 0, 850, 4_200, 42_000, 185_000, 2 * HOUR + 5 * MINUTE, 2 * HOUR, 52 * HOUR].map(durationText)
	expect(texts).toEqual(['0 ms', '0 ms', '850 ms', '4.2 s', '42 s', '3 min 5 s', '2 h 5 min', '2 h', '2 d 4 h'])
})

test('ages count in whole seconds, and a deadline says when it is over', () => {
	expect([ageText(-1), ageText(1_900), ageText(61_000)]).toEqual(['0 s', '1 s', '1 min 1 s'])
	expect([deadlineText(10_000, 4_000), deadlineText(4_000, 10_000)]).toEqual(['6 s left', '6 s overdue'])
})

test('a patch is shown by place, with what it puts there as added lines', () => {
	const patch = [
		{ op: 'replace', path: '/agents/0/profile', value: { a: 1 } },
		{ op: 'remove', path: '/a~1b' },
		{ op: 'move', path: '/x', from: '/y' },
		{ op: 'add', path: '', value: 'one\ntwo' },
	]
	expect(diffLines(patch)).toEqual([
		{ kind: 'place', text: 'replace agents › 0 › profile' },
		{ kind: 'added', text: '+ {' },
		{ kind: 'added', text: '+   "a": 1' },
		{ kind: 'added', text: '+ }' },
		{ kind: 'removed', text: 'remove a/b' },
		{ kind: 'place', text: 'move x from y' },
		{ kind: 'place', text: 'add everything' },
		{ kind: 'added', text: '+ one' },
		{ kind: 'added', text: '+ two' },
	])
})

test('a unified diff is shown as it is, and nothing is nothing', () => {
	const kinds = diffLines('--- a\n+++ b\n@@ -1 +1 @@\n-old\n+new\n same').map(({ kind }) => kind)
	expect(kinds).toEqual(['place', 'place', 'place', 'removed', 'added', 'same'])
	expect(diffLines(null)).toEqual([])
})

test('words have a tone, unknown ones are calm', () => {
	expect(['done', 'failed', 'waiting_approval', 'whatever', 'constructor'].map(toneOf)).toEqual(['good', 'bad', 'waits', 'calm', 'calm'])
	expect(wordText('waiting_approval')).toBe('waiting approval')
})

test('an approval is titled by what is asked for', () => {
	expect(approvalTitle({ kind: 'blueprint_commit', subject: { type: 'blueprint', id: 'hello' } })).toBe('Change Blueprint hello')
	expect(approvalTitle({ kind: 'custom', subject: { type: 'deploy', id: 'web' } })).toBe('deploy web')
	expect(approvalTitle({ kind: 'step_spawn', subject: { type: 'step', id: 'ST-1', name: 'deployer' } })).toBe('Begin step deployer')
})
