import { expect, test } from 'bun:test'
import { newIssue } from '../../../../src/core/enhance/issue.ts'
import { toLogEntry } from '../../../../src/core/enhance/log.ts'
import { newRunId } from '../../../../src/kernel/id.ts'
import { minimal } from '../../../support/parsed-blueprint.ts'
import { verifies } from '../../../support/verifies.ts'
import { httpWorld } from '../support.ts'

const wish = { blueprint_id: 'b', intent: 'be shorter' }
const setting = (over: object = {}) => ({ id: 'default', blueprint: minimal(), ttl_secs: 60, ...over })

test('an issue is taken down for any Blueprint, and stays pending', async () => {
	verifies('06.127', '06.128')
	await using world = httpWorld()
	const posted = await world.call('POST', '/v1/issues', wish)
	expect([posted.status, posted.body]).toEqual([201, { issue_id: expect.stringMatching(/^h-[0-9a-f-]{36}$/), status: 'pending' }])
	const { issue_id } = posted.body
	const shown = await world.call('GET', `/v1/issues/${issue_id}`)
	expect([shown.status, shown.body]).toEqual([
		200,
		{ issue_id, status: 'pending', ...wish, reason: null, new_version: null, run_id: null, attempt: 0 },
	])
	expect((await world.call('GET', '/v1/issues?status=pending&blueprint_id=b')).body).toEqual({ issues: [shown.body] })
	expect((await world.call('GET', '/v1/issues?status=applied')).body).toEqual({ issues: [] })
})

test('an issue posted again under the same key is the same issue', async () => {
	await using world = httpWorld()
	const post = (key: string, body: object = wish) => world.call('POST', '/v1/issues', body, { 'idempotency-key': key })
	const [first, again, other] = [await post('k'), await post('k'), await post('l')]
	expect([again.status, again.body]).toEqual([201, first.body])
	expect(other.body.issue_id).not.toBe(first.body.issue_id)
	expect((await post('k', { ...wish, intent: 'else' })).body.code).toBe('idempotency_mismatch')
	expect((await world.call('GET', '/v1/issues')).body.issues).toHaveLength(2)
})

test('an issue without intent is 400, without keys 422, an unknown one 404', async () => {
	await using world = httpWorld()
	const blank = await world.call('POST', '/v1/issues', { ...wish, intent: ' \n' })
	expect([blank.status, blank.body.error]).toEqual([400, 'intent must be non-empty'])
	expect((await world.call('POST', '/v1/issues', { intent: 'x' })).status).toBe(422)
	expect((await world.call('GET', '/v1/issues?status=open')).status).toBe(400)
	expect((await world.call('GET', '/v1/issues/h-nobody')).body.code).toBe('unknown_issue')
	expect((await world.call('GET', '/v1/issues')).body.issues).toEqual([])
})

test('what became of an issue is in the log', async () => {
	verifies('06.130')
	await using world = httpWorld()
	const { issue_id } = (await world.call('POST', '/v1/issues', wish)).body
	expect((await world.call('GET', '/v1/enhance/log')).body).toEqual([])
	expect((await world.call('GET', `/v1/enhance/log/${issue_id}`)).status).toBe(404)
	await world.enhance.takeIssue(newRunId())
	const applied = { status: 'applied', newVersion: 'new' } as const
	const found = { prevHash: 'old', rationale: 'shorter', verdicts: [{ axis: 'noop', status: 'pass', detail: 'd' }], reasons: [] } as const
	await world.enhance.settleIssue(issue_id, applied, toLogEntry(newIssue(wish, issue_id, 1), applied, found, 5))
	const entry = {
		...{ issue_id, ...wish, prev_hash: 'old', new_hash: 'new', rationale: 'shorter', status: 'applied', reasons: [], ts_ms: 5 },
		verdicts: [{ axis: 'noop', status: 'pass', detail: 'd' }],
	}
	expect((await world.call('GET', `/v1/enhance/log/${issue_id}`)).body).toEqual(entry)
	expect((await world.call('GET', '/v1/enhance/log?blueprint_id=b')).body).toEqual([entry])
	expect((await world.call('GET', '/v1/enhance/log?blueprint_id=c')).body).toEqual([])
	expect((await world.call('GET', `/v1/issues/${issue_id}`)).body).toMatchObject({ status: 'applied', new_version: 'new' })
})

test('a rejected issue can be tried again, another one is 409', async () => {
	verifies('06.128')
	await using world = httpWorld()
	const { issue_id } = (await world.call('POST', '/v1/issues', wish)).body
	const retry = (id: string) => world.call('POST', `/v1/issues/${id}/retry`)
	expect((await retry('h-nobody')).body.code).toBe('unknown_issue')
	expect([(await retry(issue_id)).status, (await retry(issue_id)).body.code]).toEqual([409, 'issue_not_rejected'])
	const run = newRunId()
	await world.enhance.takeIssue(run)
	await world.enhance.settleIssue(issue_id, { status: 'rejected', reason: 'no' }, null)
	expect((await world.call('GET', `/v1/issues/${issue_id}`)).body).toMatchObject({
		status: 'rejected',
		reason: 'no',
		run_id: run,
		attempt: 1,
	})
	expect(await retry(issue_id)).toMatchObject({ status: 200, body: { status: 'pending', reason: null, run_id: run, attempt: 0 } })
})

test('a setting has its defaults, commits its Blueprint once, and replaces the one before', async () => {
	verifies('01.C125')
	await using world = httpWorld()
	const created = await world.call('POST', '/v1/enhance-settings', setting())
	const kept = {
		...{ id: 'default', blueprint_id: 'm', ttl_secs: 60, version: { kind: 'latest' }, meta: {} },
		verifier_axes: ['des', 'canonical', 'noop', 'agent-ref'],
	}
	expect([created.status, created.body]).toEqual([201, kept])
	expect((await world.call('GET', '/v1/enhance-settings/default')).body).toEqual(kept)
	const spawner = { name: 'patch-spawner', kind: 'operator', spec: { operator_ref: 'main' } }
	const other = { ttl_secs: 5, version: { kind: 'semver_req', req: '^1' }, verifier_axes: ['noop'], meta: { a: 1 }, spawner }
	const replaced = await world.call('POST', '/v1/enhance-settings', setting(other))
	expect([replaced.status, replaced.body]).toEqual([201, { id: 'default', blueprint_id: 'm', ...other }])
	expect((await world.call('GET', '/v1/enhance-settings')).body).toEqual(['default'])
	const { entries } = (await world.call('GET', '/v1/blueprints/m/history')).body
	expect(entries).toMatchObject([{ author: 'enhance', rationale: expect.stringContaining('default') }])
})

test('zero seconds, a wrong Blueprint or spawner is 400 on POST and PUT, with nothing stored', async () => {
	verifies('01.C126')
	await using world = httpWorld()
	const wrong = [{ ttl_secs: 0 }, { blueprint: { id: 'm' } }, { spawner: { name: 'x' } }]
	for (const over of wrong) expect((await world.call('POST', '/v1/enhance-settings', setting(over))).status).toBe(400)
	expect((await world.call('GET', '/v1/enhance-settings')).body).toEqual([])
	expect((await world.call('GET', '/v1/blueprints/m/head')).status).toBe(404)
	await world.call('POST', '/v1/enhance-settings', setting())
	for (const over of wrong) expect((await world.call('PUT', '/v1/enhance-settings/default', setting(over))).status).toBe(400)
	expect((await world.call('PUT', '/v1/enhance-settings/default', setting({ ttl_secs: -1 }))).status).toBe(422)
	expect((await world.call('GET', '/v1/enhance-settings/default')).body.ttl_secs).toBe(60)
	const put = await world.call('PUT', '/v1/enhance-settings/default', setting({ ttl_secs: 1 }))
	expect([put.status, put.body.ttl_secs]).toEqual([200, 1])
})

test('a setting under another id is 400, an unknown one 404, an archived Blueprint 409', async () => {
	verifies('06.129')
	await using world = httpWorld()
	expect((await world.call('PUT', '/v1/enhance-settings/other', setting())).status).toBe(400)
	for (const method of ['GET', 'DELETE', 'PUT']) {
		const answer = await world.call(method, '/v1/enhance-settings/default', method === 'PUT' ? setting() : undefined)
		expect([answer.status, answer.body.error]).toEqual([404, 'enhance setting not found: default'])
	}
	await world.call('POST', '/v1/enhance-settings', setting())
	expect((await world.call('DELETE', '/v1/enhance-settings/default')).status).toBe(204)
	expect((await world.call('GET', '/v1/enhance-settings')).body).toEqual([])
	await world.call('DELETE', '/v1/blueprints/m')
	expect((await world.call('POST', '/v1/enhance-settings', setting({ ttl_secs: 7 }))).status).toBe(409)
	expect((await world.call('GET', '/v1/enhance-settings')).body).toEqual([])
})
