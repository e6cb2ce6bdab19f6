import type { LeaseStore, StoredLease } from '../../../src/core/worker/lease.ts'

/** Leases that outlive a desk, for tests without a database. */
export function memoryLeases(): LeaseStore {
	const rows = new Map<string, StoredLease>()
	return {
		find: async (workerId) => rows.get(workerId) ?? null,
		byLease: async (hash) => [...rows.values()].find(({ leaseHash }) => leaseHash === hash) ?? null,
		put: async (lease) => void rows.set(lease.workerId, lease),
	}
}
