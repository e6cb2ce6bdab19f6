import { blueprintTools } from './adapter-0-1.ts'
import { blueprintReading } from './blueprint-reading.ts'
import { exchange } from './exchange.ts'
import { runTools } from './run-tools.ts'
import { type AdapterSession, isUp, joinSession, shown, ToolError } from './session.ts'
import { workerTools } from './worker-tools.ts'

type AckKind = 'answer' | 'hook_ack' | 'spawn_ack' | 'spawn_halt'

export interface NewAck {
	readonly sid: string
	readonly req_id: string
	readonly kind: AckKind
	readonly value?: unknown
	readonly ok?: boolean
	readonly error?: string
	readonly stats?: object
}

/** The tools of `mse mcp` of mlua-swarm 0.26.0 that talk to a server, with its checks, its timeouts and its lazy reconnect. */
export function adapterOf026(url: string) {
	const sessions = new Map<string, AdapterSession>()
	const routes = new Map<string, string>()
	const sessionOf = (sid: string): AdapterSession => {
		const session = sessions.get(sid)
		if (!session) throw new ToolError('invalid_params', `unknown sid ${sid}`)
		return session
	}
	const only = (): AdapterSession | undefined => (sessions.size === 1 ? [...sessions.values()][0] : undefined)
	const bearer = (sid?: string): string => {
		const session = sid === undefined ? only() : sessionOf(sid)
		if (!session) throw new ToolError('invalid_params', 'name a sid')
		return session.joined.token
	}
	return {
		sessionOf,
		async mse_operator_join({ desc, capability_manifest = null }: { readonly desc: string; readonly capability_manifest?: object | null }) {
			const session = await joinSession(url, { capability_manifest, desc }, true)
			sessions.set(session.joined.sid, session)
			return { sid: session.joined.sid }
		},
		async mse_pending_wait({ sid, timeout_ms = 30_000 }: { readonly sid: string; readonly timeout_ms?: number }) {
			const session = sessionOf(sid)
			await alive(url, session)
			const frame = await session.pop(timeout_ms)
			if (frame?.type === 'spawn' && typeof frame.worker_handle === 'string') routes.set(frame.worker_handle, frame.task_id)
			return shown(frame)
		},
		async mse_ack({ sid, ...ack }: NewAck) {
			const session = sessionOf(sid)
			await alive(url, session)
			session.send(ackFrame(ack))
			return { sent: true }
		},
		async mse_operator_leave({ sid }: { readonly sid: string }) {
			const { joined } = sessionOf(sid)
			sessions.delete(sid)
			const { status, body } = await exchange(url, 'DELETE', `/v1/operators/${sid}`, { bearer: joined.token })
			if (status < 200 || status > 299) throw new ToolError('internal_error', `DELETE /v1/operators/${sid} failed: ${status} ${body}`)
			return { removed: true }
		},
		async mse_operator_list({ sid, limit }: { readonly sid?: string; readonly limit?: number } = {}) {
			return passed(await exchange(url, 'GET', `/v1/operators${limit === undefined ? '' : `?limit=${limit}`}`, { bearer: bearer(sid) }))
		},
		...seatTools(url, bearer),
		...workerTools(url, routes),
		...runTools(url, () => only()?.joined.sid),
		...blueprintTools(url),
		...blueprintReading(url),
		/** Refused while the server is busy; a server that has no such route is free. */
		async mlua_swarm_server_shutdown({ force = false }: { readonly force?: boolean } = {}) {
			const { status, json } = await exchange(url, 'GET', '/v1/status', { timeoutMs: 500 })
			const { running_runs = 0, attached_operators = 0 } = status === 200 ? (json as Record<string, number>) : {}
			return { refused: !force && (running_runs > 0 || attached_operators > 0), running_runs, attached_operators }
		},
		async [Symbol.asyncDispose]() {
			for (const session of sessions.values()) await session[Symbol.asyncDispose]()
		},
	}
}

function seatTools(url: string, bearer: (sid?: string) => string) {
	const looking = (what: string) => async (asked: { readonly run_id: string; readonly sid?: string }) => {
		prefixed('R-', asked.run_id)
		return passed(await exchange(url, 'GET', `/v1/runs/${asked.run_id}/${what}`, { bearer: bearer(asked.sid) }))
	}
	return {
		mse_run_assignees: looking('assignees'),
		mse_run_handover: looking('handover'),
		mse_run_material(asked: { readonly run_id: string; readonly step_id: string; readonly sid?: string }) {
			prefixed('ST-', asked.step_id)
			return looking(`material?step_id=${asked.step_id}`)(asked)
		},
		async mse_run_acquire({ run_id, op, desc, slot = null }: Record<'run_id' | 'op' | 'desc', string> & { readonly slot?: string | null }) {
			prefixed('R-', run_id)
			return passed(await exchange(url, 'POST', `/v1/runs/${run_id}/acquire`, { json: { op, desc, slot } }))
		},
	}
}

/** A reader that ended is brought back inside the next call: health first, then up to three upgrades in a row. */
async function alive(url: string, session: AdapterSession): Promise<void> {
	if (!session.isCut()) return
	if (!(await isUp(url, 1000))) throw new ToolError('invalid_params', 'session closed')
	for (let tries = 0; tries < 3; tries++) {
		const failed = await session.reconnect().then(
			() => false,
			() => true,
		)
		if (!failed) return
	}
	throw new ToolError('invalid_params', 'session closed')
}

function ackFrame({ req_id, kind, value, ok = true, error, stats }: Omit<NewAck, 'sid'>): object {
	if (kind === 'answer') return { type: kind, req_id, value: value ?? null }
	if (kind === 'hook_ack') return { type: kind, req_id, ok, ...(error !== undefined && { reason: error }) }
	if (kind === 'spawn_halt') return { type: kind, req_id, value: value ?? {}, ...(error !== undefined && { reason: error }) }
	return { type: kind, req_id, value: value ?? {}, ok, ...(error !== undefined && { error }), ...(stats && { stats }) }
}

/** Ids are looked at before anything is sent. */
export function prefixed(prefix: string, id: string): void {
	if (!id.startsWith(prefix) || id.length === prefix.length) throw new ToolError('invalid_params', `'${id}' is not ${prefix}…`)
}

// biome-ignore lint/suspicious/noExplicitAny: bodies are passed through as they are
function passed({ status, body, json }: { status: number; body: string; json: any }): any {
	if (status >= 200 && status <= 299 && json !== undefined) return json
	throw new ToolError('internal_error', `failed: ${status} ${body}`)
}
