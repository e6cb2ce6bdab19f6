import { expect, test } from 'bun:test'
import type { ApprovalRecord } from '../../src/protocol/approval.ts'
import type { RunRecord } from '../../src/protocol/run.ts'
import type { LaunchReply } from '../../src/protocol/task.ts'
import { eventually } from '../support/eventually.ts'
import { verifies } from '../support/verifies.ts'
import { call, untilEnded } from './support/api.ts'
import { runBinary } from './support/binary.ts'
import { readLog } from './support/event-reader.ts'
import { startTestServer, type TestServer } from './support/server.ts'

const lit = (value: unknown) => ({ op: 'lit', value })
const step = (ref: string, input: unknown, out: string) => ({ kind: 'step', ref, in: lit(input), out: { op: 'path', at: out } })
const form = { type: 'object', properties: { tier: { enum: ['a', 'b'] } }, required: ['tier'] }
const asking = {
	id: 'asking',
	flow: step('allowed', 'go', '$.out'),
	agents: [{ name: 'allowed', kind: 'rust_fn', spec: { fn_id: 'echo' }, policy: { approve: { form } } }],
}
const json = { blueprint: { kind: 'inline', value: asking }, init_ctx: {}, detach: true }

const launch = async ({ url }: TestServer): Promise<string> => (await call<LaunchReply>('POST', `${url}/v1/tasks`, { json })).body.run_id

/** The approval that the run waits for, once it does. */
const waitingOf = ({ url }: TestServer, run: string): Promise<number> =>
	eventually(
		async () => {
			const { body } = await call<RunRecord>('GET', `${url}/v1/runs/${run}`)
			return body.phase === 'waiting_approval' && body.approvals?.[0]?.id
		},
		{ what: `${run} waits for an approval` },
	)

const command = ({ url }: TestServer, ...args: string[]) => runBinary(['approvals', ...args], { env: { MSE_URL: url } })

test('a run that waits for an approval waits for the same one after kill -9, and the command line grants it', async () => {
	await using server = await startTestServer()
	const run = await launch(server)
	const id = await waitingOf(server, run)
	for (let life = 0; life < 3; life++) {
		await server.restart()
		expect(await waitingOf(server, run)).toBe(id)
	}
	const listed = await command(server, 'ls')
	expect([listed.code, listed.stdout]).toEqual([0, expect.stringMatching(new RegExp(`\\n${id} +pending +step_spawn +step allowed `))])
	const wrong = await command(server, 'approve', String(id), '--field', 'tier=z')
	expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('does not fit its form')])
	const granted = await command(server, 'approve', String(id), '--by', 'ada', '--field', 'tier=a', '--note', 'fine')
	expect([granted.code, granted.stdout]).toEqual([0, `approval ${id} is approved\n`])
	expect((await untilEnded(server.url, run)).status).toBe('done')
	const kinds = (await readLog(server.url)).filter(({ kind }) => kind.startsWith('approval.')).map(({ kind }) => kind)
	expect(kinds).toEqual(['approval.requested', 'approval.granted', 'approval.approved'])
})

test('a deadline that passes while the server is down is kept when it is back', async () => {
	await using server = await startTestServer({ args: ['--approvals-deadline-secs', '1'] })
	const run = await launch(server)
	const id = await waitingOf(server, run)
	const { body } = await call<ApprovalRecord>('GET', `${server.url}/v1/approvals/${id}`)
	await server.kill('SIGKILL')
	await eventually(() => Date.now() > (body.deadline_at ?? 0), { what: 'the deadline passes' })
	await server.restart()
	const ended = await untilEnded(server.url, run)
	expect([ended.status, (ended.result_ref as { error: { code: string } }).error.code]).toEqual(['failed', 'approval_denied'])
})

for (const [point, committed] of [
	['approval.before_claim:1', false],
	['approval.after_claim:1', false],
	['approval.before_end:1', true],
	['approval.after_end:1', true],
] as const)
	test(`a gated commit whose server dies at ${point} is ${committed ? 'made once' : 'not made'}, and its approval says so`, async () => {
		verifies('08.63')
		await using server = await startTestServer({ args: ['--gate-blueprints', 'approval'] })
		const commits = `${server.url}/v1/blueprints/asking`
		const { body } = await call<{ approval_id: number }>('POST', commits, { json: asking })
		const approval = `${server.url}/v1/approvals/${body.approval_id}`
		expect(await server.restartDoomed({ MSE_FAULT: point })).toBe(true)
		await call('POST', `${approval}/approve`).catch(() => null)
		await server.ended
		await server.restart()
		const after = (await call<ApprovalRecord>('GET', approval)).body
		const claimed = point !== 'approval.before_claim:1'
		expect([after.status, after.note]).toEqual([
			committed ? 'approved' : claimed ? 'failed' : 'pending',
			claimed && !committed ? 'interrupted by restart' : null,
		])
		const history = await call<{ entries: unknown[] }>('GET', `${commits}/history`)
		expect(history.body.entries).toHaveLength(committed ? 1 : 0)
		const ends = (await readLog(server.url)).filter(({ kind }) => ['approval.approved', 'approval.failed'].includes(kind))
		expect(ends).toHaveLength(claimed ? 1 : 0)
	})
