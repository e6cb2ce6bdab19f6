import { exchange } from './exchange.ts'
import { type AdapterSession, isUp, joinSession, shown, ToolError } from './session.ts'

type AckKind = 'answer' | 'hook_ack' | 'spawn_ack'

export interface Ack {
	readonly sid: string
	readonly req_id: string
	readonly kind: AckKind
	readonly value?: unknown
	readonly ok?: boolean
	readonly error?: string
}

/** The tools of `mse mcp` of mlua-swarm 0.1.0 that talk to a server, with the checks and the timeouts it has. It knows no reconnect. */
export function adapterOf01(url: string) {
	const sessions = new Map<string, AdapterSession>()
	const sessionOf = (sid: string): AdapterSession => {
		const session = sessions.get(sid)
		if (!session) throw new ToolError('invalid_params', `unknown sid ${sid}`)
		return session
	}
	return {
		sessionOf,
		async mse_operator_join({ roles = [] }: { readonly roles?: readonly string[] } = {}) {
			const session = await joinSession(url, { roles }, false)
			sessions.set(session.joined.sid, session)
			return { sid: session.joined.sid, roles: session.joined.roles }
		},
		async mse_pending_wait({ sid, timeout_ms = 30_000 }: { readonly sid: string; readonly timeout_ms?: number }) {
			return shown(await sessionOf(sid).pop(timeout_ms))
		},
		mse_ack({ sid, ...ack }: Ack) {
			if (!['answer', 'hook_ack', 'spawn_ack'].includes(ack.kind)) throw new ToolError('invalid_params', `kind ${ack.kind}`)
			const session = sessionOf(sid)
			if (session.isCut()) throw new ToolError('internal_error', 'WS failed')
			session.send(ackFrame(ack))
			return { sent: true }
		},
		async mse_operator_leave({ sid }: { readonly sid: string }) {
			const session = sessionOf(sid)
			sessions.delete(sid)
			const { status, body } = await exchange(url, 'DELETE', `/v1/operators/${sid}`, { bearer: session.joined.token })
			if (status < 200 || status > 299) throw new ToolError('internal_error', `DELETE /v1/operators/${sid} failed: ${status} ${body}`)
			return { removed: true }
		},
		...blueprintTools(url),
		async mse_doctor() {
			const up = await isUp(url)
			return { up, doctor: up ? (await exchange(url, 'GET', '/v1/doctor', { timeoutMs: 3000 })).json : null }
		},
		mlua_swarm_server_start: async () => ({ status: (await isUp(url)) ? 'already_running' : 'not started' }),
		mlua_swarm_server_status: async () => ({ up: await isUp(url) }),
		async [Symbol.asyncDispose]() {
			for (const session of sessions.values()) await session[Symbol.asyncDispose]()
		},
	}
}

/** Archiving, which both generations do alike. The id goes into the path as it is. */
export function blueprintTools(url: string) {
	return {
		async bp_archive({ id, confirm = false }: { readonly id: string; readonly confirm?: boolean }) {
			if (!confirm) return { status: 'dry_run', id }
			const { status: http_status, body } = await exchange(url, 'DELETE', `/v1/blueprints/${id}`, { timeoutMs: 10_000 })
			return { status: http_status < 300 ? 'archived' : 'error', http_status, id, body }
		},
		async bp_unarchive({ id }: { readonly id: string }) {
			const { status: http_status, body } = await exchange(url, 'POST', `/v1/blueprints/${id}/unarchive`, { timeoutMs: 10_000 })
			return { status: http_status < 300 ? 'unarchived' : 'error', http_status, id, body }
		},
	}
}

/** Absent keys are left out, never null; but an `answer` without value is null, and a `spawn_ack` without is `{}`. */
function ackFrame({ req_id, kind, value, ok = true, error }: Omit<Ack, 'sid'>): object {
	if (kind === 'answer') return { type: 'answer', req_id, value: value ?? null }
	if (kind === 'hook_ack') return { type: 'hook_ack', req_id, ok, ...(error !== undefined && { reason: error }) }
	return { type: 'spawn_ack', req_id, value: value ?? {}, ok, ...(error !== undefined && { error }) }
}
