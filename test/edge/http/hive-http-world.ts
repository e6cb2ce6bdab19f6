import { newBroker } from '../../../src/core/hive/broker.ts'
import { newHiveControl } from '../../../src/core/hive/control.ts'
import type { OperatedHive } from '../../../src/core/hive/operated-hive.ts'
import { type HttpOptions, httpApp, listen } from '../../../src/edge/http/app.ts'
import { hiveRoutes } from '../../../src/edge/http/routes/hive.ts'
import { MseError } from '../../../src/kernel/error.ts'
import { silentLogger } from '../../../src/kernel/log.ts'
import type { ConfigDiff } from '../../../src/protocol/hive-config.ts'
import { SqliteEventStore } from '../../../src/store/sqlite/event/event-store.ts'
import { SqliteMessageStore } from '../../../src/store/sqlite/hive/message-store.ts'
import { SqliteIdempotencyStore } from '../../../src/store/sqlite/idempotency-store.ts'
import { type AgentWorld, agentWorld } from '../../core/hive/agent-world.ts'
import { callApp, testOptions } from './support.ts'

const unused = async (): Promise<never> => {
	throw new Error('no route uses it')
}
const withoutApprovals = { requestSpawn: unused, approve: unused, deny: unused, pending: unused }

export const diff: ConfigDiff = {
	...{ agent: 'alice', base_sha: null, fetched_sha: 'f'.repeat(40), files: [{ path: 'agent.toml', change: 'added' }] },
	...{ patch: '+argv = ["true"]\n', truncated: false },
}

/** The routes of the hive around real agents in fake cages and a real broker. `diffs` are the proposals there are. */
export async function hiveHttpWorld({ http, hive = true }: { http?: Partial<HttpOptions>; hive?: boolean } = {}) {
	const world = await agentWorld({ startGraceMs: 0 })
	const { agents, db, clock } = world
	const messages = new SqliteMessageStore(db)
	const events = new SqliteEventStore(db)
	const broker = newBroker({ messages, events, agents, clock, log: silentLogger, maxBodyBytes: 1000 })
	const by = { by: 'operator' }
	const operated: OperatedHive = {
		host: {
			spawn: (name) => agents.spawn(name, by),
			kill: (name) => agents.kill(name, by),
			destroy: (name, { purge }) => agents.destroy(name, { ...by, purge }),
			rebuild: (name) => agents.rebuild(name, by),
			list: () => agents.list(),
			...withoutApprovals,
		},
		control: newHiveControl({ agents, broker, inboxes: messages, recvWaitSeconds: 0 }),
		async diff(agent, id) {
			if (agent === 'alice' && id === '7') return diff
			throw new MseError('not_found', `no proposal ${id} of agent ${agent}`, { code: 'unknown_proposal' })
		},
	}
	const absent = (): never => {
		throw new MseError('unavailable', 'this server has no hive', { code: 'no_hive' })
	}
	const keys = new SqliteIdempotencyStore(db)
	const app = httpApp(testOptions(http), (root) => root.use(hiveRoutes({ hive: hive ? () => operated : absent, keys })))
	const servers: { stop(force: boolean): Promise<void> }[] = []
	const call = (method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
		world.during(callApp(app, method, path, body, headers))
	return {
		...{ app, db, broker, messages, operated, call },
		/** What is beneath the routes. */
		world: world satisfies AgentWorld,
		spawn: (name: string) => world.during(agents.spawn(name, by)),
		listen(): string {
			const { url, server } = listen(app, { hostname: '127.0.0.1', port: 0 })
			servers.push(server)
			return url
		},
		async [Symbol.asyncDispose]() {
			for (const server of servers) await server.stop(true)
			await world[Symbol.asyncDispose]()
		},
	}
}
