import { expect, test } from 'bun:test'
import { mermaidGraph } from '../../../src/core/blueprint/graph.ts'
import { exprText } from '../../../src/protocol/flow-text.ts'
import { attempt, fanout, lit, loop, path, seq, step } from '../../support/blueprints.ts'
import { minimal, parsedBlueprint } from '../../support/parsed-blueprint.ts'

const draw = (flow: object) =>
	mermaidGraph(parsedBlueprint(minimal({ flow })))
		.split('\n')
		.map((line) => line.trim())

test('a loop goes back to its condition and on from there', () => {
	expect(draw(loop(3, step('a', lit(1), '$.a')))).toEqual([
		...['flowchart TD', 'n0(["start"])', 'n1{"while true, at most 3 times"}', 'n0 --> n1', 'n2["a → $.a"]', 'n1 -->|again| n2'],
		...['n2 --> n1', 'n3(["end"])', 'n1 -->|on| n3'],
	])
})

test('lanes of a fan-out are a box between its items and its join', () => {
	expect(draw(fanout([1, 2], 'all', step('a', path('$.item'), '$.a'), '$.all'))).toEqual([
		...['flowchart TD', 'n0(["start"])', 'n1[["for each $.item in [1,2]"]]', 'n0 --> n1', 'subgraph g2["lanes, all"]'],
		...['n3["a → $.a"]', 'n1 --> n3', 'end', 'n4[["all → $.all"]]', 'n3 --> n4', 'n5(["end"])', 'n4 --> n5'],
	])
})

test('what may fail leads to what is done then, and both go on', () => {
	expect(draw(attempt(step('a', lit(1), '$.a'), seq(), '$.why'))).toEqual([
		...['flowchart TD', 'n0(["start"])', 'subgraph g1["try"]', 'n2["a → $.a"]', 'n0 --> n2', 'end', 'n3{{"failed → $.why"}}'],
		...['n2 -.->|on failure| n3', 'n4(["end"])', 'n2 --> n4', 'n3 --> n4'],
	])
})

test('names and values cannot break the drawing', () => {
	expect(draw(step('a"b|<c>', lit('x'), '$.a'))).toContain('n1["a&quot;b&#124;&lt;c&gt; → $.a"]')
})

test('expressions read as people write them, and long ones are cut', () => {
	const cases: [object, string][] = [
		[
			{
				op: 'and',
				args: [
					{ op: 'not', arg: path('$.a') },
					{ op: 'lt', lhs: path('$.n'), rhs: lit(3) },
				],
			},
			'(not $.a) and ($.n < 3)',
		],
		[{ op: 'in', needle: path('$.v'), haystack: lit(['A']) }, '$.v in ["A"]'],
		[{ op: 'call_extern', ref: 'now', args: [lit(1)] }, 'now(1)'],
		[{ op: 'or', args: [] }, 'false'],
		[lit('x'.repeat(99)), `"${'x'.repeat(58)}…`],
	]
	for (const [expr, text] of cases) expect(exprText(expr as never)).toBe(text)
})
