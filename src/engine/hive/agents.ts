import type { Confinement, Tools } from '../../backend/hive/confinement.ts'
import { countedCage } from '../../backend/hive/counted.ts'
import { idleArgv } from '../../backend/hive/idle.ts'
import { nspawnCage } from '../../backend/hive/nspawn.ts'
import { containerCage } from '../../backend/hive/podman.ts'
import { proveCages, proveIdentity } from '../../backend/hive/probe.ts'
import { processCage } from '../../backend/hive/process.ts'
import { programRunner } from '../../backend/hive/program.ts'
import type { ChildSlots } from '../../backend/process/child-slots.ts'
import { type Environment, inheritedVariables } from '../../backend/process/environment.ts'
import type { Finding } from '../../core/doctor/probe.ts'
import type { AgentConfig, AgentSettings, ApprovalsOfAgent } from '../../core/hive/agent-deps.ts'
import type { AgentSpec } from '../../core/hive/agent-spec.ts'
import { HiveAgents } from '../../core/hive/agents.ts'
import type { Cage } from '../../core/hive/cage.ts'
import { newFirstCalls } from '../../core/hive/first-call.ts'
import type { AgentSockets } from '../../core/hive/hive.ts'
import type { Clock } from '../../kernel/clock.ts'
import { MseError } from '../../kernel/error.ts'
import { type FaultPoint, noFault } from '../../kernel/fault.ts'
import type { Logger } from '../../kernel/log.ts'
import { agentFolders } from '../../store/agent-folder.ts'
import type { SqliteDatabase } from '../../store/sqlite/database.ts'
import { type Alongside, SqliteHiveAgentStore } from '../../store/sqlite/hive/hive-agent-store.ts'

export interface HiveAgentOptions {
	readonly db: SqliteDatabase
	/** Marks what this hive starts. */
	readonly dataDirId: string
	readonly childSlots: ChildSlots
	readonly stateDir: string
	readonly runDir: string
	readonly sockets: AgentSockets
	readonly config: AgentConfig
	readonly approvals: ApprovalsOfAgent
	readonly beginsAnew?: (name: string) => Promise<void>
	/** `[hive.defaults]`. */
	readonly defaults: AgentSpec
	/** `hive.backend`. */
	readonly backend: string
	/** `hive.manager.argv`. */
	readonly managerArgv?: readonly string[]
	readonly sandbox: Confinement
	/** Names of the server's environment that agents may inherit beyond the usual ones. */
	readonly inherit?: readonly string[]
	readonly settings: AgentSettings
	/** Cages besides those of the product. */
	readonly cages?: readonly Cage[]
	readonly environment: Environment
	readonly clock: Clock
	readonly log: Logger
	readonly fault?: FaultPoint
	/** Called in the transaction of each fact about an agent. */
	readonly alongside?: Alongside
}

/** How long `podman`, `systemctl` and their kin may take; a stop takes its grace on top of what it does. */
const PROGRAM_WITHIN_MS = 120_000

/** The agents of a hive on this machine. Call `agents.recover()` before their sockets take requests. */
export function openHiveAgents(options: HiveAgentOptions) {
	const { db, stateDir, runDir, defaults, backend, managerArgv, settings, clock, log, fault = noFault } = options
	if (settings.uidBase !== null && process.getuid?.() !== 0)
		throw new MseError('invalid', 'hive.agent_uid_base needs a server that runs as root', { code: 'config_invalid' })
	const cages = [...machineCages(options), ...(options.cages ?? [])].map((cage) => countedCage(cage, options.childSlots))
	const { sockets, config, approvals, beginsAnew } = options
	const agents = new HiveAgents({
		...{ sockets, config, approvals, settings, clock, log, fault, cages },
		...(beginsAnew && { beginsAnew }),
		store: new SqliteHiveAgentStore(db, options.alongside),
		folders: agentFolders({ stateDir, runDir }),
		calls: newFirstCalls(),
		defaults: { spec: defaults, cage: backend, idleArgv: idleArgv(), ...(managerArgv !== undefined && { managerArgv }) },
	})
	return {
		agents,
		/** Of the cage that agents get by default and of those that some have. */
		async proveIdentity(): Promise<Finding> {
			const used = new Set([defaults.backend ?? backend, ...(await agents.records()).map(({ cage }) => cage)])
			return proveIdentity(
				cages.filter(({ id }) => used.has(id)),
				settings.uidBase,
			)
		},
		proveCages: () => proveCages(cages),
		/** Agents that name nothing to run stay idle: what to set to change that. Null where something is set. */
		idleHint: (): string | null =>
			(defaults.argv ?? []).length > 0 ? null : 'Set hive.defaults.argv: agents without a config of their own stay idle.',
	}
}

function machineCages({ dataDirId: owner, environment, inherit = [], sandbox, settings, clock }: HiveAgentOptions): readonly Cage[] {
	const { stopGraceMs } = settings
	const inherited = inheritedVariables({ environment, inherit, baseUrl: () => undefined })
	const run = programRunner({ clock, environment: inherited, withinMs: PROGRAM_WITHIN_MS })
	const tools: Tools = { find: (program) => Bun.which(program, { PATH: environment.PATH ?? '/usr/bin:/bin' }) }
	return [
		processCage({ owner, clock, environment, inherit, sandbox, tools, run }),
		containerCage({ program: 'podman', owner, run }),
		containerCage({ program: 'docker', owner, run }),
		nspawnCage({ owner, run, tools, stopGraceMs }),
	]
}
