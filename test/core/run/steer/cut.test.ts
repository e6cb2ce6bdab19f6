import { describe, expect, test } from 'bun:test'
import type { Step } from '../../../../src/core/run/record.ts'
import { cutAt, findStep } from '../../../../src/core/run/steer/cut.ts'
import { asRunId, asStepId } from '../../../../src/kernel/id.ts'

function step(position: string, over: Partial<Step> = {}): Step {
	return {
		...{ stepId: asStepId(`ST-${position}`), runId: asRunId('R-1'), generation: 1, position, ref: 'work', status: 'passed', attempt: 1 },
		...{ inputHash: '', prompt: null, value: 1, failure: null, stats: null, startedAt: 1, endedAt: 2 },
		...over,
	}
}

const lost = { status: 'cancelled', failure: { code: 'lost', message: 'another lane decided' } } as const

/** What is kept of these steps and decisions when the run is cut there. */
function kept(position: string, steps: readonly Step[], decisions: readonly string[] = []) {
	const cut = cutAt(position, { steps, decisions: new Map(decisions.map((at) => [at, 0])) })
	return [...cut.keptSteps.map((it) => it.position), ...cut.keptDecisions.map(([at]) => `decision ${at}`)]
}

describe('a cut', () => {
	test('drops its position, what hangs on it, and all after it', () => {
		const steps = ['/0', '/1', '/1/ask', '/2', '/10'].map((at) => step(at))
		expect(kept('/1', steps, ['/0', '/3'])).toEqual(['/0', 'decision /0'])
	})

	test('in a loop keeps the rounds before', () => {
		const steps = ['/0/body[0]/0', '/0/body[0]/1', '/0/body[1]/0', '/0/body[1]/1', '/0/body[10]/0'].map((at) => step(at))
		expect(kept('/0/body[1]/1', steps)).toEqual(['/0/body[0]/0', '/0/body[0]/1', '/0/body[1]/0'])
	})

	test('in a lane keeps the other lanes and drops the decision above', () => {
		const steps = ['/0/lane[0]/0', '/0/lane[1]/0', '/0/lane[1]/1', '/0/lane[2]/0', '/1'].map((at) => step(at))
		expect(kept('/0/lane[1]/1', steps, ['/0'])).toEqual(['/0/lane[0]/0', '/0/lane[1]/0', '/0/lane[2]/0'])
	})

	test('lets lanes run that only gave way to a decision it drops', () => {
		const steps = [step('/0/lane[0]', lost), step('/0/lane[1]'), step('/0/lane[2]')]
		expect(kept('/0/lane[1]', steps, ['/0'])).toEqual(['/0/lane[2]'])
	})

	test('keeps lanes that gave way to a decision that stands', () => {
		const steps = [step('/0/lane[0]', lost), step('/0/lane[1]'), step('/1')]
		expect(kept('/1', steps, ['/0'])).toEqual(['/0/lane[0]', '/0/lane[1]', 'decision /0'])
	})

	test('drops steps that ended with their run only, and keeps those that somebody cancelled', () => {
		const cancelled = { status: 'cancelled', failure: { code: 'cancelled', message: 'asked to' } } as const
		const steps = [step('/0', cancelled), step('/1/lane[0]', { status: 'cancelled' }), step('/1/lane[1]')]
		expect(kept('/1/lane[1]', steps)).toEqual(['/0'])
	})
})

describe('a step to cut at', () => {
	const steps = [step('/10'), step('/9/body[2]'), step('/9/body[11]', { ref: 'other' })]

	test('is found by id and by position', () => {
		expect(findStep(steps, 'ST-/10')?.position).toBe('/10')
		expect(findStep(steps, '/9/body[11]')?.ref).toBe('other')
	})

	test('is by name the first in flow order', () => {
		expect(findStep(steps, 'work')?.position).toBe('/9/body[2]')
		expect(findStep(steps, 'nobody')).toBeNull()
	})
})
