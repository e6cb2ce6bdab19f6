import { describe, expect, test } from 'bun:test'
import type { Backend, Completion } from '../../src/core/dispatch/backend.ts'
import type { AgentDef } from '../../src/protocol/blueprint.ts'
import { emptyBlueprint, newAttempt, type ScriptedAttempt } from '../support/attempt.ts'
import { eventually } from '../support/eventually.ts'

/** A backend to be proven, with an agent for each way to behave. */
export interface BackendSubject extends AsyncDisposable {
	readonly backend: Backend
	/** Its value is the prompt. */
	readonly passes: AgentDef
	/** Ends with `ok: false`, its value being the prompt. */
	readonly blocks: AgentDef
	/** Fails with an error whose message holds `boom`. */
	readonly fails: AgentDef
	/** Works until it is told to stop. */
	readonly waits: AgentDef
	/** A spec the backend refuses. */
	readonly invalid: AgentDef
	/** How many attempts of `waits` are worked on at this moment, seen from outside the backend. */
	workingOn(attempts: readonly ScriptedAttempt[]): number
}

/** A case a backend cannot do, and why. It must then fail: an entry that nobody needs any more breaks the build. */
export interface Exception {
	readonly reason: string
	readonly tests: readonly string[]
}

/** What every backend does, whatever it runs. */
export function backendContract(
	title: string,
	open: () => Promise<BackendSubject>,
	{ cannot = [] }: { cannot?: readonly Exception[] } = {},
) {
	describe(`Backend: ${title}`, () => {
		for (const [name, proof] of Object.entries(CASES)) {
			const cannotDo = cannot.some(({ tests }) => tests.includes(name))
			;(cannotDo ? test.failing : test)(name, async () => {
				await using subject = await open()
				await proof(subject)
			})
		}
	})
}

const CASES: Record<string, (subject: BackendSubject) => Promise<void>> = {
	'a value passes as it is': async (subject) => {
		for (const prompt of ['plain', 'größe 😀', 42, null, [1, { a: 'b' }], { nested: { list: [] } }])
			expect((await perform(subject, subject.passes, newAttempt({ prompt }))).final).toEqual({ value: prompt, ok: true })
	},

	'blocked work is an outcome, not an error': async (subject) => {
		const attempt = newAttempt({ prompt: 'no' })
		expect((await perform(subject, subject.blocks, attempt)).final).toEqual({ value: 'no', ok: false })
	},

	'failed work throws what went wrong': async (subject) => {
		await expect(perform(subject, subject.fails, newAttempt({ prompt: 'boom' }))).rejects.toThrow('boom')
	},

	'an abort ends the work and is thrown as its reason': async (subject) => {
		const attempt = newAttempt()
		const reason = new Error('the run was cancelled')
		const outcome = settled(perform(subject, subject.waits, attempt))
		await eventually(() => subject.workingOn([attempt]) === 1, { what: 'the work begins' })
		attempt.abort(reason)
		expect(await outcome).toBe(reason)
		expect(subject.workingOn([attempt])).toBe(0)
	},

	'an attempt aborted beforehand does not begin': async (subject) => {
		const attempt = newAttempt()
		attempt.abort('too late')
		expect(await settled(perform(subject, subject.waits, attempt))).toBe('too late')
		expect(subject.workingOn([attempt])).toBe(0)
	},

	'an abort in the same turn of the event loop ends the work as well': async (subject) => {
		const attempt = newAttempt()
		const outcome = settled(perform(subject, subject.waits, attempt))
		attempt.abort('at once')
		expect(await outcome).toBe('at once')
		expect(subject.workingOn([attempt])).toBe(0)
	},

	'attempts at the same time do not mix': async (subject) => {
		const prompts = ['one', 'two', 'three']
		const done = await Promise.all(prompts.map((prompt) => perform(subject, subject.passes, newAttempt({ prompt }))))
		expect(done.map(({ final }) => final?.value)).toEqual(prompts)
	},

	'aborting one attempt leaves the other at work': async (subject) => {
		const [first, second] = [newAttempt(), newAttempt()]
		const outcomes = [first, second].map((attempt) => settled(perform(subject, subject.waits, attempt)))
		await eventually(() => subject.workingOn([first, second]) === 2, { what: 'both work' })
		first.abort('first')
		expect(await outcomes[0]).toBe('first')
		expect(subject.workingOn([second])).toBe(1)
		second.abort('second')
		expect(await outcomes[1]).toBe('second')
	},

	'a wrong spec is refused before anything runs': async ({ backend, invalid }) => {
		expect(() => backend.prepare(invalid, emptyBlueprint)).toThrow(expect.objectContaining({ kind: 'invalid', code: 'invalid_agent_spec' }))
	},
}

/** Never throws at once, as a dispatcher must expect a worker to. */
async function perform({ backend }: BackendSubject, agent: AgentDef, attempt: ScriptedAttempt): Promise<Completion> {
	return backend.prepare(agent, emptyBlueprint).perform(attempt)
}

/** What it throws, or the completion where it does not. */
function settled(completion: Promise<Completion>): Promise<unknown> {
	return completion.catch((thrown: unknown) => thrown)
}
