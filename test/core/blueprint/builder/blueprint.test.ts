import { describe, expect, test } from 'bun:test'
import {
	agentFile,
	all,
	any,
	assign,
	blueprint,
	branch,
	extern,
	fanout,
	fn,
	fromTemplate,
	lit,
	loop,
	lua,
	model,
	operator,
	path,
	raw,
	seq,
	subprocess,
	tryCatch,
} from 'mse-server/blueprint'
import { lintBlueprint } from '../../../../src/core/blueprint/lint.ts'
import { AGENT_KINDS } from '../../../../src/protocol/blueprint-agent.ts'
import { parsedBlueprint } from '../../../support/parsed-blueprint.ts'

const checkedChange = () =>
	blueprint({
		id: 'checked-change',
		operators: { 'main-ai': { display_name: 'The main AI' } },
		metas: { house: { style: 'tabs' } },
		subprocesses: { cat: { argv: ['cat'], stdin: '{prompt}' } },
		runners: { mine: { backend: 'ws_operator', variant: 'mse-worker', tools: ['Read'] } },
		agents: {
			coder: operator('main-ai', { profile: { system_prompt: 'Make the change.' }, meta: { meta_ref: 'house' }, runner_ref: 'mine' }),
			tests: subprocess({ program: '/bin/sh', args: ['-c', 'make test'] }, { policy: { timeout_ms: 600_000, retry: { max_attempts: 2 } } }),
			copy: fromTemplate('cat'),
			same: fn('identity'),
		},
		audits: [{ agent: 'same', steps: ['coder'] }],
		default_init_ctx: { goal: 'mend it', items: [1, 2] },
		flow: ({ step }) =>
			seq(
				step('coder', { in: path('$.goal'), out: '$.change' }),
				loop(
					{ counter: '$.n', while: path('$.n').lt(3).and(path('$.ok').exists().not()), max: 4 },
					tryCatch(step('tests', { in: path('$.change'), out: '$.ok' }), assign('$.ok', null), '$.why'),
				),
				fanout({ items: path('$.items'), bind: '$.item', out: '$.copies' }, step('copy', { in: path('$.item'), out: '$.copied' })),
				branch(any(path('$.ok').eq('PASS'), path('$.goal').contains('mend')), step('same', { in: { text: '$' }, out: '$.end' })),
			),
	})

describe('the builder', () => {
	test('makes a document that parses without a finding', () => {
		const parsed = parsedBlueprint(checkedChange())
		expect(lintBlueprint(parsed, { knownKinds: new Set(AGENT_KINDS) }).filter(({ level }) => level !== 'info')).toEqual([])
		expect(parsed.agents.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
			...['coder operator', 'tests subprocess', 'copy subprocess', 'same rust_fn'],
		])
	})

	test('writes plain JSON: terms lose their methods, and what is not given is not there', () => {
		const document = blueprint({
			id: 'small',
			agents: { same: fn('identity') },
			flow: ({ step }) => step('same', { in: path('$.a').plus(1), out: '$["b.c"].d' }),
		})
		expect(document).toStrictEqual({
			id: 'small',
			flow: {
				kind: 'step',
				ref: 'same',
				in: { op: 'add', lhs: { op: 'path', at: '$.a' }, rhs: { op: 'lit', value: 1 } },
				out: { op: 'path', at: '$["b.c"].d' },
			},
			agents: [{ name: 'same', kind: 'rust_fn', spec: { fn_id: 'identity' } }],
		})
	})

	test('has every operator of expressions', () => {
		const a = path('$.a')
		const used = [a.eq(1), a.ne(1), a.lt(1), a.lte(1), a.gt(1), a.gte(1), a.plus(1), a.minus(1), a.times(1), a.over(1), a.mod(1)]
		const more = [
			a.and(true),
			a.or(true),
			a.not(),
			a.exists(),
			a.len(),
			a.isIn([1]),
			lit('$.a'),
			extern('now', a),
			raw({ op: 'path', at: '$' }),
		]
		const ops = ['eq', 'ne', 'lt', 'lte', 'gt', 'gte', 'add', 'sub', 'mul', 'div', 'mod']
		ops.push('and', 'or', 'not', 'exists', 'len', 'in', 'lit', 'call_extern', 'path')
		expect([...used, ...more].map(({ op }) => op)).toEqual(ops as never)
		expect(JSON.parse(JSON.stringify(all()))).toEqual({ op: 'and', args: [] })
		expect(JSON.parse(JSON.stringify(a.contains(2)))).toEqual({
			...{ op: 'in', needle: { op: 'lit', value: 2 }, haystack: { op: 'path', at: '$.a' } },
		})
	})

	test('takes an object that looks like an expression for a value', () => {
		const node = assign('$.x', { op: 'path', at: '$.y' })
		expect(JSON.parse(JSON.stringify(node)).value).toEqual({ op: 'lit', value: { op: 'path', at: '$.y' } })
	})

	test('refuses text that is no path, and text that was meant to be one', () => {
		const wide: string = '$.a[0]'
		expect(() => path(wide)).toThrow("\"$.a[0]\" is no path: expected '\"' after '['.")
		expect(() => assign('$.a', '$.goal')).toThrow('"$.goal" is text here, and looks like a path.')
		expect(JSON.parse(JSON.stringify(assign('$.a', lit('$.goal')))).value).toEqual({ op: 'lit', value: '$.goal' })
	})

	test('leaves files to whoever builds the document', () => {
		const document = blueprint({
			id: 'files',
			agents: {
				coder: agentFile('coder.md', { kind: 'operator', spec: { operator_ref: 'main' } }),
				script: lua({ $file: 'script.lua' }),
				thinker: model('anthropic/claude', { profile: { system_prompt: { $file: 'thinker.txt' } } }),
			},
			flow: () => seq(),
		})
		expect(document.agents).toEqual([
			{ name: 'coder', $agent_md: 'coder.md', kind: 'operator', spec: { operator_ref: 'main' } },
			{ name: 'script', kind: 'lua', spec: { source: { $file: 'script.lua' } } },
			{ name: 'thinker', kind: 'agent_block', profile: { system_prompt: { $file: 'thinker.txt' }, model: 'anthropic/claude' } },
		])
	})
})

test('what does not fit together does not compile', () => {
	const agents = { same: fn('identity') }
	const flow = () => seq()
	// Never called: only its types count.
	const _wrong = () => {
		// @ts-expect-error there is no agent of that name
		blueprint({ id: 'x', agents, flow: ({ step }) => step('sane', { in: 1, out: '$.a' }) })
		// @ts-expect-error a step needs a place for its value
		blueprint({ id: 'x', agents, flow: ({ step }) => step('same', { in: 1 }) })
		// @ts-expect-error that is no kind of agent
		blueprint({ id: 'x', agents: { a: { kind: 'shell', spec: {} } }, flow })
		// @ts-expect-error nobody declares that seat
		blueprint({ id: 'x', operators: { main: {} }, agents: { a: operator('mani') }, flow })
		// @ts-expect-error there is no such template
		blueprint({ id: 'x', subprocesses: { cat: { argv: ['cat'] } }, agents: { a: fromTemplate('dog') }, flow })
		// @ts-expect-error there is no such runner
		blueprint({ id: 'x', runners: { mine: { backend: 'agent_block_in_process' } }, agents, default_runner: 'yours', flow })
		// @ts-expect-error there is no such meta
		blueprint({ id: 'x', metas: { house: {} }, agents: { a: fn('identity', { meta: { meta_ref: 'hose' } }) }, flow })
		// @ts-expect-error an audit needs an agent of the Blueprint
		blueprint({ id: 'x', agents, audits: [{ agent: 'auditor' }], flow })
		// @ts-expect-error that is no policy
		blueprint({ id: 'x', agents: { a: fn('identity', { policy: { timeout: 5 } }) }, flow })
		// @ts-expect-error that is no key of a Blueprint
		blueprint({ id: 'x', agents, flow, version: 1 })
		// @ts-expect-error a path begins with $
		path('goal')
		// @ts-expect-error a path has no indexes
		path('$.items[0]')
		// @ts-expect-error a path has no empty keys
		assign('$..a', 1)
		// @ts-expect-error that is no way to join
		fanout({ items: [], bind: '$.i', out: '$.o', join: 'some' }, seq())
		// @ts-expect-error a function is no value
		path('$.a').eq(() => 1)
	}
	expect(_wrong).toBeFunction()
})
