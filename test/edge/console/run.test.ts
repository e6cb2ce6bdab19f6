import { expect, test } from 'bun:test'
import { hrefOf, parseRoute } from '../../../src/edge/console/view/address.ts'
import { headText, readLaunch } from '../../../src/edge/console/view/launch.ts'
import { outputParts } from '../../../src/edge/console/view/output.ts'
import { faultStep, hintOf, runFault, runTook, runWord, stepsText } from '../../../src/edge/console/view/run.ts'
import { ownerText, requestWord, stuckRuns } from '../../../src/edge/console/view/waiting.ts'

test('a run is told by its phase while it has one', () => {
	expect(runWord({ status: 'running', phase: 'waiting_approval' })).toBe('waiting_approval')
	expect(runWord({ status: 'done', phase: null })).toBe('done')
})

test('why a run failed is its sentence, code and step; a good end says nothing', () => {
	const failure = { error: { message: 'it exited with 3', code: 'exit', failed_step: 'tests' } }
	expect(runFault({ status: 'failed', result_ref: failure })).toEqual({ message: 'it exited with 3', code: 'exit', step: 'tests' })
	expect(runFault({ status: 'cancelled', result_ref: { error: 'stopped' } })).toEqual({ message: 'stopped', code: null, step: null })
	expect(runFault({ status: 'done', result_ref: { error: 'a key of the flow' } })).toBeNull()
	expect(runFault({ status: 'failed', result_ref: null })).toBeNull()
	expect(hintOf('approval_denied')).toContain('said no')
	expect([hintOf('toString'), hintOf(null)]).toEqual([null, null])
	expect(hintOf('budget_tokens')).toContain('budget')
	const fault = { message: '', code: null, step: 'tests' }
	const entry = { step_ref: 'tests', at: 1, position: '' }
	const entries = [
		{ ...entry, step_id: 'ST-1', status: 'failed' },
		{ ...entry, step_id: 'ST-2', status: 'passed' },
	]
	expect([faultStep(fault, entries), faultStep({ ...fault, step: null }, entries)]).toEqual(['ST-1', null])
})

test('how long a run took, and how many of its steps ended', () => {
	expect(runTook({ status: 'running', created_at: 10, updated_at: 11 }, 75_000)).toBe('1 min 5 s')
	expect(runTook({ status: 'done', created_at: 10, updated_at: 10 }, 75_000)).toBe('under 1 s')
	const entry = { step_id: 'a', step_ref: 'a', at: 1, position: '' }
	expect(
		stepsText({
			step_entries: [
				{ ...entry, status: 'passed' },
				{ ...entry, status: null },
			],
		}),
	).toBe('1 of 2')
})

test('a launch is read into its body, or each field says what is wrong', () => {
	const form = { blueprint: 'hello', document: '', context: ' {"a": 1} ', goal: ' Say hello ', detach: true }
	expect(readLaunch(form)).toEqual({
		body: { blueprint: { kind: 'id', id: 'hello' }, init_ctx: { a: 1 }, detach: true, goal: 'Say hello' },
	})
	expect(readLaunch({ ...form, blueprint: '', document: '{"id":"x"}', context: '', goal: '' })).toEqual({
		body: { blueprint: { kind: 'inline', value: { id: 'x' } }, init_ctx: {}, detach: true },
	})
	expect(readLaunch({ ...form, blueprint: '', document: '[]', context: '{' })).toEqual({
		faults: {
			document: 'The document has to be a JSON object.',
			context: 'The context has to be JSON, such as {"goal": "Add a --quiet flag"}.',
		},
	})
})

test('an output with parts is shown by part, any other whole', () => {
	expect(outputParts({ out: 'text', parts: { verdict: 'PASS' } })).toEqual([
		{ name: 'Output', value: 'text' },
		{ name: 'Part verdict', value: 'PASS' },
	])
	expect(outputParts({ parts: 3 })).toEqual([{ name: 'Output', value: { parts: 3 } }])
	expect(outputParts(null)).toEqual([])
})

test('addresses survive a reload: ids and filters are read as they were written', () => {
	const href = hrefOf(['runs', 'R 1/ä'], { step: 'ST-1', view: undefined, phase: '' })
	expect(href).toBe('#/runs/R%201%2F%C3%A4?step=ST-1')
	const { noun, rest, query } = parseRoute(href)
	expect([noun, rest, query.get('step')]).toEqual(['runs', ['R 1/ä'], 'ST-1'])
	expect(parseRoute('')).toMatchObject({ noun: '', rest: [] })
	expect(parseRoute('#/runs/%E0%A4%A')).toMatchObject({ rest: ['%E0%A4%A'] })
})

test('what waits names who has to come, and what keeps it', () => {
	const owner = { sid: 'S-1', desc: 'the client on my desk', roles: ['main'], connected: true }
	expect(ownerText({ owner, slot: null })).toBe('the client on my desk')
	expect(ownerText({ owner: { ...owner, desc: null, roles: [] }, slot: null })).toBe('S-1')
	expect([ownerText({ owner: null, slot: 'main' }), ownerText({ owner: null, slot: null })]).toEqual(['the seat main', 'any operator'])
	expect(requestWord({ owner, state: 'delivered' })).toBe('delivered')
	expect(requestWord({ owner: { ...owner, connected: false }, state: 'sent' })).toBe('away')
	expect(requestWord({ owner: null, state: 'parked' })).toBe('seat vacant')
})

test('runs stand still when they were interrupted or paused, unless the whole server is', () => {
	const run = (status: string, phase: string | null) => ({ status, phase }) as never
	const runs = [run('running', 'paused'), run('running', 'waiting'), run('interrupted', null)]
	expect(stuckRuns(runs, false)).toEqual([runs[0], runs[2]] as never)
	expect(stuckRuns(runs, true)).toEqual([runs[2]] as never)
})

test('a document says what it is for and which context it brings', () => {
	expect(headText({ metadata: { description: 'Says hello.' }, default_init_ctx: { greeting: 'hi' } })).toEqual({
		about: 'Says hello.',
		brings: '{\n  "greeting": "hi"\n}',
	})
	expect([headText(undefined), headText({ metadata: null })]).toEqual([
		{ about: '', brings: '{}' },
		{ about: '', brings: '{}' },
	])
})
