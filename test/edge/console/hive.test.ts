import { expect, test } from 'bun:test'
import { agentTone, agentTrouble, agentVerbs, agentWord, touchesAgent } from '../../../src/edge/console/view/hive.ts'
import { plainText } from '../../../src/edge/console/view/log.ts'
import type { Event } from '../../../src/protocol/event.ts'

test('an agent is offered what makes sense in its state', () => {
	expect(agentVerbs({ state: 'running', paused: false })).toEqual(['pause', 'restart', 'rebuild', 'stop'])
	expect(agentVerbs({ state: 'running', paused: true })[0]).toBe('resume')
	expect(agentVerbs({ state: 'failed', paused: false })).toEqual(['start', 'rebuild'])
	expect(agentVerbs({ state: 'creating', paused: false })).toEqual(['stop'])
	expect(agentVerbs({ state: 'destroyed', paused: false })).toEqual([])
})

test('one that takes no messages is paused as long as it runs, and one that runs is well', () => {
	expect([agentWord({ state: 'running', paused: true }), agentWord({ state: 'stopped', paused: true })]).toEqual(['paused', 'stopped'])
	expect([agentTone('running'), agentTone('failed')]).toEqual(['good', 'bad'])
})

test('trouble is told in a sentence, and nothing where there is none', () => {
	const well = { state: 'running', failure: null, exit_code: null, restarts: 0 } as const
	expect(agentTrouble(well)).toBeNull()
	expect(agentTrouble({ ...well, restarts: 2, exit_code: 1 })).toBe('It was restarted 2 times in a row, after exit code 1.')
	expect(agentTrouble({ ...well, state: 'failed', failure: 'no such program' })).toBe('no such program')
})

test('an agent is touched by its own events and by messages to it', () => {
	const about = (kind: Event['kind'], data: Event['data']): boolean => touchesAgent('alice')({ seq: 1, at: 1, kind, data })
	expect(about('hive.agent_paused', { agent: 'alice' })).toBe(true)
	expect(about('message.sent', { from: 'bob', to: 'alice' })).toBe(true)
	expect(about('message.sent', { from: 'alice', to: 'bob' })).toBe(false)
	expect(about('hive.agent_paused', { agent: 'bob' })).toBe(false)
})

test('what a program wrote for a terminal is shown without colours and without what it wrote over', () => {
	expect(plainText('\u001b[31mred\u001b[0m\r\n10 %\r20 %\u0007\n\u001b]0;title\u0007end')).toBe('red\n20 %\nend')
})
