import { describe, expect, test } from 'bun:test'
import { operatorBackend } from '../../src/backend/operator.ts'
import type { Attempt, Backend } from '../../src/core/dispatch/backend.ts'
import { Stop } from '../../src/core/dispatch/stop.ts'
import { newStepId, type StepId } from '../../src/kernel/id.ts'
import type { Json } from '../../src/kernel/json.ts'
import type { AgentDef, AgentProfile, Blueprint } from '../../src/protocol/blueprint.ts'
import type { ClientMsg } from '../../src/protocol/operator-frame.ts'
import { SqliteOutputStore } from '../../src/store/sqlite/output-store.ts'
import { type BackendSubject, backendContract } from '../contract/backend.ts'
import { emptyBlueprint, newAgent, newAttempt } from '../support/attempt.ts'
import { operatorWorld, settled } from '../support/operator-world.ts'
import { departs, verifies } from '../support/verifies.ts'

const agent = (name: string, spec: Json = { operator_ref: 'main' }): AgentDef => newAgent('operator', spec, name)

async function backendWorld(dataBase: string | null = null) {
	const world = await operatorWorld()
	const { session } = await world.sessions.join({ roles: ['main'] })
	const { runId: id, taskId } = newAttempt()
	await world.newRun([], { id, taskId })
	const outputs = new SqliteOutputStore(world.db, world.values)
	const baked = new Map<string, string>()
	let minted = 0
	const backend = operatorBackend({
		...{ hub: world.hub, outputs, contextFile: async () => null, baseUrl: () => 'http://127.0.0.1:7777', dataBase: () => dataBase },
		attempts: { setSystem: async (stepId, n, system) => void baked.set(`${stepId}:${n}`, system) },
		mint: () => ({ token: `token-${++minted}`, nonce: 'n', handle: 'wh-0123456789abcdef' }),
	})
	return { ...world, sid: session.sid, backend, baked, outputs, peer: world.connect(session.sid), [Symbol.dispose]: world[Symbol.dispose] }
}

async function performed(say: (reqId: string) => ClientMsg, attempt: Partial<Attempt> = {}) {
	using world = await backendWorld()
	const done = Promise.resolve(world.backend.prepare(agent('coder'), emptyBlueprint).perform(newAttempt(attempt)))
	await settled()
	world.peer.say(say(world.peer.spawns()[0]?.req_id ?? ''))
	return await done
}

/** The message of what a promise was rejected with. Not `rejects`, which turns the event loop itself and may starve timers. */
const refused = (work: unknown): Promise<string> => Promise.resolve(work).then(String, (error: Error) => error.message)

backendContract('operator', async () => subject())

/** An operator that answers each spawn by the name of its agent. */
async function subject(): Promise<BackendSubject> {
	const world = await backendWorld()
	const prompts = new Map<StepId, Json>()
	const answer = () => {
		for (const frame of world.peer.spawns().splice(answered)) {
			answered++
			const { req_id } = frame
			const value = prompts.get(frame.task_id as StepId) ?? null
			if (frame.agent === 'fails') world.peer.say({ type: 'spawn_ack', req_id, error: 'boom' })
			else if (frame.agent !== 'waits') world.peer.say({ type: 'spawn_ack', req_id, value, ok: frame.agent === 'passes' })
		}
	}
	let answered = 0
	const timer = setInterval(answer, 1)
	const backend: Backend = {
		...world.backend,
		prepare(definition, blueprint) {
			const worker = world.backend.prepare(definition, blueprint)
			return {
				pure: worker.pure,
				perform(attempt) {
					const stepId = newStepId()
					prompts.set(stepId, attempt.prompt)
					return worker.perform({ ...attempt, stepId, agent: definition.name })
				},
			}
		},
	}
	return {
		...{ backend, passes: agent('passes'), blocks: agent('blocks'), fails: agent('fails'), waits: agent('waits') },
		invalid: agent('invalid', {}),
		workingOn: () => world.db.query<{ n: number }>('SELECT count(*) AS n FROM request WHERE ended_at IS NULL').get()?.n ?? 0,
		async [Symbol.asyncDispose]() {
			clearInterval(timer)
			await settled()
			world[Symbol.dispose]()
		},
	}
}

describe('what the operator says', () => {
	test('an acknowledgement is the fallback result, ok unless it says otherwise', async () => {
		expect(await performed((req_id) => ({ type: 'spawn_ack', req_id, value: { x: 1 } }))).toEqual({ final: { value: { x: 1 }, ok: true } })
		expect(await performed((req_id) => ({ type: 'spawn_ack', req_id, ok: false }))).toEqual({ final: { value: null, ok: false } })
	})

	test('an error fails the step whatever ok says', async () => {
		verifies('01.C68')
		expect(await refused(performed((req_id) => ({ type: 'spawn_ack', req_id, ok: true, error: 'boom' })))).toBe('boom')
	})

	test('a halt is a good end that says halted', async () => {
		verifies('01.C67')
		expect(await performed((req_id) => ({ type: 'spawn_halt', req_id, value: 7, reason: 'enough' }))).toEqual({
			final: { value: { halted: true, reason: 'enough', value: 7 }, ok: true },
		})
		expect(await performed((req_id) => ({ type: 'spawn_halt', req_id }))).toMatchObject({
			final: { value: { halted: true, reason: null, value: null } },
		})
	})

	test('stats come along when they can be read, and are dropped when not', async () => {
		verifies('01.C69')
		const withStats = (stats: unknown) => performed((req_id) => ({ type: 'spawn_ack', req_id, value: {}, stats }))
		expect(await withStats({ usage: { total_tokens: 12 } })).toMatchObject({ stats: { usage: { total_tokens: 12 } } })
		for (const stats of [{}, 'many', { usage: 'many' }, null]) expect(await withStats(stats)).not.toHaveProperty('stats')
	})

	test('a reply of another kind ends the request as a failure', async () => {
		expect(await refused(performed((req_id) => ({ type: 'answer', req_id, value: 1 })))).toBe('ws operator: unexpected non-spawn reply')
	})
})

describe('what the operator gets', () => {
	test('the frame carries step, agent, attempt, credentials, a directive and the declared worker', async () => {
		verifies('06.18', '03.Runner.backend', '03.Runner.variant', '03.Runner.tools', '03.AgentDef.runner_ref', '03.RunnerDef.name')
		using world = await backendWorld('http://data')
		const runner = { backend: 'ws_operator', variant: 'builder', tools: ['Bash'] } as const
		const coder = { ...agent('coder'), runner_ref: 'ops', profile: { system_prompt: '', tools: ['Ignored'] } as AgentDef['profile'] }
		const blueprint = { ...emptyBlueprint, runners: [{ name: 'ops', runner: { ...runner, tools: [...runner.tools] } }] }
		const attempt = newAttempt({ agent: 'coder', prompt: 'build it', context: { work_dir: '/w' } })
		void Promise.resolve(world.backend.prepare(coder as AgentDef, blueprint as Blueprint).perform(attempt)).catch(() => {})
		await settled()
		const [frame] = world.peer.spawns()
		expect(frame).toMatchObject({
			...{ task_id: attempt.stepId, agent: 'coder', attempt: 1, capability_token: 'token-1', worker_handle: 'wh-0123456789abcdef' },
			worker: { variant: 'builder', tools: ['Bash'] },
		})
		for (const text of ['subagent_type="builder"', 'work_dir: /w', 'DATA_EMIT: http://data/v1/data/emit', `/v1/runs/${attempt.runId}`])
			expect(frame?.directive).toContain(text)
		expect(frame?.directive).toEndWith('task_directive: build it')
	})

	test('a frame that goes out later carries the same handle and a token of that moment', async () => {
		departs('01.C65')
		using world = await backendWorld()
		void Promise.resolve(world.backend.prepare(agent('coder'), emptyBlueprint).perform(newAttempt())).catch(() => {})
		await settled()
		world.peer.drop()
		const next = world.connect(world.sid)
		expect([world.peer, next].map((peer) => peer.spawns()[0]?.capability_token)).toEqual(['token-1', 'token-2'])
		expect(next.spawns()[0]?.worker_handle).toBe('wh-0123456789abcdef')
	})

	test('a spec without operator_ref is refused with the sentence of mlua-swarm', async () => {
		using world = await backendWorld()
		for (const spec of [null, {}, { operator_ref: 7 }, { operator_ref: '' }])
			expect(() => world.backend.prepare(agent('coder', spec), emptyBlueprint)).toThrow("operator spec: 'operator_ref' (string) required")
	})
})

describe('the system prompt', () => {
	const withSystem = (system_prompt: string): AgentDef => ({
		...agent('coder'),
		profile: { ...({ tools: [], extras: null } as unknown as AgentProfile), system_prompt },
	})

	test('is rendered from the prompt and kept before the frame goes out', async () => {
		verifies('03.AgentProfile.system_prompt', '04.52')
		using world = await backendWorld()
		const worker = world.backend.prepare(withSystem('You do {{ what }}.'), emptyBlueprint as Blueprint)
		const attempt = newAttempt({ prompt: { what: 'this' } })
		void Promise.resolve(worker.perform(attempt)).catch(() => {})
		await settled()
		expect(world.baked.get(`${attempt.stepId}:1`)).toBe('You do this.')
		expect(world.peer.spawns()).toHaveLength(1)
	})

	test('one that cannot be rendered fails the step before anybody is asked', async () => {
		using world = await backendWorld()
		const worker = world.backend.prepare(withSystem('{{ missing }}'), emptyBlueprint)
		await expect(Promise.resolve(worker.perform(newAttempt()))).rejects.toThrow('internal: render system_prompt: template render failed: ')
		await settled()
		expect(world.events('request.')).toEqual([])
	})
})

describe('a resumed attempt', () => {
	test('goes on with its standing request when only this process stopped, and ends by a Final that is there', async () => {
		using world = await backendWorld()
		const worker = world.backend.prepare(agent('coder'), emptyBlueprint)
		const first = newAttempt()
		const stopped = Promise.resolve(worker.perform(first)).catch((error) => error)
		await settled()
		first.abort(new Stop('detached', 'the server stops'))
		expect(await stopped).toBeInstanceOf(Stop)
		const event = { type: 'final', content: { kind: 'inline', value: 'done' }, ok: true } as const
		const { stepId, runId } = first
		await world.outputs.append({ plane: 'tail', runId, stepId, attempt: 1, producer: 'coder', event, parentRefs: [] })
		const resumed = worker.resume?.(newAttempt())
		await settled()
		expect(world.peer.spawns()).toHaveLength(2)
		expect(new Set(world.peer.spawns().map(({ req_id }) => req_id)).size).toBe(1)
		await world.clock.advance(60_000)
		expect(await resumed).toEqual({})
	})
})
