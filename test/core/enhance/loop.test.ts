import { describe, expect, test } from 'bun:test'
import type { GateAnswer, GateQuestion } from '../../../src/core/enhance/gate.ts'
import { orbitBlueprint } from '../../../src/core/enhance/orbit.ts'
import { saveSetting } from '../../../src/core/enhance/setting.ts'
import { raceAbort } from '../../../src/kernel/abort.ts'
import { MseError } from '../../../src/kernel/error.ts'
import type { EnhanceSettingInput } from '../../../src/protocol/enhance.ts'
import { eventually } from '../../support/eventually.ts'
import { verifies } from '../../support/verifies.ts'
import { finalCtxOf, loopWorld } from './loop-world.ts'
import { better, patchOf, target, targetHash } from './support.ts'

describe('an issue', () => {
	test('becomes a commit that says why, what for and what was found', async () => {
		await using world = await loopWorld()
		const id = await world.post()
		const order = await world.order(id)
		expect(order).toMatchObject({
			reference: { kind: 'id', id: 'enhance-default', version: { kind: 'latest' } },
			goal: 'enhance greeter: be warmer',
			ttlSecs: 3600,
			initCtx: {
				issue: { issue_id: id, blueprint_id: 'greeter', intent: 'be warmer' },
				prev_hash: targetHash,
				epoch_id: { blueprint_id: 'greeter', start_version: targetHash },
				verifiers: ['des', 'canonical', 'noop', 'agent-ref', 'compile'],
			},
		})
		expect(Bun.YAML.parse(String(order.initCtx.prev_bp_yaml))).toEqual(target)
		world.answer(order, better)
		const issue = await world.settled(id)
		const head = await world.blueprints.head('greeter')
		expect(issue).toMatchObject({ status: 'applied', newVersion: head?.commit.hash, runId: order.runId, attempt: 1 })
		expect(head?.document).toMatchObject({
			agents: [{ profile: { system_prompt: 'Say hello twice.' } }],
			metadata: { version_label: '0.4.0' },
		})
		expect(head?.commit).toMatchObject({ author: 'enhance', parent: targetHash, versionLabel: '0.4.0' })
		expect(head?.commit.message).toMatch(
			new RegExp(
				`^because\n\nIssue ${id}: be warmer\nRun ${order.runId}\nVerdicts\n  des: pass, .*\n(.*\n){3}  compile: pass, it compiles$`,
			),
		)
		expect(await world.enhance.logOf(id)).toMatchObject({
			status: 'applied',
			prev_hash: targetHash,
			new_hash: issue.newVersion,
			rationale: 'because',
		})
	})

	test('has to compile whoever writes its patch, unless the setting names checks of its own', async () => {
		verifies('06.134')
		await using world = await loopWorld()
		const save = async (over: object) =>
			saveSetting(world, { id: 'default', blueprint: orbitBlueprint, ttl_secs: 60, ...over } as EnhanceSettingInput)
		await save({})
		const { initCtx } = await world.order(await world.post())
		expect(initCtx.verifiers).toEqual(['des', 'canonical', 'noop', 'agent-ref', 'compile'])
		await save({ verifier_axes: ['noop'] })
		expect((await world.order(await world.post('enhance-default'))).initCtx.verifiers).toEqual(['noop'])
	})

	test('is rejected with the reasons of all who denied, and the head stays', async () => {
		await using world = await loopWorld()
		const id = await world.post()
		world.answer(await world.order(id), patchOf({ op: 'replace', path: '/flow/ref', value: 'nobody' }))
		expect(await world.settled(id)).toMatchObject({ status: 'rejected', reason: "verifier deny: agent-ref: no agent is named 'nobody'" })
		expect(await world.enhance.logOf(id)).toMatchObject({
			status: 'rejected',
			new_hash: '',
			reasons: ["agent-ref: no agent is named 'nobody'"],
		})
		expect((await world.blueprints.headCommit('greeter'))?.hash).toBe(targetHash)
	})

	test('that is tried again tells its next run what was wrong before', async () => {
		await using world = await loopWorld()
		const id = await world.post()
		world.answer(await world.order(id), patchOf())
		await world.settled(id)
		await world.enhance.retryIssue(id)
		const again = await world.order(id, 2)
		expect(again.initCtx.previous).toEqual({ rationale: 'because', reasons: ['noop: nothing changed'] })
		world.answer(again, better)
		expect((await world.settled(id)).status).toBe('applied')
	})

	test.each([
		['its run failed', { failure: 'failed: no money' }, /^dispatch failed: run R-\S+ failed: no money$/],
		['nothing was decided', { finalCtx: { patch: 1 } }, /^dispatch failed: commit shape: /],
	])('is rejected without a log entry when %s', async (_, end, reason) => {
		await using world = await loopWorld()
		const id = await world.post()
		world.end(await world.order(id), end)
		expect(await world.settled(id)).toMatchObject({ status: 'rejected', reason: expect.stringMatching(reason) })
		expect(await world.enhance.logOf(id)).toBeNull()
	})

	test('is rejected when a committer claims another version or another Blueprint', async () => {
		await using world = await loopWorld()
		for (const [claim, reason] of [
			[{ new_version: 'elsewhere' }, 'dispatch failed: commit: new_version is elsewhere'],
			[{ new_bp_json: { id: 'x' } }, 'dispatch failed: blueprint parse'],
		] as const) {
			const id = await world.post()
			const order = await world.order(id)
			const { commit } = finalCtxOf(order, better) as { commit: object }
			world.end(order, { finalCtx: { commit: { ...commit, ...claim } } })
			expect((await world.settled(id)).reason).toContain(reason)
		}
		expect((await world.blueprints.headCommit('greeter'))?.hash).toBe(targetHash)
	})

	test('is rejected at once when there is no such Blueprint, or no setting', async () => {
		await using world = await loopWorld()
		expect((await world.settled(await world.post('nobody'))).reason).toBe('dispatch failed: There is no Blueprint nobody.')
		await world.enhance.removeSetting('default')
		expect((await world.settled(await world.post())).reason).toBe('dispatch failed: setting store: not found: default')
	})

	test('is worked on by the spawner of the setting, under the name of the one it replaces', async () => {
		await using world = await loopWorld()
		const setting = await world.enhance.setting('default')
		if (!setting) throw new Error('nothing was seeded')
		await world.enhance.putSetting({ ...setting, spawner: { name: 'mine', kind: 'subprocess', spec: { program: 'true' } } })
		const { reference } = await world.order(await world.post())
		expect(reference).toMatchObject({ kind: 'inline', raw: { agents: [{ name: 'patch-spawner', kind: 'subprocess' }, {}, {}, {}] } })
		await world.commit({ ...target, id: 'plain' })
		await world.enhance.putSetting({ ...setting, blueprint_id: 'plain', spawner: { name: 'mine', kind: 'subprocess' } })
		expect((await world.settled(await world.post('plain'))).reason).toContain('Blueprint plain has no agent named patch-spawner')
	})
})

test('an issue whose run is interrupted leaves its turn to others until that is taken up again', async () => {
	await using world = await loopWorld({ concurrency: 1 })
	for (const id of ['second', 'third']) await world.commit({ ...target, id })
	const stuck = await world.post()
	const order = await world.order(stuck)
	const others = [await world.post('second'), await world.post('third')] as const
	world.interrupt(order, true)
	world.answer(await world.order(others[0]), patchOf())
	await world.settled(others[0])
	await world.order(others[1])
	expect(await world.enhance.issue(stuck)).toMatchObject({ status: 'in_flight' })
	world.interrupt(order, false)
	world.answer(order, better)
	expect(await world.settled(stuck)).toMatchObject({ status: 'applied' })
})

describe('when somebody else moves the head meanwhile', () => {
	const byHand = (n: number) => ({ ...target, metadata: { version_label: `0.3.${n}` } })

	test('the issue is worked on anew, on top of that', async () => {
		verifies('06.134')
		await using world = await loopWorld()
		const id = await world.post()
		const first = await world.order(id)
		const { commit } = await world.commit(byHand(5))
		world.answer(first, better)
		const second = await world.order(id, 2)
		expect([second.runId === first.runId, second.initCtx.prev_hash]).toEqual([false, commit.hash])
		world.answer(second, better)
		expect(await world.settled(id)).toMatchObject({ status: 'applied', attempt: 2 })
		const history = await world.blueprints.history('greeter', { limit: 9 })
		expect(history.map(({ author, versionLabel }) => [author, versionLabel])).toEqual([
			['enhance', '0.4.0'],
			['somebody', '0.3.5'],
			['somebody', '0.3.1'],
		])
	})

	test('at every attempt, the issue is rejected in the end', async () => {
		await using world = await loopWorld({ maxAttempts: 2 })
		const id = await world.post()
		for (const attempt of [1, 2]) {
			const order = await world.order(id, attempt)
			await world.commit(byHand(attempt + 1))
			world.answer(order, better)
		}
		const reason = 'the head of greeter moved during each of 2 attempts'
		expect(await world.settled(id)).toMatchObject({ status: 'rejected', reason })
		expect(await world.enhance.logOf(id)).toMatchObject({ status: 'rejected', reasons: [reason] })
	})

	test('to the same content, the issue is applied by that', async () => {
		await using world = await loopWorld()
		const id = await world.post()
		const order = await world.order(id)
		const { commit } = finalCtxOf(order, better) as { commit: { new_bp_json: never } }
		await world.commit(commit.new_bp_json)
		world.answer(order, better)
		expect(await world.settled(id)).toMatchObject({ status: 'applied', attempt: 1 })
		expect((await world.blueprints.history('greeter', { limit: 9 })).map(({ author }) => author)).toEqual(['somebody', 'somebody'])
	})

	test('and archives the Blueprint, the issue is rejected', async () => {
		await using world = await loopWorld()
		const id = await world.post()
		const order = await world.order(id)
		await world.blueprints.archive('greeter')
		world.answer(order, better)
		expect((await world.settled(id)).reason).toMatch(/^dispatch failed: blueprint greeter is archived/)
	})
})

describe('several issues', () => {
	test('about one Blueprint follow one another, others overtake', async () => {
		await using world = await loopWorld()
		await world.commit({ ...target, id: 'other' })
		const [first, second, other] = [await world.post(), await world.post(), await world.post('other')]
		const order = await world.order(first)
		world.answer(await world.order(other), better)
		expect((await world.settled(other)).status).toBe('applied')
		expect((await world.enhance.issue(second))?.status).toBe('pending')
		world.answer(order, better)
		const next = await world.order(second)
		expect(next.initCtx.prev_hash).toBe((await world.settled(first)).newVersion ?? '')
	})

	test('are worked on only so many at a time', async () => {
		await using world = await loopWorld({ concurrency: 1 })
		await world.commit({ ...target, id: 'other' })
		const [first, second] = [await world.post(), await world.post('other')]
		const order = await world.order(first)
		expect((await world.enhance.issue(second))?.status).toBe('pending')
		world.answer(order, patchOf())
		await world.order(second)
	})
})

describe('the next life of a server', () => {
	test('goes on with the run of an issue in flight, and launches no other', async () => {
		verifies('06.128')
		await using world = await loopWorld()
		const id = await world.post()
		const order = await world.order(id)
		await world.restart()
		world.answer(order, better)
		expect(await world.settled(id)).toMatchObject({ status: 'applied', runId: order.runId, attempt: 1 })
		expect(world.orders.size).toBe(1)
	})

	test('launches the run that an issue in flight was to have', async () => {
		await using world = await loopWorld()
		await world.stop()
		const id = await world.post()
		const taken = await world.enhance.takeIssue('R-mine' as never)
		expect(taken?.id).toBe(id)
		await world.restart()
		expect((await world.order(id)).runId).toBe('R-mine' as never)
	})

	test('works on what was posted while nobody did', async () => {
		await using world = await loopWorld()
		await world.stop()
		const id = await world.post()
		await world.restart()
		world.answer(await world.order(id), better)
		expect((await world.settled(id)).status).toBe('applied')
	})
})

test('what the server cannot take just now is tried again, and no issue is lost by it', async () => {
	await using world = await loopWorld()
	world.refuseLaunch(new MseError('unavailable', 'The server is stopping.', { code: 'server_stopping' }))
	const id = await world.post()
	await eventually(() => world.clock.pending > 0, { what: 'the loop waits' })
	expect((await world.enhance.issue(id))?.status).toBe('in_flight')
	await world.clock.elapse(1000)
	world.answer(await world.order(id), better)
	expect((await world.settled(id)).status).toBe('applied')
})

describe('with a gate', () => {
	function gate() {
		const asked: GateQuestion[] = []
		const answer = Promise.withResolvers<GateAnswer>()
		const ask = (question: GateQuestion, signal: AbortSignal) => {
			asked.push(question)
			return raceAbort(answer.promise, signal)
		}
		return { asked, answer: answer.resolve, ask }
	}

	test('a verified change waits for consent, and its commit says whose', async () => {
		const { asked, answer, ask } = gate()
		await using world = await loopWorld({ ask })
		const id = await world.post()
		const order = await world.order(id)
		world.answer(order, better)
		await eventually(() => asked.length === 1, { what: 'the gate is asked' })
		expect(asked[0]).toMatchObject({
			runId: order.runId,
			issue: { id },
			prevHash: targetHash,
			decision: { committed: true, rationale: 'because' },
		})
		expect((await world.blueprints.headCommit('greeter'))?.hash).toBe(targetHash)
		await world.restart()
		await eventually(() => asked.length === 2, { what: 'the next life asks the same' })
		expect(asked[1]?.runId).toBe(order.runId)
		answer({ granted: true, by: 'ada' })
		expect((await world.settled(id)).status).toBe('applied')
		expect((await world.blueprints.headCommit('greeter'))?.message).toContain('\nApproved by ada\n')
	})

	test('a change that is denied is rejected with the reason', async () => {
		const { answer, ask } = gate()
		await using world = await loopWorld({ ask })
		const id = await world.post()
		world.answer(await world.order(id), better)
		answer({ granted: false, by: 'ada', reason: 'not on a Friday' })
		const reason = 'approval denied by ada: not on a Friday'
		expect(await world.settled(id)).toMatchObject({ status: 'rejected', reason })
		expect(await world.enhance.logOf(id)).toMatchObject({ reasons: [reason], verdicts: [{}, {}, {}, {}, {}] })
	})

	test('what the verifiers deny is not put to anybody', async () => {
		const { asked, ask } = gate()
		await using world = await loopWorld({ ask })
		const id = await world.post()
		world.answer(await world.order(id), patchOf())
		expect([(await world.settled(id)).status, asked.length]).toEqual(['rejected', 0])
	})
})
