import { attachSessions } from '../../../src/core/access/attach.ts'
import { OperatorHub } from '../../../src/core/operator/hub.ts'
import { OperatorSessions } from '../../../src/core/operator/sessions.ts'
import { type HttpOptions, httpApp, listen } from '../../../src/edge/http/app.ts'
import { adminCheck } from '../../../src/edge/http/guard.ts'
import { dataRoutes } from '../../../src/edge/http/routes/data.ts'
import { operatorRoutes } from '../../../src/edge/http/routes/operators.ts'
import { sessionRoutes } from '../../../src/edge/http/routes/sessions.ts'
import { stepWorkerRoutes } from '../../../src/edge/http/routes/step-worker.ts'
import { silentLogger } from '../../../src/kernel/log.ts'
import { SqliteAttachSessionStore } from '../../../src/store/sqlite/attach-session-store.ts'
import { openBlobs } from '../../../src/store/sqlite/blob.ts'
import { SqliteOperatorStore } from '../../../src/store/sqlite/operator-store.ts'
import { sqliteSeating } from '../../../src/store/sqlite/seating.ts'
import { WorkerWorld } from '../../core/output/support.ts'
import { callApp, testOptions } from './support.ts'

/** The routes that come with credentials of their own (workers, data, sessions, operators), on stores in memory. */
export async function faceWorld({ http }: { http?: Partial<HttpOptions> } = {}) {
	const options = testOptions(http)
	const world = new WorkerWorld({ openReads: options.adminToken === null, isTrusted: async () => false })
	const { face, db, clock, runs } = world
	const log = silentLogger
	const store = new SqliteOperatorStore(db, openBlobs(undefined))
	const sessions = await OperatorSessions.open({ store, clock, log })
	const limits = { requestsPerSession: 100, frameBytes: 2 ** 24 }
	const timing = { requestDeadlineMs: 86_400_000, ackGraceMs: 60_000 }
	const hub = new OperatorHub({ sessions, store, seating: sqliteSeating(db, runs), clock, log, limits, ...timing })
	const app = httpApp(options, (root) =>
		root
			.use(stepWorkerRoutes({ face }))
			.use(dataRoutes({ face }))
			.use(sessionRoutes({ sessions: attachSessions({ store: new SqliteAttachSessionStore(db), clock }) }))
			.use(operatorRoutes({ sessions, hub, isAdmin: adminCheck(options.adminToken), clock, log })),
	)
	const servers: { stop(force: boolean): Promise<void> }[] = []
	return {
		app,
		db,
		call: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => callApp(app, method, path, body, headers),
		listen(): string {
			const { url, server } = listen(app, { hostname: '127.0.0.1', port: 0 })
			servers.push(server)
			return url
		},
		async [Symbol.asyncDispose]() {
			for (const server of servers) await server.stop(true)
			await hub.stop()
			world[Symbol.dispose]()
		},
	}
}
