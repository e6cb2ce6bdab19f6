import { attachSessions } from '../../../src/core/access/attach.ts'
import { OperatorHub } from '../../../src/core/operator/hub.ts'
import { OperatorSessions } from '../../../src/core/operator/sessions.ts'
import type { OperatorDirectory } from '../../../src/core/run/launch/operator-directory.ts'
import type { SeatDeps } from '../../../src/core/run/steer/acquire.ts'
import { type HttpOptions, httpApp, listen } from '../../../src/edge/http/app.ts'
import { adminCheck } from '../../../src/edge/http/guard.ts'
import { dataRoutes } from '../../../src/edge/http/routes/data.ts'
import { operatorSessionRoutes } from '../../../src/edge/http/routes/operator-sessions.ts'
import { operatorRoutes } from '../../../src/edge/http/routes/operators.ts'
import { requestRoutes } from '../../../src/edge/http/routes/requests.ts'
import { seatRoutes } from '../../../src/edge/http/routes/seats.ts'
import { sessionRoutes } from '../../../src/edge/http/routes/sessions.ts'
import { stepWorkerRoutes } from '../../../src/edge/http/routes/step-worker.ts'
import { MseError } from '../../../src/kernel/error.ts'
import type { SessionId } from '../../../src/kernel/id.ts'
import { silentLogger } from '../../../src/kernel/log.ts'
import { openBlobs } from '../../../src/store/sqlite/blob.ts'
import { SqliteEventStore } from '../../../src/store/sqlite/event/event-store.ts'
import { SqliteIdempotencyStore } from '../../../src/store/sqlite/idempotency-store.ts'
import { SqliteOpenRequestStore } from '../../../src/store/sqlite/operator/open-request-store.ts'
import { SqliteOperatorStore } from '../../../src/store/sqlite/operator/operator-store.ts'
import { sqliteSeating } from '../../../src/store/sqlite/operator/seating.ts'
import { SqliteAttachSessionStore } from '../../../src/store/sqlite/worker/attach-session-store.ts'
import { WorkerWorld } from '../../core/output/support.ts'
import { callApp, testOptions } from './support.ts'

/** The routes that come with credentials of their own (workers, data, sessions, operators), on stores in memory. */
export async function faceWorld({ http }: { http?: Partial<HttpOptions> } = {}) {
	const options = testOptions(http)
	const world = new WorkerWorld({ openReads: options.adminToken === null, isTrusted: async () => false })
	const { face, db, clock, runs, outputs, attempts } = world
	const log = silentLogger
	const keys = new SqliteIdempotencyStore(db)
	const store = new SqliteOperatorStore(db, openBlobs(undefined))
	const sessions = await OperatorSessions.open({ store, clock, log })
	const limits = { requestsPerSession: 100, frameBytes: 2 ** 24 }
	const timing = { requestDeadlineMs: 86_400_000, ackGraceMs: 60_000 }
	const hub = new OperatorHub({ sessions, store, seating: sqliteSeating(db, runs), clock, log, limits, ...timing })
	const isAdmin = adminCheck(options.adminToken)
	const endOperator = (sid: SessionId) => sessions.end(sid, 'ended')
	const attach = attachSessions({ store: new SqliteAttachSessionStore(db), clock, endOperator })
	const operators: OperatorDirectory = {
		find: async (name) => (await sessions.find(name))?.record.sid ?? null,
		takes: () => true,
		manifestOf: () => null,
		anyLive: async () => sessions.hasLive(),
	}
	const planOf = () => Promise.reject(new MseError('not_found', 'There are no Blueprints here.'))
	const seatAssigned: SeatDeps['seatAssigned'] = (runId, { slot }, previous) => hub.seatAssigned(runId, slot, previous)
	const app = httpApp(options, (root) =>
		root
			.use(stepWorkerRoutes({ face, keys }))
			.use(dataRoutes({ face, keys }))
			.use(sessionRoutes({ sessions: attach, operators: sessions, isAdmin }))
			.use(operatorRoutes({ sessions, hub, isAdmin, clock, log }))
			.use(operatorSessionRoutes({ sessions, runs }))
			.use(requestRoutes({ openRequests: new SqliteOpenRequestStore(db), sessions, hub }))
			.use(
				seatRoutes({ runs, operators, planOf, seatAssigned, sessions, hub, outputs, attempts, events: new SqliteEventStore(db), isAdmin }),
			),
	)
	const servers: { stop(force: boolean): Promise<void> }[] = []
	return {
		...{ app, db, world, sessions, hub, store, operators },
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
