import type { Clock } from '../../kernel/clock.ts'
import { MseError } from '../../kernel/error.ts'
import { sha256Hex } from '../../kernel/hash.ts'
import { asSessionId, type SessionId } from '../../kernel/id.ts'
import type { Logger } from '../../kernel/log.ts'
import { agentOf } from './agent-sid.ts'
import { hasToken, IDLE_HORIZON_MS, type JoinRequest, newSession } from './session.ts'
import type { Observed, OperatorSession, OperatorStore } from './store.ts'

/** Access is written down at most this often. */
const TOUCH_MS = 60_000

const JOIN = 'Join again with `POST /v1/operators`.'

/** A session that has not ended. */
export interface LiveSession {
	readonly record: OperatorSession
	readonly lastAccessAt: number
	readonly connected: boolean
}

/** Told of sessions in memory, after the fact is on disk. */
export interface SessionListener {
	joined(session: OperatorSession): void
	ended(sid: SessionId, reason: string): void
}

interface Entry extends LiveSession {
	lastAccessAt: number
	storedAccessAt: number
	connected: boolean
	ending: Promise<boolean> | undefined
}

interface SessionsDeps {
	readonly store: OperatorStore
	readonly clock: Clock
	readonly log: Logger
	/** Whether there is a hive agent of that name. Its session is there as soon as somebody asks for it, and stays as long as the agent. */
	readonly isAgent?: (name: string) => Promise<boolean>
}

/**
 * The operators' sessions: who may speak under which id and roles. A copy of the store that is asked often. A session
 * without a socket that idled out is over for every read, whether or not the sweep reached it.
 */
export class OperatorSessions {
	readonly #deps: SessionsDeps
	readonly #entries = new Map<SessionId, Entry>()
	readonly #roles = new Map<string, SessionId>()
	readonly #digests = new Map<string, SessionId>()
	readonly #listeners = new Set<SessionListener>()
	readonly #admitting = new Map<string, Promise<LiveSession | null>>()

	private constructor(deps: SessionsDeps) {
		this.#deps = deps
	}

	/** Restores the sessions of the store and ends those that idled out meanwhile. */
	static async open(deps: SessionsDeps): Promise<OperatorSessions> {
		const sessions = new OperatorSessions(deps)
		for (const record of await deps.store.sessions()) sessions.#add(record)
		await sessions.sweep()
		return sessions
	}

	listen(listener: SessionListener): void {
		this.#listeners.add(listener)
	}

	/** Throws `conflict` (code `roles_conflict`, `details.conflicts`) when a live session owns one of the roles. */
	async join(request: JoinRequest): Promise<{ session: OperatorSession; token: string }> {
		const joining = newSession(request, this.#deps.clock)
		for (const role of joining.session.roles) await this.find(role)
		await this.#enter(joining.session)
		return joining
	}

	/** The live session whose sid or role is `name`. */
	async find(name: string): Promise<LiveSession | null> {
		const entry = this.#named(name)
		if (!entry) return this.#admit(name)
		if (entry.ending) return entry.ending.catch(() => {}).then(() => this.find(name))
		if (!this.#isExpired(entry)) return entry
		await this.end(entry.record.sid, 'expired')
		return null
	}

	/** As `find`, from memory alone: for decisions that must not yield. */
	peek(name: string): LiveSession | null {
		const entry = this.#named(name)
		return entry && !this.#isExpired(entry) && !entry.ending ? entry : null
	}

	/** The session that the bearer proves. Throws `not_found` for an unknown sid, `unauthenticated` for a wrong token; counts as access. */
	async authenticate(sid: string, bearer: string | null): Promise<LiveSession> {
		if (bearer === null) throw missingBearer()
		const session = await this.get(sid)
		if (!hasToken(session.record, bearer))
			throw new MseError('unauthenticated', 'token mismatch', { code: 'token_mismatch', hint: `This is not the token of ${sid}.` })
		this.touch(session.record.sid)
		return session
	}

	/** The session, for a caller who needs no token of it. Throws `not_found`; does not count as access. */
	async get(sid: string): Promise<LiveSession> {
		const session = this.#entries.has(asSessionId(sid)) ? await this.find(sid) : null
		if (session) return session
		throw new MseError('not_found', `unknown sid ${sid}`, { code: 'unknown_sid', hint: JOIN })
	}

	/** As `byToken`, for a route that any operator may read. Throws `unauthenticated`. */
	async authenticateAny(bearer: string | null): Promise<LiveSession> {
		if (bearer === null) throw missingBearer()
		const wasKnown = this.#digests.has(sha256Hex(bearer))
		const session = await this.byToken(bearer)
		if (session) return session
		const sentence = wasKnown ? 'The session of this token has expired.' : 'No live operator session has this token.'
		throw new MseError('unauthenticated', sentence, { code: wasKnown ? 'session_expired' : 'token_unknown', hint: JOIN })
	}

	/** The seats the session was last given. */
	observed(sid: SessionId): Promise<Observed> {
		return this.#deps.store.observed(sid)
	}

	/** The live session with that token, whoever it is; counts as access. */
	async byToken(token: string): Promise<LiveSession | null> {
		const sid = this.#digests.get(sha256Hex(token))
		const session = sid === undefined ? null : await this.find(sid)
		if (session) this.touch(session.record.sid)
		return session
	}

	/** Counts as use of the session: an authenticated call, a sign of life on its socket, a seat given to it. */
	touch(sid: SessionId): void {
		const entry = this.#entries.get(sid)
		if (!entry) return
		const now = this.#deps.clock.now()
		entry.lastAccessAt = now
		if (now - entry.storedAccessAt < TOUCH_MS) return
		entry.storedAccessAt = now
		this.#unattended(this.#deps.store.touch(sid, now), 'noting an access failed', sid)
	}

	/** A socket of the session opened, or its last one closed. */
	setConnected(sid: SessionId, connected: boolean): void {
		const entry = this.#entries.get(sid)
		if (!entry || entry.connected === connected) return
		const now = this.#deps.clock.now()
		Object.assign(entry, { connected, lastAccessAt: now, storedAccessAt: now })
		const change = connected ? 'connected' : 'disconnected'
		this.#unattended(this.#deps.store.connection(sid, change, now), `noting that an operator ${change} failed`, sid)
	}

	/** Ends a session on disk first, then for everybody; false when there was none. A failed write leaves it usable. */
	async end(sid: SessionId, how: 'ended' | 'expired'): Promise<boolean> {
		const entry = this.#entries.get(sid)
		if (!entry) return false
		entry.ending ??= this.#end(entry, how)
		return entry.ending
	}

	/** Ends the sessions that idled out; resolves with how many. Goes on past one that cannot be ended, then throws for it. */
	async sweep(): Promise<number> {
		const expired = [...this.#entries.values()].filter((entry) => this.#isExpired(entry))
		const ends = await Promise.allSettled(expired.map(({ record }) => this.end(record.sid, 'expired')))
		const failed = ends.find((end) => end.status === 'rejected')
		if (failed) throw failed.reason
		return ends.length
	}

	/** Whether an operator could take any work, connected or not; agents of the hive take only what is meant for them. */
	hasLive(): boolean {
		for (const entry of this.#entries.values()) if (!this.#isExpired(entry) && agentOf(entry.record.sid) === null) return true
		return false
	}

	/** Live sessions, in the order they joined. */
	list(): readonly LiveSession[] {
		return [...this.#entries.values()].filter((entry) => !this.#isExpired(entry))
	}

	/** Nobody has the token of an agent's session: the agent is known by its socket. */
	#admit(name: string): Promise<LiveSession | null> {
		const agent = agentOf(name)
		const { isAgent, clock } = this.#deps
		if (agent === null || !isAgent) return Promise.resolve(null)
		const sid = asSessionId(name)
		const admit = async (): Promise<LiveSession | null> => {
			if (!(await isAgent(agent))) return null
			await this.#enter(newSession({ desc: `hive agent ${agent}` }, clock, sid).session)
			return this.peek(name)
		}
		const known = this.#admitting.get(name)
		if (known) return known
		const admitted = admit().finally(() => this.#admitting.delete(name))
		this.#admitting.set(name, admitted)
		return admitted
	}

	async #enter(session: OperatorSession): Promise<void> {
		await this.#deps.store.join(session)
		this.#add(session)
		for (const listener of this.#listeners) listener.joined(session)
	}

	async #end(entry: Entry, how: 'ended' | 'expired'): Promise<boolean> {
		const { sid, roles, tokenDigest } = entry.record
		const reason = how === 'ended' ? 'operator session torn down' : 'operator session expired'
		try {
			await this.#deps.store.end(sid, how, reason)
		} finally {
			entry.ending = undefined
		}
		this.#entries.delete(sid)
		this.#digests.delete(tokenDigest)
		for (const role of roles) if (this.#roles.get(role) === sid) this.#roles.delete(role)
		for (const listener of this.#listeners) listener.ended(sid, reason)
		return true
	}

	#add(record: OperatorSession): void {
		const { sid, lastAccessAt, tokenDigest } = record
		this.#digests.set(tokenDigest, sid)
		this.#entries.set(sid, { record, lastAccessAt, storedAccessAt: lastAccessAt, connected: false, ending: undefined })
		for (const role of record.roles) this.#roles.set(role, sid)
	}

	#named(name: string): Entry | undefined {
		return this.#entries.get(asSessionId(name)) ?? this.#entries.get(this.#roles.get(name) ?? asSessionId(name))
	}

	#isExpired(entry: Entry): boolean {
		return !entry.connected && agentOf(entry.record.sid) === null && this.#deps.clock.now() - entry.lastAccessAt >= IDLE_HORIZON_MS
	}

	#unattended(work: Promise<void>, message: string, sid: SessionId): void {
		work.catch((error) => this.#deps.log.warn(message, { sid, error }))
	}
}

function missingBearer(): MseError {
	return new MseError('unauthenticated', 'missing or empty Bearer token', {
		code: 'missing_bearer',
		hint: 'Send `Authorization: Bearer <token>` with the token that the join answered.',
	})
}
