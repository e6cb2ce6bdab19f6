import { loadConfig } from '../../src/config.ts'
import type { LaunchRequest } from '../../src/core/run/launch/request.ts'
import { type Engine, openEngine } from '../../src/engine/engine.ts'
import type { RunId, SessionId } from '../../src/kernel/id.ts'
import type { Json, JsonObject } from '../../src/kernel/json.ts'
import { silentLogger } from '../../src/kernel/log.ts'
import type { ServerMsg } from '../../src/protocol/operator-frame.ts'
import { type FakeClock, fakeClock } from './fake-clock.ts'
import { connect, settled } from './operator-world.ts'

export type Spawn = Extract<ServerMsg, { type: 'spawn' }>

/** A whole engine without any edge, on a clock that stands still, in memory unless there is a folder. */
export async function engineWorld(options: { dir?: string; clock?: FakeClock; flags?: Readonly<Record<string, string>> } = {}) {
	const clock = options.clock ?? fakeClock()
	const flags = new Map(Object.entries(options.flags ?? {}).map(([name, value]) => [name, [value]]))
	const config = loadConfig({ flags, env: {}, readFile: () => undefined })
	const engine: Engine = await openEngine({
		...{ config, dir: options.dir ?? null, clock, log: silentLogger, environment: {} },
		baseUrl: () => 'http://127.0.0.1:7777',
	})
	const { service, sessions, hub, runs, data, face } = engine
	return {
		...{ engine, clock, service, sessions, hub, runs, supervisor: engine.supervisor, db: data.db },
		join: async (roles: readonly string[] = []): Promise<SessionId> => (await sessions.join({ roles })).session.sid,
		connect: (sid: SessionId) => connect(hub, sid),
		launch: async (blueprint: JsonObject, over: Partial<LaunchRequest> = {}) => {
			const request = { reference: { kind: 'inline', raw: blueprint }, initCtx: {}, detach: true, waitsForOperator: true } as const
			const launched = await service.launch({ ...request, ...over })
			await settled()
			return launched
		},
		/** Time passes, with room for commits before and after. */
		async pass(ms: number): Promise<void> {
			await settled()
			await clock.advance(ms)
			await settled()
		},
		submit: (spawn: Spawn, text: string) =>
			face.submit({ authorization: `Bearer ${spawn.worker_handle}` }, {}, new TextEncoder().encode(text)),
		async status(runId: RunId): Promise<string> {
			return (await runs.run(runId))?.status ?? 'gone'
		},
		async result(runId: RunId): Promise<Json> {
			return (await runs.run(runId))?.result ?? null
		},
		/** Kinds of the events of a run, in order. */
		told: (runId: RunId, prefix = ''): string[] =>
			data.db
				.query<{ kind: string }>('SELECT kind FROM event WHERE run_id = ? ORDER BY seq')
				.all(runId)
				.map(({ kind }) => kind)
				.filter((kind) => kind.startsWith(prefix)),
		settled,
		async [Symbol.asyncDispose]() {
			await engine.stop()
		},
	}
}

export type EngineWorld = Awaited<ReturnType<typeof engineWorld>>
