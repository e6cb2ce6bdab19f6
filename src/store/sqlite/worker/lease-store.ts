import type { LeaseStore, StoredLease } from '../../../core/worker/lease.ts'
import type { SqliteDatabase } from '../database.ts'

interface LeaseRow {
	readonly worker_id: string
	readonly turn: number
	readonly profile: string
	readonly since: number
	readonly fence: number
	readonly state: string
	readonly lease_hash: string | null
	readonly holder: string | null
	readonly until: number | null
}

export class SqliteLeaseStore implements LeaseStore {
	readonly #db: SqliteDatabase

	constructor(db: SqliteDatabase) {
		this.#db = db
	}

	async find(workerId: string): Promise<StoredLease | null> {
		return toLease(this.#db.query<LeaseRow>('SELECT * FROM worker_lease WHERE worker_id = ?').get(workerId))
	}

	async byLease(leaseHash: string): Promise<StoredLease | null> {
		return toLease(this.#db.query<LeaseRow>('SELECT * FROM worker_lease WHERE lease_hash = ?').get(leaseHash))
	}

	put({ workerId, turn, profile, since, fence, state, leaseHash, holder, until }: StoredLease): Promise<void> {
		return this.#db.write(() => {
			// A worker that was deleted meanwhile has no turn.
			const sql = `INSERT INTO worker_lease (worker_id, turn, profile, since, fence, state, lease_hash, holder, until)
				SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 WHERE EXISTS (SELECT 1 FROM worker WHERE id = ?1)
				ON CONFLICT (worker_id) DO UPDATE SET turn = ?2, profile = ?3, since = ?4, fence = ?5, state = ?6, lease_hash = ?7, holder = ?8, until = ?9`
			this.#db.query(sql).run(workerId, turn, profile, since, fence, state, leaseHash, holder, until)
		})
	}
}

function toLease(row: LeaseRow | null): StoredLease | null {
	if (!row) return null
	const { worker_id, lease_hash, state, ...rest } = row
	return { ...rest, workerId: worker_id, leaseHash: lease_hash, state: state as StoredLease['state'] }
}
