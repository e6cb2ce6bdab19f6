import { existsSync } from 'node:fs'
import { chmod, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { AgentDeps } from '../../../src/core/hive/agent-deps.ts'
import type { AgentSpec } from '../../../src/core/hive/agent-spec.ts'
import { HiveAgents } from '../../../src/core/hive/agents.ts'
import { newFirstCalls } from '../../../src/core/hive/first-call.ts'
import { plannedFault } from '../../../src/kernel/fault.ts'
import { silentLogger } from '../../../src/kernel/log.ts'
import { agentFolders } from '../../../src/store/agent-folder.ts'
import type { SqliteDatabase } from '../../../src/store/sqlite/database.ts'
import { SqliteHiveAgentStore } from '../../../src/store/sqlite/hive/hive-agent-store.ts'
import { testDatabase } from '../../store/sqlite/support.ts'
import { type FakeCage, fakeCage } from '../../support/fake-cage.ts'
import { type FakeClock, fakeClock } from '../../support/fake-clock.ts'
import { tempDir } from '../../support/temp-dir.ts'

/** Agents in fake cages with real folders, a real store and sockets that somebody listens on. */
export interface AgentWorld extends AsyncDisposable {
	readonly agents: HiveAgents
	readonly db: SqliteDatabase
	readonly cage: FakeCage
	/** A second kind of cage. */
	readonly other: FakeCage
	readonly clock: FakeClock
	/** What is applied, by name. */
	readonly applied: Map<string, AgentSpec>
	/** Names whose approvals failed, with the note. */
	readonly failedApprovals: string[]
	readonly stateDir: string
	readonly runDir: string
	/** Kinds of all events about agents so far. */
	events(): readonly string[]
	/** Dies without a word, and the next life takes up what is there. */
	dieAndRecover(): Promise<void>
	/** Waits for something that waits for the clock. */
	during<T>(work: Promise<T>): Promise<T>
	/** Lets time pass until it is so. */
	until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void>
	/** Begins something that the first life does not live to see the end of. */
	dieDuring(work: Promise<unknown>): Promise<void>
}

/** `dieAt`: where the first life ends, as `MSE_FAULT` says it; what it had begun never goes on. */
export async function agentWorld(over: Partial<AgentDeps['settings']> & { readonly dieAt?: string } = {}): Promise<AgentWorld> {
	const { dieAt, ...settings } = over
	const dir = tempDir()
	const database = testDatabase('memory')
	const clock = fakeClock()
	const [stateDir, runDir] = [join(dir.path, 'state'), join(dir.path, 'run')]
	const applied = new Map<string, AgentSpec>()
	const failedApprovals: string[] = []
	const first = fakeCage()
	const second = fakeCage('other')
	const folders = agentFolders({ stateDir, runDir })
	const listeners = new Map<string, ReturnType<typeof listen>>()
	const socketOf = (name: string): string => join(folders.home(name).socket, 'mcp.sock')

	let dead = false
	const newAgents = (cages: readonly FakeCage[], plan?: string): HiveAgents => {
		dead = false
		const life = { over: false }
		const mortal = <T extends object>(port: T): T => endingWith(port, () => life.over)
		const fault = plannedFault(plan, () => {
			life.over = true
			dead = true
			throw new Error('dead')
		})
		return new HiveAgents({
			...{ folders, clock, log: silentLogger, fault, calls: newFirstCalls() },
			cages: cages.map(mortal),
			store: mortal(new SqliteHiveAgentStore(database.db)),
			sockets: mortal({
				async open(name: string) {
					if (listeners.has(name)) return
					await rm(socketOf(name), { force: true })
					listeners.set(name, listen(socketOf(name)))
					await chmod(socketOf(name), 0o600)
				},
				async close(name: string) {
					listeners.get(name)?.stop(true)
					listeners.delete(name)
				},
			}),
			config: {
				async appliedSpec(name) {
					const config = applied.get(name)
					return config && { sha: `sha-${config.argv?.join('-')}`, folder: '/applied', config }
				},
			},
			approvals: { failPending: async (name, note) => void failedApprovals.push(`${name}: ${note}`) },
			defaults: { spec: { env: { A: '1' } }, cage: 'fake', idleArgv: ['idle'], managerArgv: ['manage'] },
			settings: { startGraceMs: 500, stopGraceMs: 10_000, readyWithinMs: 30_000, watchSecs: 10, uidBase: null, ...settings },
		})
	}

	let agents = newAgents([first, second], dieAt)
	const world: AgentWorld = {
		...{ db: database.db, cage: first, other: second, clock, applied, failedApprovals, stateDir, runDir },
		get agents() {
			return agents
		},
		events: () =>
			database.db
				.query<{ kind: string }>('SELECT kind FROM event ORDER BY seq')
				.all()
				.map(({ kind }) => kind.replace('hive.agent_', '')),
		async dieAndRecover() {
			for (const listener of listeners.values()) listener.stop(true)
			listeners.clear()
			agents = newAgents([first.again(), second.again()])
			await world.during(agents.recover())
		},
		async during(work) {
			let settled = false
			const done = work.finally(() => {
				settled = true
			})
			done.catch(() => {})
			await world.until('it is done', () => settled)
			return done
		},
		async until(what, isSo) {
			for (let round = 0; round < 1000; round++) {
				if (await isSo()) return
				await clock.elapse(250)
				await Bun.sleep(1)
			}
			throw new Error(`never: ${what}`)
		},
		async dieDuring(work) {
			work.catch(() => {})
			await world.until('it is dead', () => dead)
		},
		async [Symbol.asyncDispose]() {
			await agents.close()
			for (const listener of listeners.values()) listener.stop(true)
			database[Symbol.dispose]()
			dir[Symbol.dispose]()
		},
	}
	return world
}

/** Whether the socket of an agent is there. */
export const hasSocket = ({ runDir }: AgentWorld, name: string): boolean => existsSync(join(runDir, 'agents', name, 'mcp.sock'))

/** The port, until its owner is dead: from then on nothing it does comes about or comes back. */
function endingWith<T extends object>(port: T, isDead: () => boolean): T {
	return new Proxy(port, {
		get(target, key) {
			const member = Reflect.get(target, key)
			if (typeof member !== 'function') return member
			return (...args: unknown[]) => (isDead() ? new Promise(() => {}) : member.apply(target, args))
		},
	})
}

function listen(path: string) {
	return Bun.listen({ unix: path, socket: { data() {} } })
}
