import type { ExecutionProfile } from '../../core/worker/execution.ts'
import type { LeaseDesk } from '../../core/worker/lease-desk.ts'
import type { HttpPullProfile } from '../../protocol/runtime-profile.ts'
import { elsewhereExecution } from './elsewhere.ts'

export const LEASE_MS = 60_000
const DEADLINE_MS = 24 * 3600 * 1000

/** `http:<name>` in pull mode: each turn waits until somebody asks for it over HTTP, and goes to another one when their lease runs out. */
export function pullProfile(name: string, settings: HttpPullProfile, desk: LeaseDesk): ExecutionProfile {
	const profile = `http:${name}`
	const { lease_ms: leaseMs = LEASE_MS, turn_timeout_ms: deadlineMs = DEADLINE_MS } = settings
	return {
		name: profile,
		rests: true,
		unavailable: () => null,
		spawn: (context) => elsewhereExecution({ desk, profile, isPulled: true, leaseMs, deadlineMs }, context),
	}
}
