import { describe, expect, test } from 'bun:test'
import type { AgentDraft, AgentStore } from '../../src/core/hive/agent-store.ts'

export interface OpenedAgentStore extends Disposable {
	readonly store: AgentStore
	/** All events so far. */
	events(): readonly { readonly kind: string; readonly data: unknown }[]
	reopen(): AgentStore
}

const spec = { argv: ['a'], env: { K: 'v' }, mounts: [], limits: { pids: 3 }, ready: 'started', restart: 'never' } as const
const draft = (name: string, over: Partial<AgentDraft> = {}): AgentDraft => ({
	name,
	role: 'agent',
	cage: 'process',
	spec,
	parent: null,
	...over,
})
const spawned = { kind: 'hive.agent_spawned', data: { by: 'operator' } } as const
const purged = { kind: 'hive.agent_purged' } as const

export function agentStoreContract(title: string, open: () => OpenedAgentStore): void {
	describe(`AgentStore: ${title}`, () => {
		test('a name is claimed once while it is managed', async () => {
			using opened = open()
			const { store } = opened
			expect(await store.find('alice')).toBeNull()
			expect(await store.claim(draft('alice', { parent: 'manager' }), null)).toMatchObject({
				...{ name: 'alice', role: 'agent', state: 'creating', goal: 'running', cage: 'process', spec, parent: 'manager' },
				...{ handle: null, uid: null, exitCode: null, failure: null, startedAt: null, restarts: 0, paused: false, purge: false },
			})
			for (const state of ['running', 'stopping', 'stopped', 'failed'] as const) {
				await store.change('alice', ['creating', 'running', 'stopping', 'stopped'], { state })
				expect(await store.claim(draft('alice'), null)).toBeNull()
			}
			await store.change('alice', ['failed'], { state: 'destroyed', failure: 'x', paused: true })
			expect(await store.claim(draft('alice', { cage: 'podman' }), null)).toMatchObject({
				...{ state: 'creating', cage: 'podman', failure: null, paused: false },
			})
		})

		test('a change is made from the states it names, with its event, or not at all', async () => {
			using opened = open()
			const { store } = opened
			await store.claim(draft('alice'), null)
			expect(await store.change('alice', ['running'], { state: 'stopped' }, spawned)).toBeNull()
			expect(await store.change('bob', ['running'], { state: 'stopped' }, spawned)).toBeNull()
			const handle = { pid: 7, startedAt: 'x' }
			const changed = await store.change('alice', ['creating'], { state: 'running', handle, startedAt: 5 }, spawned)
			expect(changed).toMatchObject({ state: 'running', goal: 'running', handle, startedAt: 5, spec })
			expect(await store.find('alice')).toEqual(changed)
			expect(opened.events()).toEqual([{ kind: 'hive.agent_spawned', data: { agent: 'alice', by: 'operator' } }])
			expect(await store.change('alice', ['running'], { handle: null, exitCode: 0, purge: true, goal: 'destroyed' })).toMatchObject({
				...{ state: 'running', handle: null, exitCode: 0, purge: true, goal: 'destroyed', startedAt: 5 },
			})
			expect(opened.events()).toHaveLength(1)
		})

		test('agents are listed by the bytes of their names, destroyed ones too', async () => {
			using opened = open()
			for (const name of ['b', 'a-b', 'a', 'a1', '0']) await opened.store.claim(draft(name), null)
			await opened.store.change('a', ['creating'], { state: 'destroyed' })
			expect((await opened.store.list()).map(({ name }) => name)).toEqual(['0', 'a', 'a-b', 'a1', 'b'])
		})

		test('users are given out from the base on, one for each name, for as long as that is remembered', async () => {
			using opened = open()
			const { store } = opened
			const uid = async (name: string): Promise<number | null | undefined> => (await store.claim(draft(name), 7000))?.uid
			expect([await uid('a'), await uid('b'), await uid('c')]).toEqual([7000, 7001, 7002])
			await store.change('b', ['creating'], { state: 'destroyed' })
			expect([await uid('d'), await uid('b')]).toEqual([7003, 7001])
		})

		test('only a destroyed agent is forgotten', async () => {
			using opened = open()
			const { store } = opened
			await store.claim(draft('alice'), null)
			expect([await store.forget('alice', purged), await store.forget('bob', purged)]).toEqual([false, false])
			await store.change('alice', ['creating'], { state: 'destroyed' })
			expect([await store.forget('alice', purged), await store.find('alice')]).toEqual([true, null])
		})

		test('everything outlives the process', async () => {
			using opened = open()
			await opened.store.claim(draft('alice'), 7000)
			const before = await opened.store.change('alice', ['creating'], { state: 'running', handle: { pid: 1 }, restarts: 2, paused: true })
			expect(await opened.reopen().find('alice')).toEqual(before)
		})
	})
}
