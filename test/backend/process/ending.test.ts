import { describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { processBackend } from '../../../src/backend/process/backend.ts'
import { newChildSlots } from '../../../src/backend/process/child-slots.ts'
import { emptyBlueprint, newAgent, newAttempt, type ScriptedAttempt } from '../../support/attempt.ts'
import { eventually } from '../../support/eventually.ts'
import { markedProcesses } from '../../support/marked-process.ts'
import { processOptions } from '../../support/process-options.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { perform, sh, textOf } from './perform.ts'

const thrownBy = (work: Promise<unknown>): Promise<unknown> => work.catch((thrown: unknown) => thrown)

describe('an abort ends the whole tree before it is thrown', () => {
	const trees: readonly [string, string, number][] = [
		['a child that goes when asked', 'exec sleep 1000', 1],
		['a child that does not go when asked', `trap '' TERM; while :; do sleep 0.05; done`, 1],
		['children of the child', 'sleep 1000 & sleep 1000 & wait', 3],
		['children of the child that do not go when asked', `(trap '' TERM; while :; do sleep 0.05; done) & wait`, 2],
		['a child that went to a session of its own', 'setsid sleep 1000 & wait', 2],
		['a child whose parent is gone, in a session of its own', '(setsid sleep 1000 &); exec sleep 1000', 2],
		['a child that hides its environment', `env -i PATH="$PATH" sh -c 'sleep 1000; true' "$MSE_ATTEMPT_KEY" & wait`, 1],
	]
	for (const [title, script, size] of trees)
		test(title, async () => {
			const attempt = newAttempt()
			const outcome = thrownBy(perform(sh(script), attempt))
			await eventually(() => markedProcesses(attempt.key).length >= size, { what: 'the tree stands' })
			attempt.abort('cancelled')
			expect(await outcome).toBe('cancelled')
			expect(commandLines().filter((line) => line.includes(attempt.key))).toEqual([])
			expect(markedProcesses(attempt.key)).toEqual([])
			expect(zombies()).toEqual([])
		})
})

test('a child that says goodbye when asked gets the time for it', async () => {
	using dir = tempDir()
	const folder = dir.path
	const attempt = newAttempt()
	const goodbye = `trap 'sleep 0.05; touch ${folder}/goodbye; exit' TERM; touch ${folder}/ready; while :; do sleep 0.01; done`
	const outcome = thrownBy(perform(sh(goodbye), attempt, { killGraceMs: 5000 }))
	await eventually(() => existsSync(`${folder}/ready`), { what: 'the child is ready' })
	attempt.abort('cancelled')
	expect(await outcome).toBe('cancelled')
	expect(existsSync(`${folder}/goodbye`)).toBe(true)
})

describe('what a child leaves behind when it ends by itself', () => {
	test('is ended with it, and the output counts', async () => {
		const attempt = newAttempt()
		const completion = await perform(sh('sleep 1000 > /dev/null 2>&1 & echo done'), attempt)
		expect(textOf(completion).raw).toBe('done')
		expect(markedProcesses(attempt.key)).toEqual([])
	})

	test('does not hold the attempt by keeping its output open', async () => {
		const attempt = newAttempt()
		expect(textOf(await perform(sh('sleep 1000 & echo done'), attempt)).raw).toBe('done')
		expect(markedProcesses(attempt.key)).toEqual([])
	})

	test('may still print within the grace', async () => {
		const completion = await perform(sh('(sleep 0.05; echo late) & echo early'), newAttempt(), { killGraceMs: 5000 })
		expect(textOf(completion).raw).toBe('early\nlate')
	})
})

describe('too much output', () => {
	const message = "output of 'sh' is over the limit of 1000 bytes (limits.output_bytes)"

	test('ends the child and names the limit', async () => {
		const attempt = newAttempt()
		expect(await thrownBy(perform(sh('yes & yes'), attempt, { outputBytes: 1000 }))).toEqual(new Error(message))
		expect(markedProcesses(attempt.key)).toEqual([])
	})

	test('is as much too much when it is streamed', async () => {
		const endless = sh(`while :; do echo '{"type":"progress","stage":"s"}'; done`, { stream_mode: 'ndjson_lines' })
		expect(await thrownBy(perform(endless, newAttempt(), { outputBytes: 1000 }))).toEqual(new Error(message))
	})

	test('of exactly the limit is not too much', async () => {
		const completion = await perform(sh(`printf '%01000d' 0`), newAttempt(), { outputBytes: 1000 })
		expect(completion.final?.ok).toBe(true)
	})
})

describe('more attempts than children at one time', () => {
	const waiting = sh('sleep 1000')
	const backend = processBackend(processOptions({ children: newChildSlots(1) }))
	const begin = (attempt: ScriptedAttempt, spec = waiting) =>
		thrownBy(Promise.resolve(backend.prepare(newAgent('subprocess', spec), emptyBlueprint).perform(attempt)))

	test('wait in order, and say that nobody works on them', async () => {
		const [first, second, third] = [newAttempt(), newAttempt(), newAttempt()]
		const outcomes = [begin(first), begin(second), begin(third)]
		await eventually(() => markedProcesses(first.key).length > 0, { what: 'the first runs' })
		expect([first.workingSaid, second.workingSaid, third.workingSaid]).toEqual([[], [false], [false]])
		expect(markedProcesses(second.key)).toEqual([])

		first.abort('next')
		await outcomes[0]
		await eventually(() => markedProcesses(second.key).length > 0, { what: 'the second runs' })
		expect([second.workingSaid, third.workingSaid]).toEqual([[false, true], [false]])

		third.abort('not even begun')
		expect(await outcomes[2]).toBe('not even begun')
		second.abort('done')
		await outcomes[1]
		expect(await begin(newAttempt({ prompt: '1' }), sh('cat'))).toHaveProperty('final', { value: 1, ok: true })
	})

	test('a child that cannot start leaves its place', async () => {
		for (let i = 0; i < 3; i++) expect(await begin(newAttempt(), { program: 'no-such-program' })).toBeInstanceOf(Error)
	})
})

function commandLines(): string[] {
	return Bun.spawnSync(['ps', '-A', '-o', 'args=']).stdout.toString().split('\n')
}

/** Children of this process that ended and were not reaped. */
function zombies(): string[] {
	const { stdout } = Bun.spawnSync(['ps', '-o', 'pid=,stat=', '--ppid', String(process.pid)])
	return stdout
		.toString()
		.split('\n')
		.filter((line) => / Z/.test(line))
}
