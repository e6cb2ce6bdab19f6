import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { follow } from '../../../core/event/follow.ts'
import type { EventLog } from '../../../core/event/log.ts'
import { checkCursor, decodeCursor, encodeCursor } from '../../../core/worker/cursor.ts'
import type { WorkerRuntime } from '../../../core/worker/runtime.ts'
import type { WorkerStore } from '../../../core/worker/store.ts'
import type { Clock } from '../../../kernel/clock.ts'
import { MseError, messageOf } from '../../../kernel/error.ts'
import type { Logger } from '../../../kernel/log.ts'
import type { Event } from '../../../protocol/event.ts'
import { ProtocolEventSchema, ProtocolMethodSchema, RuntimeWorkerEventWsFrameSchema } from '../../../protocol/runtime-frame.ts'
import { ownCredential } from '../guard.ts'
import { requireWorkerId } from '../runtime-body.ts'
import type { Socket } from '../socket.ts'
import type { StreamLimits } from '../stall.ts'
import { socketRoute } from '../ws.ts'
import { callMethod } from './worker-method.ts'

export interface ObservationDeps {
	readonly runtime: WorkerRuntime
	readonly store: WorkerStore
	readonly events: EventLog
	readonly runtimeId: string
	readonly clock: Clock
	readonly log: Logger
	readonly stopping: AbortSignal
	readonly streamLimits?: StreamLimits
}

interface Observer {
	readonly workerId: string
	/** As the client gave it. */
	readonly cursor: string | undefined
	readonly sendsMethods: boolean
}

type ObservationSocket = Socket<(typeof RuntimeWorkerEventWsFrameSchema)['static'], Observer>

/**
 * A worker as it works: a snapshot, what came after the cursor, then what it does (yoi worker-runtime). All of it is read from
 * the one log. With `methods=true` the client may send protocol methods, and is told of frames that are none;
 * otherwise whatever it sends ends the socket.
 */
export function observationSocket(deps: ObservationDeps) {
	return socketRoute({
		in: Type.Unknown({ examples: [{ method: 'run', params: { input: [{ kind: 'text', content: 'Go on.' }] } }] }),
		out: RuntimeWorkerEventWsFrameSchema,
		detail: { summary: 'Shows a worker as it works, from a cursor on', ...ownCredential('runtime') },
		refuses: [400, 404],
		log: deps.log,
		limits: deps.streamLimits,
		clock: deps.clock,
		async admit({ params, query }): Promise<Observer> {
			const workerId = requireWorkerId(params.id)
			await deps.runtime.require(workerId)
			return { workerId, cursor: query.cursor, sendsMethods: query.methods === 'true' }
		},
		open: (socket) => begin(deps, socket),
		async message(socket, frame) {
			const { workerId, sendsMethods } = socket.caller
			if (!sendsMethods) return diagnose(socket, 'runtime.observation_only', 'runtime worker event WebSocket is observation-only', 1008)
			if (!Value.Check(ProtocolMethodSchema, frame)) return void socket.send(NO_METHOD)
			try {
				socket.send({ kind: 'ack', method: frame.method, ack: await callMethod(deps, workerId, frame) })
			} catch (error) {
				socket.send({
					kind: 'diagnostic',
					diagnostic: { code: error instanceof MseError ? error.code : 'internal', message: messageOf(error) },
				})
			}
		},
	})
}

/** A slip is no reason to stop watching. */
const NO_METHOD = {
	kind: 'diagnostic',
	diagnostic: { code: 'runtime.method_malformed', message: 'a frame has to be a method: {"method": name, "params"?: …}' },
} as const

async function begin(deps: ObservationDeps, socket: ObservationSocket): Promise<void> {
	const { workerId, cursor } = socket.caller
	const start = cursor === undefined ? await deps.store.newestObservation(workerId) : decodeCursor(cursor)
	if (start === null) return diagnose(socket, 'runtime.cursor_malformed', `malformed worker observation cursor: ${cursor}`, 1008)
	const after = await deps.store.logPosition(start)
	// Of a cursor that is given the text is kept: it can be larger than any number.
	const at = cursor?.toLowerCase() ?? encodeCursor(start)
	try {
		const payload = await deps.runtime.snapshot(workerId)
		socket.send({ kind: 'event', envelope: { cursor: at, event_id: `snapshot:${at}`, worker_id: workerId, payload } })
	} catch (error) {
		return diagnose(socket, 'runtime.worker_not_found', messageOf(error), 1008)
	}
	const bounds = await deps.store.observationBounds(workerId)
	try {
		checkCursor(workerId, at, start, bounds)
	} catch (error) {
		return diagnose(socket, 'runtime.cursor_unknown_or_expired', messageOf(error), 1008)
	}
	if (start < bounds.trimmedThrough)
		socket.send({
			kind: 'diagnostic',
			diagnostic: { code: 'runtime.gap', message: `observations up to ${encodeCursor(bounds.trimmedThrough)} are no longer kept` },
		})
	const caughtUp = await pour(deps, socket, after, false)
	void watch(deps, socket, caughtUp)
}

async function watch(deps: ObservationDeps, socket: ObservationSocket, after: number): Promise<void> {
	try {
		await pour(deps, socket, after, true)
		socket.close(1001, 'server is stopping')
	} catch (error) {
		const isExpired = error instanceof MseError && error.code === 'cursor_expired'
		diagnose(socket, isExpired ? 'runtime.cursor_expired' : 'runtime.unavailable', messageOf(error), isExpired ? 1013 : 1011)
	}
}

/** Writes what the log has after a place, and goes on with what comes when it is live. */
async function pour(deps: ObservationDeps, socket: ObservationSocket, after: number, live: boolean): Promise<number> {
	const { oldest } = await deps.events.bounds()
	const signal = AbortSignal.any([socket.closed, deps.stopping])
	const filter = { worker: socket.caller.workerId, kinds: ['worker.observed', 'worker.deleted'] }
	const follower = follow(deps.events, { after: Math.max(after, oldest - 1), filter, live, signal })
	for await (const page of follower.pages) {
		for (const event of page) {
			const isGone = event.kind === 'worker.deleted'
			if (isGone) diagnose(socket, 'runtime.worker_not_found', `worker ${event.worker} was deleted`, 1008)
			if (isGone || socket.closed.aborted) return follower.position()
			if (socket.send(toFrame(event)) === 'queued') await socket.drained()
		}
	}
	return follower.position()
}

function toFrame({ worker = '', data }: Event): (typeof RuntimeWorkerEventWsFrameSchema)['static'] {
	const cursor = String(data.cursor)
	return {
		kind: 'event',
		envelope: { cursor, event_id: cursor, worker_id: worker, payload: Value.Decode(ProtocolEventSchema, data.payload) },
	}
}

/** Says why, then ends the socket. */
function diagnose(socket: ObservationSocket, code: string, message: string, closeCode: number): void {
	socket.send({ kind: 'diagnostic', diagnostic: { code, message } })
	socket.close(closeCode, code)
}
