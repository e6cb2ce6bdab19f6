import { expect, test } from 'bun:test'
import { parseAgentMd } from '../../../src/core/blueprint/agent-md.ts'
import { verifies } from '../../support/verifies.ts'

const read = (text: string) => parseAgentMd(text, { path: 'coder.md', kind: 'operator' })
/** BLAKE3 of no bytes at all, from the reference implementation. */
const EMPTY_HASH = 'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262'

test('an agent file becomes an agent with its body as system prompt', () => {
	verifies('06.15')
	const text = `---
name: coder
description: "  writes code "
model: opus
effort: high
tools: Read, , Bash ,
worker_binding: mse-coder
lints: { agent-md-size: allow }
color: blue
since: 2024-01-01
---
You write code.
---
Still the body.
`
	expect(read(text)).toEqual({
		name: 'coder',
		kind: 'operator',
		spec: null,
		profile: {
			system_prompt: 'You write code.\n---\nStill the body.\n',
			model: 'opus',
			effort: 'high',
			tools: ['Read', 'Bash'],
			description: 'writes code',
			extras: { color: 'blue', since: '2024-01-01' },
			version_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
			worker_binding: 'mse-coder',
		},
		meta: null,
		lints: { 'agent-md-size': 'allow' },
	})
})

test('keys that are absent or of the wrong type are as if they were not there', () => {
	const text = '---\r\nname: a\r\nmodel: 5\r\ntools: [Read, 7, " "]\r\nlints: {}\r\n---'
	expect(read(text)).toMatchObject({
		profile: { system_prompt: '', model: null, tools: ['Read'], description: null, extras: null, version_hash: EMPTY_HASH },
	})
	expect(Object.keys(read(text))).toEqual(['name', 'kind', 'spec', 'profile', 'meta'])
	expect(Object.keys(read(text).profile as object)).not.toContain('worker_binding')
})

test('dashes within the frontmatter do not end it, nor does a longer ruler', () => {
	const text = '---\nname: a\nnote: |\n  first\n  ---\n  last\n---\nbody'
	expect(read(text)).toMatchObject({ profile: { system_prompt: 'body', extras: { note: 'first\n---\nlast\n' } } })
})

test('what cannot be read is told with the file it is in', () => {
	const sentenceOf = (text: string): string => {
		try {
			return JSON.stringify(read(text))
		} catch (error) {
			return (error as Error).message
		}
	}
	expect(sentenceOf('name: a')).toBe('no frontmatter delimiter `---` in coder.md')
	expect(sentenceOf('---\nname: a\n')).toBe('no frontmatter delimiter `---` in coder.md')
	expect(sentenceOf('---\nmodel: a\n---\n')).toBe('frontmatter missing required `name` field in coder.md')
	expect(sentenceOf('---\n---\n')).toBe('frontmatter missing required `name` field in coder.md')
	expect(sentenceOf('---\nname: [\n---\n')).toStartWith('yaml parse error in coder.md: ')
	expect(sentenceOf('---\n- a\n---\n')).toStartWith('yaml parse error in coder.md: ')
	expect(sentenceOf('---\nname: a\nlints: { all: never }\n---\n')).toStartWith('invalid frontmatter `lints` in coder.md: ')
})
