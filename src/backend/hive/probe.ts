import { type Finding, works } from '../../core/doctor/probe.ts'
import type { Cage } from '../../core/hive/cage.ts'

/**
 * Whether an agent is who its socket says: it is when the machine keeps it from the sockets of others. One that shares the
 * server's user could open any of them, so the least of the cages in use decides. `uidBase`: each agent has a user of its own.
 */
export async function proveIdentity(inUse: readonly Cage[], uidBase: number | null): Promise<Finding> {
	const probes = await Promise.all(inUse.map(async (cage) => ({ id: cage.id, ...(await cage.probe()) })))
	const broken = probes.find(({ available }) => !available)
	if (broken)
		return {
			status: 'broken',
			detail: `identity: agents of the ${broken.id} backend cannot run: ${broken.detail}`,
			hint: 'Mend that, or name another hive.backend.',
		}
	const open = uidBase === null ? probes.find(({ isolates }) => !isolates) : undefined
	if (open)
		return {
			status: 'missing',
			detail: `identity: not enforced (${open.id} backend, shared uid)`,
			hint: 'Agents can open the sockets of one another. Set hive.sandbox = "bwrap", hive.agent_uid_base (as root), or a container backend.',
		}
	const how = probes.map(({ id, detail, isolates }) => (isolates ? `${id} backend, ${detail}` : `${id} backend, users from ${uidBase} on`))
	return works(`identity: enforced (${how.join('; ')})`)
}

/** Which cages there are. One that is missing is no fault: an agent that names it is refused with the reason. */
export async function proveCages(cages: readonly Cage[]): Promise<Finding> {
	const probes = await Promise.all(cages.map(async (cage) => ({ id: cage.id, ...(await cage.probe()) })))
	const there = probes.filter(({ available }) => available).map(({ id, detail }) => `${id} (${detail})`)
	const missing = probes.filter(({ available }) => !available).map(({ id, detail }) => `${id} (${detail})`)
	return works([...there.map((text) => `${text} can run agents`), ...missing.map((text) => `${text} cannot`)].join('; '))
}
