import { describe, expect, test } from 'bun:test'
import { approvalsCommand } from '../../../../src/edge/cli/command/approvals.ts'
import { runCli } from '../../../../src/edge/cli/run.ts'
import { eventually } from '../../../support/eventually.ts'
import { httpWorld } from '../../http/support.ts'
import { fakeTerminal } from '../terminal.ts'

const asked = { kind: 'custom', subject: { type: 'deploy', id: 'web' }, requester: 'ci' } as const

/** A gate behind its routes, and a command line that talks to it. */
function openWorld() {
	const world = httpWorld()
	const url = world.listen()
	const start = (...args: readonly string[]) => {
		const terminal = fakeTerminal({ env: { MSE_URL: url } })
		return { terminal, code: runCli(['approvals', ...args], [approvalsCommand], terminal) }
	}
	const type = async (...args: readonly string[]) => {
		const { terminal, code } = start(...args)
		return { code: await code, stdout: terminal.stdout, stderr: terminal.stderr }
	}
	return { ...world, start, type }
}

describe('ls', () => {
	test('is a table of what waits, or of what is asked for', async () => {
		await using world = openWorld()
		expect((await world.type('ls')).stdout).toBe('no approvals\n')
		const { id } = await world.gate.ask({ ...asked, required: 2 })
		const gone = await world.gate.ask(asked)
		await world.gate.deny(gone.id, { names: ['ada'], note: 'too soon' })
		const lines = (await world.type('ls')).stdout.trimEnd().split('\n')
		expect(lines.map((line) => line.split(/\s{2,}/))).toEqual([
			['ID', 'STATUS', 'KIND', 'SUBJECT', 'ASKED BY', 'AGE', 'GRANTS', 'NOTE'],
			[String(id), 'pending', 'custom', 'deploy web', 'ci', expect.any(String), '0 of 2'],
		])
		expect((await world.type('ls', '--status', 'denied')).stdout).toContain('too soon')
		expect(JSON.parse((await world.type('ls', '--status', 'all', '--kind', 'custom', '--json')).stdout)).toHaveLength(2)
		expect((await world.type('ls', '--run', 'R-0')).stdout).toBe('no approvals\n')
	})
})

describe('show', () => {
	test('has what is asked for, its form and its answer', async () => {
		await using world = openWorld()
		const form = { type: 'object', properties: { tier: { type: 'string' } } }
		const { id } = await world.gate.ask({ ...asked, payload: { version: 2 }, form, approvers: ['ada'], deadlineMs: 60_000 })
		const { code, stdout } = await world.type('show', String(id))
		expect(code).toBe(0)
		for (const part of ['approvers', '"version": 2', 'form\n{', ', then deny', 'deploy web']) expect(stdout).toContain(part)
		await world.gate.approve(id, { names: ['ada'], answer: { tier: 'a' } })
		expect((await world.type('show', String(id))).stdout).toContain('answer\n{')
		expect((await world.type('show', '99')).stderr).toContain('no such approval 99')
	})
})

describe('approve and deny', () => {
	test('say how it stands then', async () => {
		await using world = openWorld()
		const { id } = await world.gate.ask({ ...asked, required: 2 })
		expect((await world.type('approve', String(id), '--by', 'ada')).stdout).toBe(`approval ${id} is pending with 1 of 2 grants\n`)
		expect((await world.type('approve', String(id), '--by', 'eve', '--note', 'fine')).stdout).toBe(`approval ${id} is approved\n`)
		expect(await world.gate.get(id)).toMatchObject({ note: 'fine' })
		const late = await world.type('deny', String(id))
		expect([late.code, late.stderr]).toEqual([1, `mse-server: approval ${id} is already approved\n`])
		const other = await world.gate.ask(asked)
		const denied = await world.type('deny', String(other.id), '--note', 'no', '--json')
		expect(JSON.parse(denied.stdout)).toMatchObject({ status: 'denied', by: 'operator', note: 'no' })
	})

	test('fill in a form by fields, as JSON where they read as that, over a whole answer', async () => {
		await using world = openWorld()
		const { id } = await world.gate.ask(asked)
		await world.type('approve', String(id), '--answer', '{"tier": "a", "count": 1}', '--field', 'count=2', '--field', 'why=it is small')
		expect((await world.gate.get(id)).answer).toEqual({ tier: 'a', count: 2, why: 'it is small' })
	})

	test('tell what did not work', async () => {
		await using world = openWorld()
		world.gate.register('custom', { perform: () => Promise.reject(new Error('no room')), reconcile: async () => 'done' })
		const { id } = await world.gate.ask(asked)
		const failed = await world.type('approve', String(id))
		expect([failed.code, failed.stderr]).toEqual([1, `mse-server: approval ${id} failed: no room\n`])
	})
})

test('watch tells what is asked and answered until a signal comes', async () => {
	await using world = openWorld()
	const { id } = await world.gate.ask(asked)
	const { terminal, code } = world.start('watch', '--from-start')
	await eventually(() => terminal.stdout.includes('requested'), { what: 'the question is told' })
	await world.gate.deny(id, { names: ['ada'], note: 'no' })
	await eventually(() => terminal.stdout.includes('denied'), { what: 'the answer is told' })
	terminal.signal('SIGINT')
	expect(await code).toBe(130)
	const lines = terminal.stdout.trimEnd().split('\n')
	expect(lines.map((line) => line.split('  ').slice(1))).toEqual([
		[String(id), 'requested', 'custom of deploy web'],
		[String(id), 'denied by ada', 'custom of deploy web: no'],
	])
})

test('a wrong call says what is missing', async () => {
	await using world = openWorld()
	expect((await world.type('dance')).code).toBe(2)
	expect((await world.type('approve')).stderr).toContain('Which approval?')
	expect((await world.type('ls', '--kind', 'wish')).stderr).toContain('expected one of spawn, ')
	expect((await world.type('approve', '1', '--field', 'tier')).stderr).toContain('expected KEY=VALUE')
	expect((await world.type('approve', '1', '--answer', '7', '--field', 'a=b')).stderr).toContain('an --answer that is an object')
})
