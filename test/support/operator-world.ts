import { Value } from '@sinclair/typebox/value'
import type { Channel } from '../../src/core/operator/connection.ts'
import { OperatorHub } from '../../src/core/operator/hub.ts'
import { connectInboxes, type InboxStore } from '../../src/core/operator/inbox.ts'
import type { Asking } from '../../src/core/operator/request.ts'
import { OperatorSessions } from '../../src/core/operator/sessions.ts'
import type { OperatorSocket } from '../../src/core/operator/socket.ts'
import type { Run } from '../../src/core/run/record.ts'
import { newRunId, newStepId, newTaskId, type SessionId } from '../../src/kernel/id.ts'
import { type Logger, silentLogger } from '../../src/kernel/log.ts'
import { type ClientMsg, type ServerMsg, ServerMsgSchema } from '../../src/protocol/operator-frame.ts'
import { openBlobs } from '../../src/store/sqlite/blob.ts'
import { SqliteDatabase } from '../../src/store/sqlite/database.ts'
import { SqliteInboxStore } from '../../src/store/sqlite/hive/inbox-store.ts'
import { SqliteOperatorStore } from '../../src/store/sqlite/operator/operator-store.ts'
import { sqliteSeating } from '../../src/store/sqlite/operator/seating.ts'
import { SqliteRunStore } from '../../src/store/sqlite/run/run-store.ts'
import { fakeClock } from './fake-clock.ts'

/** Lets the event loop turn so often that every chain of commits which is under way has come to its end. */
export async function settled(): Promise<void> {
	for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Sessions, hub and stores on one database in memory, with a clock that stands still. */
export async function operatorWorld(
	options: { requestsPerSession?: number; frameBytes?: number; log?: Logger; inboxes?: (store: InboxStore) => InboxStore } = {},
) {
	const clock = fakeClock()
	const db = new SqliteDatabase({ path: ':memory:', clock })
	const values = openBlobs(undefined)
	const store = new SqliteOperatorStore(db, values)
	const runs = new SqliteRunStore(db, values)
	/** Names of hive agents. */
	const agents = new Set<string>()
	const inboxes = new SqliteInboxStore(db, values)
	const openLife = async () => {
		const isAgent = async (name: string): Promise<boolean> => agents.has(name)
		const sessions = await OperatorSessions.open({ store, clock, log: silentLogger, isAgent })
		const { requestsPerSession = 100, frameBytes = 2 ** 24 } = options
		const hub = new OperatorHub({
			...{ sessions, store, seating: sqliteSeating(db, runs), clock, log: options.log ?? silentLogger },
			...{ requestDeadlineMs: 86_400_000, ackGraceMs: 60_000, limits: { requestsPerSession, frameBytes } },
		})
		connectInboxes({ sessions, hub, store: options.inboxes?.(inboxes) ?? inboxes, clock, log: silentLogger })
		return { sessions, hub }
	}
	let life = await openLife()
	return {
		...{ clock, db, store, runs, values, agents },
		get hub() {
			return life.hub
		},
		get sessions() {
			return life.sessions
		},
		/** The server died and came back on the same disk. */
		async restart() {
			await settled()
			life = await openLife()
		},
		async newRun(seats: Run['seats'] = [], over: Partial<Run> = {}): Promise<Run> {
			const run = { ...newRun(seats), ...over }
			const { taskId: id, createdAt, updatedAt } = run
			await runs.createTask({ id, goal: '', blueprintRef: {}, initCtx: null, taskInput: undefined, createdAt, updatedAt })
			await runs.createRun(run, [])
			return run
		},
		connect: (sid: SessionId) => connect(life.hub, sid),
		events: (prefix = '') =>
			db
				.query<{ kind: string }>('SELECT kind FROM event ORDER BY seq')
				.all()
				.map(({ kind }) => kind)
				.filter((kind) => kind.startsWith(prefix)),
		[Symbol.dispose]: () => db[Symbol.dispose](),
	}
}

function newRun(seats: Run['seats']): Run {
	return {
		...{ id: newRunId(), taskId: newTaskId(), generation: 1, status: 'running', phase: 'running', blueprintId: null },
		...{ blueprintHash: 'h', boundVersion: null, initCtx: null, options: { detached: true }, result: null, operatorSid: null },
		...{ seatGeneration: seats.length, seats, ttlUsedMs: 0, positionScheme: 1, createdAt: 1, updatedAt: 1 },
	}
}

/** A socket whose far end the test plays: it reads, or does not, and says what the pongs said. */
export function connect(hub: OperatorHub, sid: SessionId) {
	const frames: ServerMsg[] = []
	const pings: string[] = []
	let closed: { code: number; reason: string } | null = null
	let outcome: 'sent' | 'queued' | 'dropped' = 'sent'
	const channel: Channel = {
		send(frame) {
			if (!Value.Check(ServerMsgSchema, frame)) throw new Error(`not a frame of the wire: ${JSON.stringify(frame)}`)
			if (closed || outcome === 'dropped') return 'dropped'
			frames.push(frame)
			return outcome
		},
		ping: (payload) => void pings.push(payload),
		close(code, reason) {
			closed ??= { code, reason }
		},
	}
	const socket: OperatorSocket | null = hub.connect(sid, channel)
	return {
		frames,
		pings,
		get closed() {
			return closed
		},
		spawns: () => frames.filter((frame) => frame.type === 'spawn'),
		say: (message: ClientMsg) => socket?.receive(message),
		mumble: () => socket?.unreadable(),
		/** The client read everything up to now, or up to the given ping. */
		read: (upTo = pings.at(-1) ?? '') => socket?.pong(upTo),
		drop: () => socket?.closed(),
		stall: (how: 'queued' | 'dropped' | 'sent') => {
			outcome = how
		},
	}
}

/** A spawn as the backend asks for it. */
export function spawnAsking(
	run: Pick<Run, 'id' | 'taskId'>,
	slot: string,
	over: Partial<Asking> = {},
): Asking & { working: Asking['working']; stop: AbortController; isWorking: () => boolean } {
	const stop = new AbortController()
	const stepId = newStepId()
	let working = false
	return {
		...{ kind: 'spawn', runId: run.id, taskId: run.taskId, stepId, attempt: 1, to: { slot }, signal: stop.signal },
		frame: { task_id: stepId, agent: 'coder', attempt: 1 },
		secrets: () => ({ capability_token: 'tok', worker_handle: 'wh-0123456789abcdef', directive: 'do it' }),
		working: (isWorking) => {
			working = isWorking
		},
		...over,
		stop,
		isWorking: () => working,
	}
}
