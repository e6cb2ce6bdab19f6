import { expect, test } from 'bun:test'
import { newIssue } from '../../../../src/core/enhance/issue.ts'
import { toLogEntry } from '../../../../src/core/enhance/log.ts'
import { issuesCommand } from '../../../../src/edge/cli/command/issues.ts'
import { runCli } from '../../../../src/edge/cli/run.ts'
import { asRunId } from '../../../../src/kernel/id.ts'
import { httpWorld } from '../../http/support.ts'
import { fakeTerminal } from '../terminal.ts'

/** A server, and a command line that talks to it. */
function openWorld() {
	const world = httpWorld()
	const url = world.listen()
	const type = async (...args: readonly string[]) => {
		const terminal = fakeTerminal({ env: { MSE_URL: url } })
		const code = await runCli(['issues', ...args], [issuesCommand], terminal)
		return { code, stdout: terminal.stdout, stderr: terminal.stderr }
	}
	/** Has the oldest issue rejected by a verifier. */
	const reject = async (id: string): Promise<void> => {
		await world.enhance.takeIssue(asRunId('R-1'))
		const outcome = { status: 'rejected', reason: 'verifier deny: noop: nothing changed' } as const
		const verdicts = [{ axis: 'noop', status: 'deny', detail: 'nothing changed' }] as const
		const findings = { prevHash: 'p', rationale: 'it is fine as it is', verdicts, reasons: ['noop: nothing changed'] }
		const issue = newIssue({ blueprint_id: 'greeter', intent: 'be warmer' }, id, 0)
		await world.enhance.settleIssue(id, outcome, toLogEntry(issue, outcome, findings, 5))
	}
	return { ...world, type, reject }
}

test('an issue is posted, listed, shown with what was found, and tried again', async () => {
	await using world = openWorld()
	expect((await world.type('ls')).stdout).toBe('no issues\n')
	const posted = await world.type('post', 'greeter', 'be warmer')
	expect([posted.code, posted.stdout]).toEqual([0, expect.stringMatching(/^h-[0-9a-f-]{36}\n$/)])
	const id = posted.stdout.trim()
	const [head, row] = (await world.type('ls', '--status', 'pending', '--blueprint', 'greeter')).stdout.split('\n')
	expect(head?.split(/\s{2,}/)).toEqual(['ISSUE', 'STATUS', 'BLUEPRINT', 'INTENT', 'RUN'])
	expect(row?.trim().split(/\s{2,}/)).toEqual([id, 'pending', 'greeter', 'be warmer'])
	await world.reject(id)
	const shown = (await world.type('show', id)).stdout
	for (const part of ['rejected', 'R-1', 'verifier deny', 'it is fine as it is', /noop +deny +nothing changed/]) expect(shown).toMatch(part)
	expect(JSON.parse((await world.type('show', id, '--json')).stdout)).toMatchObject({
		status: 'rejected',
		log: { rationale: 'it is fine as it is' },
	})
	expect((await world.type('retry', id)).stdout).toBe(`${id} is pending again\n`)
	const again = await world.type('retry', id)
	expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('only a rejected one')])
})

test('what is left out or unknown is a mistake of usage, an unknown issue is refused', async () => {
	await using world = openWorld()
	for (const wrong of [[], ['close'], ['show'], ['post', 'greeter'], ['ls', '--status', 'open'], ['ls', '--limit', '0']])
		expect((await world.type(...wrong)).code).toBe(2)
	expect((await world.type('show', 'h-nobody')).code).toBe(1)
})
