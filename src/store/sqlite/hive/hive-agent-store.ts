import type { AgentRole, RunSpec } from '../../../core/hive/agent-spec.ts'
import type { AgentDraft, AgentEvent, AgentGoal, AgentPatch, AgentRecord, AgentState, AgentStore } from '../../../core/hive/agent-store.ts'
import type { CageHandle } from '../../../core/hive/cage.ts'
import type { SqliteDatabase } from '../database.ts'
import { appendEvent } from '../event/event-store.ts'
import { writeEffect } from '../rider.ts'

interface AgentRow {
	readonly name: string
	readonly role: string
	readonly state: string
	readonly goal: string
	readonly cage: string
	readonly spec: string
	readonly handle: string | null
	readonly uid: number | null
	readonly exit_code: number | null
	readonly failure: string | null
	readonly started_at: number | null
	readonly restarts: number
	readonly paused: number
	readonly parent: string | null
	readonly purge: number
	readonly created_at: number
	readonly updated_at: number
}

const INSERT = `INSERT OR REPLACE INTO hive_agent
	(name, role, state, goal, cage, spec, uid, restarts, paused, parent, purge, created_at, updated_at)
	VALUES (?, ?, 'creating', 'running', ?, ?, ?, 0, 0, ?, 0, ?, ?)`

const UPDATE = `UPDATE hive_agent SET state = ?, goal = ?, cage = ?, spec = ?, handle = ?, uid = ?, exit_code = ?, failure = ?,
	started_at = ?, restarts = ?, paused = ?, purge = ?, updated_at = ? WHERE name = ?`

/** What else is to be on disk together with a fact about an agent; called in its transaction. */
export type Alongside = (name: string, event: AgentEvent) => void

/** What ends a request about an agent: from then on a repeat of its key asks for nothing any more. */
const DONE: readonly AgentEvent['kind'][] = [
	'hive.agent_spawned',
	'hive.agent_started',
	'hive.agent_rebuilt',
	'hive.agent_stopped',
	'hive.agent_paused',
	'hive.agent_resumed',
	'hive.agent_destroyed',
	'hive.agent_purged',
]

export class SqliteHiveAgentStore implements AgentStore {
	readonly #db: SqliteDatabase
	readonly #alongside: Alongside

	constructor(db: SqliteDatabase, alongside: Alongside = () => {}) {
		this.#db = db
		this.#alongside = alongside
	}

	async find(name: string): Promise<AgentRecord | null> {
		return this.#find(name)
	}

	async list(): Promise<readonly AgentRecord[]> {
		return this.#db.query<AgentRow>('SELECT * FROM hive_agent ORDER BY name').all().map(toAgent)
	}

	claim({ name, role, cage, spec, parent }: AgentDraft, uidBase: number | null): Promise<AgentRecord | null> {
		return this.#db.write(() => {
			const before = this.#find(name)
			// One that is still being made was given up by whoever made it: a name is never made twice at once.
			if (before && before.state !== 'destroyed' && before.state !== 'creating') return null
			const now = this.#db.clock.now()
			const uid = uidBase === null ? null : (before?.uid ?? this.#nextUid(uidBase))
			this.#db.query(INSERT).run(name, role, cage, JSON.stringify(spec), uid, parent, now, now)
			return this.#find(name)
		})
	}

	change(name: string, from: readonly AgentState[], patch: AgentPatch, event?: AgentEvent): Promise<AgentRecord | null> {
		return this.#asked(name, event, () => {
			const before = this.#find(name)
			if (!before || !from.includes(before.state)) return null
			const after = { ...before, ...patch, updatedAt: this.#db.clock.now() }
			this.#db
				.query(UPDATE)
				.run(
					...[after.state, after.goal, after.cage, JSON.stringify(after.spec), after.handle && JSON.stringify(after.handle)],
					...[after.uid, after.exitCode, after.failure, after.startedAt, after.restarts],
					...[Number(after.paused), Number(after.purge), after.updatedAt, name],
				)
			if (event) this.#append(name, event)
			return after
		})
	}

	forget(name: string, event: AgentEvent): Promise<boolean> {
		return this.#asked(name, event, () => {
			const gone = this.#db.query("DELETE FROM hive_agent WHERE name = ? AND state = 'destroyed'").run(name).changes > 0
			this.#append(name, event)
			return gone
		})
	}

	/** The change that a request was made for goes with the request's key; steps on the way there do not. */
	#asked<T>(name: string, event: AgentEvent | undefined, change: () => T): Promise<T> {
		if (!event || !DONE.includes(event.kind)) return this.#db.write(change)
		return writeEffect(this.#db, change, () => ({ agent: name }))
	}

	#find(name: string): AgentRecord | null {
		const row = this.#db.query<AgentRow>('SELECT * FROM hive_agent WHERE name = ?').get(name)
		return row && toAgent(row)
	}

	#nextUid(base: number): number {
		const highest = this.#db.query<{ uid: number | null }>('SELECT max(uid) AS uid FROM hive_agent').get()?.uid
		return Math.max(base, (highest ?? 0) + 1)
	}

	#append(name: string, { kind, data }: AgentEvent): void {
		appendEvent(this.#db, { kind, data: { agent: name, ...data } })
		this.#alongside(name, { kind, ...(data && { data }) })
	}
}

function toAgent(row: AgentRow): AgentRecord {
	return {
		name: row.name,
		role: row.role as AgentRole,
		state: row.state as AgentState,
		goal: row.goal as AgentGoal,
		cage: row.cage,
		spec: JSON.parse(row.spec) as RunSpec,
		handle: row.handle === null ? null : (JSON.parse(row.handle) as CageHandle),
		uid: row.uid,
		exitCode: row.exit_code,
		failure: row.failure,
		startedAt: row.started_at,
		restarts: row.restarts,
		paused: row.paused === 1,
		parent: row.parent,
		purge: row.purge === 1,
		createdAt: row.created_at,
		updatedAt: row.updated_at,
	}
}
