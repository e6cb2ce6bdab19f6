import { describe, expect, test } from 'bun:test'
import { ISSUE_FAULT_NAMES } from '../../src/kernel/fault.ts'
import type { EnhanceLogEntry, GetIssueResponse } from '../../src/protocol/enhance.ts'
import type { RunRecord } from '../../src/protocol/run.ts'
import { better, patchOf, target, targetHash } from '../core/enhance/support.ts'
import { eventually } from '../support/eventually.ts'
import { call, callUntilAnswered } from './support/api.ts'
import { runBinary } from './support/binary.ts'
import { readLog } from './support/event-reader.ts'
import { faultsOfOperator, faultsOfRuns } from './support/history.ts'
import { httpWorker, joinOperator } from './support/operator.ts'
import { startTestServer } from './support/server.ts'

/** A server with a Blueprint to improve, and somebody who answers every request for a patch. */
async function world(answer: () => unknown = () => better) {
	const server = await startTestServer({ args: ['--enable-enhance-flow', '--recovery-max', '1000'] })
	const { url } = server
	await call('POST', `${url}/v1/blueprints/greeter`, { json: target })
	const operator = await joinOperator({ url, work: httpWorker(url, () => JSON.stringify(answer())) })
	const get = async <T>(path: string): Promise<T> => (await callUntilAnswered<T>('GET', `${url}${path}`)).body
	return {
		...{ server, url, operator, get },
		/** Whoever does not hear the answer posts again, under the same key. */
		async post(intent = 'greet twice'): Promise<string> {
			const headers = { 'idempotency-key': intent.replaceAll(' ', '-') }
			const { body } = await callUntilAnswered<GetIssueResponse>('POST', `${url}/v1/issues`, {
				json: { blueprint_id: 'greeter', intent },
				headers,
			})
			return body.issue_id
		},
		ended: (id: string) =>
			eventually(
				async () => {
					const issue = await get<GetIssueResponse>(`/v1/issues/${id}`)
					return issue.status === 'applied' || issue.status === 'rejected' ? issue : null
				},
				{ what: `issue ${id} ends` },
			),
		async history(): Promise<readonly (readonly [string, string])[]> {
			const { entries } = await get<{ entries: { author: string; hash: string }[] }>('/v1/blueprints/greeter/history')
			return entries.map(({ author, hash }) => [author, hash] as const)
		},
		async [Symbol.asyncDispose]() {
			await operator[Symbol.asyncDispose]()
			await server[Symbol.asyncDispose]()
		},
	}
}

type World = Awaited<ReturnType<typeof world>>

/** One commit, one log entry, one run, each step recorded once, each request worked on once. */
async function expectAppliedOnce(there: World, id: string): Promise<void> {
	const issue = await there.ended(id)
	expect(issue).toMatchObject({ status: 'applied', attempt: 1, reason: null })
	const [newest, ...older] = await there.history()
	expect([newest, older.map(([, hash]) => hash)]).toEqual([['enhance', issue.new_version ?? ''], [targetHash]])
	expect((await there.get<EnhanceLogEntry[]>('/v1/enhance/log')).map(({ issue_id, status }) => [issue_id, status])).toEqual([
		[id, 'applied'],
	])
	expect((await there.get<{ issues: unknown[] }>('/v1/issues')).issues).toHaveLength(1)
	const { runs } = await there.get<{ runs: RunRecord[] }>('/v1/runs')
	expect(runs.map((run) => [run.id, run.status])).toEqual([[issue.run_id ?? '', 'done']])
	const log = await readLog(there.url)
	expect([faultsOfRuns(log), faultsOfOperator([...there.operator.asked.values()])]).toEqual([[], []])
	expect(log.filter(({ kind }) => kind.startsWith('issue.') && kind !== 'issue.setting_saved').map(({ kind }) => kind)).toEqual([
		...['issue.posted', 'issue.taken', 'issue.applied'],
	] as never)
}

test('an issue becomes a verified commit, written by whoever is main-ai', async () => {
	await using there = await world()
	const env = { MSE_URL: there.url }
	const posted = await runBinary(['issues', 'post', 'greeter', 'greet twice'], { env })
	const id = posted.stdout.trim()
	await expectAppliedOnce(there, id)
	const shown = await runBinary(['issues', 'show', id], { env })
	expect(shown.stdout).toMatch(/status +applied[\s\S]*rationale +because[\s\S]*compile +pass +it compiles/)
	const head = await there.get<{ blueprint: unknown }>('/v1/blueprints/greeter/head')
	expect(head.blueprint).toMatchObject({
		agents: [{ profile: { system_prompt: 'Say hello twice.' } }],
		metadata: { version_label: '0.4.0' },
	})
})

test('a patch that does not compile is rejected, and a retry with a better one is applied', async () => {
	let patch = patchOf({ op: 'replace', path: '/flow/ref', value: 'nobody' })
	await using there = await world(() => patch)
	const id = await there.post()
	expect(await there.ended(id)).toMatchObject({
		status: 'rejected',
		reason: expect.stringMatching(/^verifier deny: agent-ref: .*compile: /),
	})
	expect(await there.history()).toHaveLength(1)
	patch = better
	expect((await call('POST', `${there.url}/v1/issues/${id}/retry`)).status).toBe(200)
	expect((await there.ended(id)).status).toBe('applied')
	expect(await there.history()).toHaveLength(2)
})

describe('a server that dies at', () => {
	const commits = Array.from({ length: 8 }, (_, index) => index + 1).flatMap((n) => [
		`commit.before_commit:${n}`,
		`commit.after_commit:${n}`,
	])
	const frames = [
		'frame.before_send',
		'frame.after_send',
		'submit.before_append',
		'submit.after_append',
		'reply.before_write',
		'reply.after_write',
	]
	for (const point of [...ISSUE_FAULT_NAMES, 'issue.verified:3', ...frames, ...commits])
		test(`${point} loses no issue and commits once`, async () => {
			await using there = await world()
			const { server } = there
			const listens = await server.restartDoomed({ MSE_FAULT: point })
			const posted = there.post()
			// A point that the work on this issue does not come by as often is no death, and is one when the issue has ended.
			if (listens) await Promise.race([server.ended, posted.then(there.ended)])
			expect(await server.kill('SIGKILL')).toBe('SIGKILL')
			await server.restart()
			await expectAppliedOnce(there, await posted)
		}, 30_000)
})
