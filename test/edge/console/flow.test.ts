import { expect, test } from 'bun:test'
import { flowGraph } from '../../../src/edge/console/view/flow-graph.ts'
import { placeFlow } from '../../../src/edge/console/view/flow-layout.ts'
import { boxStates, placeOf } from '../../../src/edge/console/view/flow-state.ts'
import { roundOf } from '../../../src/edge/console/view/round.ts'
import type { Node } from '../../../src/protocol/flow.ts'
import type { StepEntry } from '../../../src/protocol/run.ts'
import { assign, attempt, fanout, lit, loop, path, seq, step } from '../../support/blueprints.ts'

const one = (ref: string) => step(ref, lit(1), `$.${ref}`)
const branch = { kind: 'branch', cond: path('$.ok'), then: one('yes'), else: one('no') }
const flow = seq(
	one('first'),
	loop(3, one('again')),
	fanout(path('$.items'), 'all', one('lane'), '$.all'),
	attempt(one('risky'), assign('$.x', lit(1))),
	branch,
) as unknown as Node
const kinds: { readonly [agent: string]: string } = { first: 'rust_fn' }
const graph = flowGraph(flow, (agent) => kinds[agent])

const entry = (position: string, status: string | null, id = `ST-${position}`): StepEntry => ({
	...{ step_id: id, step_ref: 'any', status, at: 1, attempt: 1, position },
})

/** `title -kind-> title` of every arrow. */
const arrows = graph.arrows.map(({ from, to, kind, label }) => {
	const title = (id: string) => graph.boxes.find((box) => box.id === id)?.title
	return `${title(from)} -${label || kind}-> ${title(to)}`
})

test('a flow is boxes in flow order, each at its place in a run', () => {
	expect(graph.boxes.map(({ kind, place }) => `${kind} ${place}`)).toEqual([
		...['start ', 'step /0', 'loop /1', 'step /1/body[*]', 'fanout /2', 'step /2/lane[*]', 'join /2'],
		...['try /3', 'step /3/try', 'assign /3/catch', 'branch /4', 'step /4/then', 'step /4/else', 'end '],
	])
	expect(graph.boxes[1]).toMatchObject({ title: 'first', about: 'rust fn' })
})

test('arrows lead around loops, into the catch, along both arms, and to the end', () => {
	expect(arrows).toContain('again -back-> while, at most 3 times')
	expect(arrows).toContain('while, at most 3 times -on-> for each at once')
	expect(arrows).toContain('try -on failure-> $.x')
	expect(arrows).toContain('if -yes-> yes')
	expect(arrows.filter((arrow) => arrow.endsWith('> end'))).toEqual(['yes -on-> end', 'no -on-> end'])
})

test('the drawing goes down, no two boxes overlap, and is the same each time', () => {
	const drawing = placeFlow(graph)
	expect(placeFlow(graph)).toEqual(drawing)
	const y = (place: string, kind: string) => drawing.boxes.find((box) => box.place === place && box.kind === kind)?.y ?? Number.NaN
	expect(y('/0', 'step')).toBeLessThan(y('/1', 'loop'))
	expect(y('/1', 'loop')).toBeLessThan(y('/1/body[*]', 'step'))
	expect(y('/2', 'fanout')).toBeLessThan(y('/2', 'join'))
	for (const [at, a] of drawing.boxes.entries())
		for (const b of drawing.boxes.slice(at + 1)) {
			const isApart = a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y
			expect([a.title, b.title, isApart]).toEqual([a.title, b.title, true])
		}
})

test('rounds and lanes are one place, and what hangs on a step is the step', () => {
	expect(placeOf('/1/body[12]/0/lane[3]')).toBe('/1/body[*]/0/lane[*]')
	expect(placeOf('/1/body[0]/approval')).toBe('/1/body[*]')
	expect(placeOf('/audit:checker')).toBe('')
	expect(placeOf('')).toBe('')
})

test('a box shows what happened at its place: the open one first, else the last; loops and fan-outs count', () => {
	const entries = [
		entry('/0', 'passed'),
		...[entry('/1/body[0]', 'failed'), entry('/1/body[1]', 'passed')],
		...[entry('/2/lane[0]', 'passed'), entry('/2/lane[1]', null, 'ST-waits'), entry('/2/lane[2]', null)],
	]
	const states = boxStates(graph.boxes, entries, new Set(['ST-waits']))
	const at = (place: string, kind: string) => states.get(graph.boxes.find((box) => box.place === place && box.kind === kind)?.id ?? '')
	expect(at('/0', 'step')).toMatchObject({ word: 'passed', counts: { passed: 1 } })
	expect(at('/1', 'loop')).toMatchObject({ word: 'reached', rounds: 2 })
	expect(at('/1/body[*]', 'step')).toMatchObject({ word: 'passed', counts: { failed: 1, passed: 1 } })
	expect(at('/2', 'fanout')).toMatchObject({ word: 'running', rounds: 3 })
	expect(at('/2/lane[*]', 'step')).toMatchObject({ word: 'running', counts: { passed: 1, waiting: 1, running: 1 } })
	expect(at('/4/then', 'step')).toMatchObject({ word: null, counts: {}, entries: [] })
	expect(at('/3', 'try')?.word).toBeNull()
})

test('a flow of one step is at the root', () => {
	const { boxes } = flowGraph(one('only') as unknown as Node, () => undefined)
	const states = boxStates(boxes, [entry('', 'passed')], new Set())
	expect(boxes.map(({ kind, place }) => `${kind} ${place}`)).toEqual(['start ', 'step ', 'end '])
	expect(states.get('n1')).toMatchObject({ word: 'passed' })
})

test('a step that was dispatched more than once knows its neighbours', () => {
	const entries = [entry('/0', 'passed'), entry('/1/body[0]', 'passed'), entry('/1/body[1]', 'passed'), entry('/1/body[2]', null)]
	expect(roundOf('ST-/1/body[1]', entries)).toEqual({ n: 2, of: 3, previous: 'ST-/1/body[0]', next: 'ST-/1/body[2]' })
	expect(roundOf('ST-/1/body[2]', entries)).toMatchObject({ n: 3, next: null })
	expect([roundOf('ST-/0', entries), roundOf('ST-9', entries)]).toEqual([null, null])
})
