import { describe, expect, test } from 'bun:test'
import { operatorBackend } from '../../src/backend/operator.ts'
import { OperatorHub } from '../../src/core/operator/hub.ts'
import { OperatorSessions } from '../../src/core/operator/sessions.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import { silentLogger } from '../../src/kernel/log.ts'
import { openBlobs } from '../../src/store/sqlite/blob.ts'
import { SqliteDatabase } from '../../src/store/sqlite/database.ts'
import { SqliteOperatorStore } from '../../src/store/sqlite/operator/operator-store.ts'
import { newAttempt } from '../support/attempt.ts'
import { eventually } from '../support/eventually.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { parsedBlueprint } from '../support/parsed-blueprint.ts'

const document = (system: string): JsonObject => ({
	id: 'asks',
	flow: { kind: 'step', ref: 'scout', in: { op: 'lit', value: 'look' }, out: { op: 'path', at: '$.out' } },
	agents: [{ name: 'scout', kind: 'operator', spec: { operator_ref: 'main-ai' }, profile: { system_prompt: system } }],
	operators: [{ name: 'main-ai' }],
})

/** The worker of the one agent, on a hub with nobody connected. */
async function openWorker(system: string) {
	const clock = fakeClock()
	const db = new SqliteDatabase({ path: ':memory:', clock })
	const store = new SqliteOperatorStore(db, openBlobs(undefined))
	const sessions = await OperatorSessions.open({ store, clock, log: silentLogger })
	const seating = { blueprintOf: async () => null, seat: async () => null, assign: async () => ({ generation: 1 }) }
	const limits = { requestsPerSession: 10, frameBytes: 2 ** 20 }
	const hub = new OperatorHub({
		...{ sessions, store, seating, clock, log: silentLogger, limits },
		...{ requestDeadlineMs: 60_000, ackGraceMs: 1000 },
	})
	const systems: string[] = []
	const backend = operatorBackend({
		...{ hub, contextFile: async () => null, baseUrl: () => null, dataBase: () => null },
		attempts: { setSystem: async (_stepId, _n, text) => void systems.push(text) },
		outputs: { listForAttempt: async () => [] },
		mint: () => ({ token: 't', nonce: 'n', handle: 'wh-0' }),
	})
	const blueprint = parsedBlueprint(document(system))
	const [agent] = blueprint.agents
	if (!agent) throw new Error('the document has an agent')
	const worker = backend.prepare(agent, blueprint)
	return { worker, store, systems, [Symbol.dispose]: () => db[Symbol.dispose]() }
}

describe('the system prompt of an operator step', () => {
	test('is written by an attempt that an earlier life began and died before it asked', async () => {
		using opened = await openWorker('Be brief about {{ directive }}')
		const begun = newAttempt({ prompt: 'the roof' })
		const reply = opened.worker.resume?.(begun)
		await eventually(async () => (await opened.store.openRequests({})).length === 1, { what: 'the request is written' })
		expect(opened.systems).toEqual(['Be brief about the roof'])
		begun.abort(new Error('enough'))
		await expect(reply).rejects.toThrow('enough')
	})

	test('that cannot be rendered fails the attempt and asks nobody', async () => {
		using opened = await openWorker('Be brief about {{ nothing_given }}')
		const performing = async () => opened.worker.perform(newAttempt({ prompt: 'the roof' }))
		await expect(performing()).rejects.toThrow(
			/^internal: render system_prompt: template render failed: .*; the prompt has no nothing_given$/,
		)
		expect(await opened.store.openRequests({})).toEqual([])
	})
})
