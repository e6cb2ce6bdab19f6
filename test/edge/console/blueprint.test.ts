import { expect, test } from 'bun:test'
import {
	distinctVersions,
	documentAgents,
	documentDiff,
	documentDrawing,
	documentText,
	versionName,
} from '../../../src/edge/console/view/blueprint.ts'
import type { HistoryEntry } from '../../../src/protocol/blueprint-route.ts'

const entry = (seq: number, hash: string, label: string | null = null): HistoryEntry => ({
	...{ seq, hash, version_label: label, rationale: 'why', parent: null, author: 'ada', at: seq },
})

test('a version is called by its label and the beginning of its hash', () => {
	expect(versionName(entry(1, 'abcdef0123456789'))).toBe('abcdef01')
	expect(versionName(entry(1, 'abcdef0123456789', '1.2.0'))).toBe('1.2.0 (abcdef01)')
})

test('a version that was restored is chosen from once, where it stood last', () => {
	const found = distinctVersions([entry(3, 'a'), entry(2, 'b'), entry(1, 'a')])
	expect(found.map(({ seq, hash }) => [seq, hash])).toEqual([
		[3, 'a'],
		[2, 'b'],
	])
})

test('documents are compared by line, keys of ours included', () => {
	const before = { blueprint: { id: 'x', flow: { kind: 'step' } }, extensions: { '$.policy': { timeout_ms: 1 } } }
	expect(documentText(before)).toContain('"$.policy"')
	expect(documentDiff(before, before)).toBe('')
	const diff = documentDiff(before, { ...before, extensions: { '$.policy': { timeout_ms: 2 } } })
	expect(diff).toStartWith('@@ ')
	expect(diff?.split('\n').filter((line) => /^[+-]/.test(line))).toEqual(['-    "timeout_ms": 1', '+    "timeout_ms": 2'])
})

test('what differs too much is not compared by line', () => {
	const lines = (word: string) => ({ blueprint: Array.from({ length: 6000 }, (_, n) => `${word} ${n}`) })
	expect(documentDiff(lines('a'), lines('b'))).toBeNull()
})

test('a flow is drawn, and what is none is told apart', () => {
	const flow = { kind: 'step', ref: 'echo', in: { op: 'lit', value: 1 }, out: { op: 'path', at: '$.a' } }
	expect(documentDrawing({ flow, agents: [{ name: 'echo', kind: 'rust_fn' }] })?.boxes.map(({ title }) => title)).toEqual([
		'start',
		'echo',
		'end',
	])
	expect([documentDrawing({ flow: { kind: 'unheard of' } }), documentDrawing(null)]).toEqual([null, null])
})

test('agents are read as far as there is something to read of them', () => {
	const writer = { name: 'writer', kind: 'operator', spec: { operator_ref: 'main' }, profile: { system_prompt: 'Write.', model: 'm' } }
	expect(documentAgents({ agents: [writer, { name: 'echo', kind: 'rust_fn' }, 'no agent'] })).toEqual([
		{ name: 'writer', kind: 'operator', model: 'm', prompt: 'Write.', spec: { operator_ref: 'main' } },
		{ name: 'echo', kind: 'rust_fn', model: null, prompt: null, spec: {} },
	])
	expect(documentAgents('no document')).toEqual([])
})
