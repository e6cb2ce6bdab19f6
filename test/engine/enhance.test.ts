import { describe, expect, test } from 'bun:test'
import { buildApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import { newIssue } from '../../src/core/enhance/issue.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { newIssueId } from '../../src/kernel/id.ts'
import { openBlobs } from '../../src/store/sqlite/blob.ts'
import { SqliteBlueprintStore } from '../../src/store/sqlite/blueprint-store.ts'
import { SqliteDatabase } from '../../src/store/sqlite/database.ts'
import { better, patchOf, target } from '../core/enhance/support.ts'
import { type AppWorld, appWorld } from '../support/app-world.ts'
import { eventually } from '../support/eventually.ts'
import { parsedBlueprint } from '../support/parsed-blueprint.ts'
import { tempDir } from '../support/temp-dir.ts'
import { verifies } from '../support/verifies.ts'

const on = { 'enable-enhance-flow': 'true' }
const issueOf = (intent: string) => ({ blueprint_id: 'greeter', intent })

/** Somebody who answers each request to write a patch with the next of these. */
async function patchWriter(world: AppWorld, ...patches: readonly unknown[]) {
	const operator = await world.connect(await world.join(['main-ai']))
	const prompts: string[] = []
	const answering = (async () => {
		for (const patch of patches) {
			const { req_id, task_id, worker_handle } = await operator.next('spawn')
			const headers = { authorization: `Bearer ${worker_handle}` }
			prompts.push((await world.call('GET', `/v1/worker/prompt?task_id=${task_id}`, undefined, headers)).body.prompt)
			operator.say({ type: 'spawn_ack', req_id, value: patch as never, ok: true })
		}
	})()
	return { prompts, answered: answering, close: () => operator.close() }
}

const ended = (world: AppWorld, id: string) =>
	eventually(
		async () => {
			const { body } = await world.call('GET', `/v1/issues/${id}`)
			return body.status === 'applied' || body.status === 'rejected' ? body : null
		},
		{ what: `issue ${id} ends` },
	)

async function post(world: AppWorld, intent: string): Promise<string> {
	return (await world.call('POST', '/v1/issues', issueOf(intent))).body.issue_id
}

describe('with the enhance flow', () => {
	test('whoever is main-ai writes the patch, and what the checks accept is the new head', async () => {
		verifies('06.25', '06.131')
		await using world = await appWorld({ flags: on })
		await world.call('POST', '/v1/blueprints/greeter', target)
		const id = await post(world, 'greet twice')
		const writer = await patchWriter(world, better, JSON.stringify(patchOf({ op: 'replace', path: '/agents/0/kind', value: 'wizard' })))
		expect(await ended(world, id)).toMatchObject({ status: 'applied', attempt: 1, reason: null })
		expect(JSON.parse(String(writer.prompts[0]))).toMatchObject({
			issue: { intent: 'greet twice' },
			verifiers: ['des', 'canonical', 'noop', 'agent-ref', 'compile'],
		})
		const { entries } = (await world.call('GET', '/v1/blueprints/greeter/history')).body
		expect(entries[0]).toMatchObject({
			author: 'enhance',
			rationale: expect.stringContaining(`because\n\nIssue ${id}: greet twice\nRun R-`),
		})
		const second = await post(world, 'be a wizard')
		expect(await ended(world, second)).toMatchObject({ status: 'rejected', reason: expect.stringMatching(/^verifier deny: .*compile: /) })
		expect((await world.call('GET', `/v1/enhance/log/${second}`)).body).toMatchObject({
			status: 'rejected',
			new_hash: '',
			rationale: 'because',
		})
		await writer.close()
	})

	test('an issue waits for an operator, is seen in its run, and ends when that is cancelled', async () => {
		await using world = await appWorld({ flags: on })
		await world.call('POST', '/v1/blueprints/greeter', target)
		const id = await post(world, 'greet')
		const run = await eventually(async () => (await world.call('GET', `/v1/issues/${id}`)).body.run_id, { what: 'it has a run' })
		const shown = () => world.call('GET', `/v1/runs/${run}`)
		await eventually(async () => (await shown()).body.phase === 'waiting', { what: 'the run waits for somebody' })
		expect((await shown()).body).toMatchObject({ status: 'running', blueprint_id: 'enhance-default' })
		await world.call('POST', `/v1/runs/${run}/cancel`)
		expect((await ended(world, id)).reason).toBe(`dispatch failed: run ${run} was cancelled: The run was cancelled over the API.`)
		expect((await world.call('POST', `/v1/issues/${id}/retry`)).body.status).toBe('pending')
	})

	test('an issue says that its run was interrupted, and goes on when that is resumed or cancelled', async () => {
		using dir = tempDir()
		const flags = new Map(Object.entries({ ...on, 'hive-enabled': 'false' }).map(([name, value]) => [name, [value]]))
		const config = loadConfig({ flags, env: {}, readFile: () => undefined })
		const openApp = async () => {
			const app = await buildApp({ config, dataDir: dir.path, blueprintStore: 'database' })
			const { url } = await app.listen({ hostname: '127.0.0.1', port: 0 })
			const call = async (method: string, path: string) => {
				const text = await (await fetch(url + path, { method })).text()
				return text === '' ? {} : JSON.parse(text)
			}
			return { ...app, call, shown: (id: string) => call('GET', `/v1/issues/${id}`) }
		}
		const interrupted = 'The disk gave out. Resume run R or cancel it.'
		const ids: string[] = []
		{
			const app = await openApp()
			for (const id of ['greeter', 'other']) {
				const document = { ...target, id }
				const blueprint = parsedBlueprint(document)
				await app.engine.blueprints.commit({ id, document, blueprint, author: 'somebody', message: 'by hand' })
				const issue = newIssue({ blueprint_id: id, intent: 'greet twice' }, newIssueId(), 0)
				await app.engine.enhance.addIssue(issue)
				ids.push(issue.id)
				const runId = await eventually(async () => (await app.shown(issue.id)).run_id, { what: 'it has a run' })
				await eventually(async () => (await app.call('GET', `/v1/runs/${runId}`)).phase === 'waiting', { what: 'the run waits' })
				expect(await app.shown(issue.id)).not.toHaveProperty('interrupted')
				const data = { code: 'storage_damaged', message: 'The disk gave out.' }
				await app.engine.runs.changeStatus(runId, {
					...{ from: ['running'], to: 'interrupted', result: { error: data }, events: [{ kind: 'run.interrupted', runId, data }] },
				})
				expect(await app.shown(issue.id)).toMatchObject({ status: 'in_flight', interrupted: interrupted.replace(' R ', ` ${runId} `) })
			}
			await app.stop()
		}
		const app = await openApp()
		try {
			const [resumed = '', cancelled = ''] = ids
			const [{ run_id: first }, { run_id: second, interrupted: why }] = [await app.shown(resumed), await app.shown(cancelled)]
			expect(why).toBe(interrupted.replace(' R ', ` ${second} `))
			await app.call('POST', `/v1/runs/${first}/resume`)
			await eventually(async () => (await app.shown(resumed)).interrupted === undefined, { what: 'it is at work again' })
			for (const run of [first, second]) await app.call('POST', `/v1/runs/${run}/cancel`)
			for (const id of ids) await eventually(async () => (await app.shown(id)).status === 'rejected', { what: 'it ends' })
		} finally {
			await app.stop()
		}
	})

	test('the functions run as steps of kind lua too, in the words of mlua-swarm', async () => {
		verifies('06.132')
		await using world = await appWorld({ flags: on })
		await world.call('POST', '/v1/blueprints/greeter', target)
		const seeded = JSON.stringify((await world.call('GET', '/v1/blueprints/enhance-default/head')).body.blueprint)
		const blueprint = JSON.parse(seeded.replaceAll('"rust_fn"', '"lua"'))
		const spawner = { name: 'any', kind: 'operator', spec: { operator_ref: 'main-ai' }, profile: { system_prompt: 'Write a patch.' } }
		const saved = await world.call('POST', '/v1/enhance-settings', { id: 'default', blueprint, ttl_secs: 60, spawner })
		expect(saved.status).toBe(201)
		const writer = await patchWriter(world, better)
		const issue = await ended(world, await post(world, 'greet twice'))
		expect(issue).toMatchObject({ status: 'applied' })
		const { steps } = (await world.call('GET', `/v1/runs/${issue.run_id}/steps`)).body
		expect(steps.map(({ agent, step_ref }: { agent?: string; step_ref?: string }) => agent ?? step_ref)).toContain('verifier-router')
		await writer.close()
	})

	test('setting and Blueprint are seeded once, and what somebody made of them stays', async () => {
		using dir = tempDir()
		{
			await using world = await appWorld({ dir: dir.path, flags: on })
			expect((await world.call('GET', '/v1/enhance-settings/default')).body).toMatchObject({
				blueprint_id: 'enhance-default',
				ttl_secs: 3600,
			})
			const { blueprint } = (await world.call('GET', '/v1/blueprints/enhance-default/head')).body
			const mine = { ...blueprint, metadata: { ...blueprint.metadata, version_label: '1.1.0' } }
			expect((await world.call('POST', '/v1/blueprints/enhance-default', mine)).body.diagnostics).toEqual([])
			await world.call('POST', '/v1/enhance-settings', { id: 'default', blueprint: mine, ttl_secs: 7 })
		}
		await using world = await appWorld({ dir: dir.path, flags: on })
		expect((await world.call('GET', '/v1/enhance-settings/default')).body.ttl_secs).toBe(7)
		expect((await world.call('GET', '/v1/blueprints/enhance-default/head')).body.blueprint.metadata.version_label).toBe('1.1.0')
	})

	test('a run that takes longer than the setting allows is stopped, and its issue rejected', async () => {
		verifies('06.133')
		await using world = await appWorld({ flags: on })
		await world.call('POST', '/v1/blueprints/greeter', target)
		const { blueprint } = (await world.call('GET', '/v1/blueprints/enhance-default/head')).body
		const spawner = { name: 'slow', kind: 'rust_fn', spec: { fn_id: 'sleep', ms: 60_000 } }
		await world.call('POST', '/v1/enhance-settings', { id: 'default', blueprint, ttl_secs: 1, spawner })
		const issue = await ended(world, await post(world, 'take your time'))
		expect(issue.reason).toMatch(/^dispatch failed: run R-\S+ failed: /)
		expect((await world.call('GET', `/v1/runs/${issue.run_id}`)).body).toMatchObject({
			status: 'failed',
			result_ref: { error: { code: 'run_ttl' } },
		})
	})
})

test('a Blueprint store of somebody else takes the commits of issues too', async () => {
	const db = new SqliteDatabase({ path: ':memory:', clock: systemClock })
	using _ = db
	const theirs = new SqliteBlueprintStore(db, openBlobs(undefined))
	const config = loadConfig({ flags: new Map([['enable-enhance-flow', ['true']]]), env: {}, readFile: () => undefined })
	const operatorFactory = new Map([['main-ai', () => ({ final: { value: better, ok: true } })]])
	const app = await buildApp({ config, blueprintStore: theirs, operatorFactory })
	try {
		await app.recover()
		const blueprint = parsedBlueprint(target)
		await theirs.commit({ id: 'greeter', document: target, blueprint, author: 'somebody', message: 'by hand' })
		const issue = newIssue(issueOf('greet twice'), newIssueId(), 0)
		await app.engine.enhance.addIssue(issue)
		const applied = await eventually(
			async () => {
				const found = await app.engine.enhance.issue(issue.id)
				return found?.status === 'applied' ? found : null
			},
			{ what: 'the issue is applied' },
		)
		expect(await theirs.headCommit('greeter')).toMatchObject({ author: 'enhance', hash: applied.newVersion ?? '' })
		expect(await app.engine.pins.headCommit('greeter')).toBeNull()
	} finally {
		await app.stop()
	}
})

test('without the enhance flow nothing is seeded, and issues stay pending', async () => {
	await using world = await appWorld()
	const id = await post(world, 'greet')
	expect((await world.call('GET', '/v1/enhance-settings')).body).toEqual([])
	expect((await world.call('GET', '/v1/blueprints')).body.blueprints).toEqual([expect.objectContaining({ id: 'main' })])
	expect((await world.call('GET', `/v1/issues/${id}`)).body.status).toBe('pending')
})

for (const gate of [{ 'enhance-approval': 'true' }, { 'gate-blueprints': 'approval' }] as const)
	test(`with ${Object.keys(gate)} a verified change waits for an approval, and a deny rejects its issue`, async () => {
		await using world = await appWorld({ flags: { ...on, ...gate } })
		const { status, body } = await world.call('POST', '/v1/blueprints/greeter', target)
		if (status === 202) await world.call('POST', `/v1/approvals/${body.approval_id}/approve`)
		const writer = await patchWriter(world, better, better)
		const asked = async () => {
			const waiting = async () => (await world.call('GET', '/v1/approvals?status=pending')).body.approvals[0]
			return eventually(waiting, { what: 'an approval waits' })
		}
		const denied = await post(world, 'greet twice')
		const question = await asked()
		expect(question).toMatchObject({ kind: 'custom', subject: { type: 'issue', id: denied }, requester: 'enhance' })
		await world.call('POST', `/v1/approvals/${question.id}/deny`, { by: 'ada', note: 'not now' })
		expect(await ended(world, denied)).toMatchObject({ status: 'rejected', reason: 'approval denied by ada: not now' })
		const granted = await post(world, 'greet twice')
		await world.call('POST', `/v1/approvals/${(await asked()).id}/approve`, { by: 'ada' })
		expect(await ended(world, granted)).toMatchObject({ status: 'applied' })
		await writer.close()
	})
