import type { Config } from '../../config.ts'
import type { Finding, Probe } from '../../core/doctor/probe.ts'
import { works } from '../../core/doctor/probe.ts'
import type { HiveCrew } from './crew.ts'
import type { Hive } from './hive.ts'

/** What `doctor` says of a hive: whether it is there, and of its agents what they run in, what they run, and whether they are who they say. */
export function hiveProbes(hive: Hive, config: Config): Probe[] {
	const there: Probe = { name: 'hive', prove: () => hive.prove() }
	const crew = hive.open?.crew
	if (crew === undefined) return [there]
	return [
		there,
		{ name: 'hive_backends', prove: () => crew.proveCages() },
		{ name: 'hive_agents', prove: async () => idleFinding(crew) },
		{ name: 'hive_identity', prove: async () => withOpenApi(await crew.proveIdentity(), config) },
	]
}

function idleFinding(crew: HiveCrew): Finding | Promise<Finding> {
	const hint = crew.idleHint()
	if (hint === null) return works('agents without a config of their own run hive.defaults')
	return { status: 'missing', detail: 'agents without a config of their own run nothing', hint }
}

/** Whoever reaches an API without a token has the power of the operator, and agents on this machine do. */
function withOpenApi(identity: Finding, { adminToken, adminTokenFile }: Config): Finding {
	if (adminToken !== null || adminTokenFile !== null || identity.status === 'broken') return identity
	const hint = 'Set an admin token (MSE_ADMIN_TOKEN), which agents do not get.'
	return {
		status: 'missing',
		detail: `${identity.detail}; the HTTP API is open, so an agent that reaches it has the power of the operator`,
		hint: identity.status === 'missing' ? `${identity.hint} ${hint}` : hint,
	}
}
