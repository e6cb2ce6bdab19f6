import type { ApprovalsOfAgent } from '../core/hive/agent-deps.ts'
import { MANAGER } from '../core/hive/agent-name.ts'
import type { HiveAgents } from '../core/hive/agents.ts'
import { type AgentConfigs, agentConfigs } from '../core/hive/config/agent-configs.ts'
import type { AgentSockets } from '../core/hive/hive.ts'
import { messageOf } from '../kernel/error.ts'
import type { DataDir } from '../store/data-dir.ts'
import { GitConfigStore } from '../store/git/config-store.ts'
import { realPathOf } from '../store/regular-file.ts'
import { openHiveAgents } from './hive-agents.ts'
import { hiveSettings } from './hive-setting.ts'
import type { EngineOptions } from './option.ts'

interface CrewDeps extends Pick<EngineOptions, 'config' | 'clock' | 'log' | 'environment'> {
	readonly data: DataDir
	readonly runDir: string
	readonly stateDir: string
	readonly sockets: AgentSockets
	readonly approvals: ApprovalsOfAgent
}

/** The agents of a hive with their configs. */
export interface HiveCrew extends Omit<ReturnType<typeof openHiveAgents>, 'agents'> {
	readonly agents: HiveAgents
	readonly configs: AgentConfigs
	/** Makes the manager where it is to be there by itself; one that does not start is logged. One that was stopped stays so. */
	startManager(): Promise<void>
	/** Agents live on, unless nothing is kept that could find them again. */
	stop(): Promise<void>
}

/** Agents as the config wants them. Nothing runs until `agents.recover()`. */
export function openCrew({ data, config, clock, log, environment, ...given }: CrewDeps): HiveCrew {
	const { backend, sandbox, mountAllow } = config.hive
	const { defaults, manager, agents: settings } = hiveSettings(config)
	const { stateDir } = given
	const configs = agentConfigs({ store: new GitConfigStore({ stateDir, clock }), mounts: { allow: mountAllow, realPath: realPathOf } })
	const opened = openHiveAgents({
		...{ ...given, db: data.db, dataDirId: data.id, fault: data.fault, config: configs, defaults, backend, sandbox, settings },
		...{ environment, clock, log, ...(manager.argv !== undefined && { managerArgv: manager.argv }) },
	})
	const { agents } = opened
	return {
		...{ ...opened, configs },
		async startManager() {
			if (manager.autostart !== true || (await agents.isManaged(MANAGER))) return
			await agents
				.ensureManager({ by: 'autostart' })
				.catch((error) => log.error('the manager of the hive does not start', { reason: messageOf(error) }))
		},
		async stop() {
			if (data.dir === null) await endAll(agents)
			await agents.close()
		},
	}
}

async function endAll(agents: HiveAgents): Promise<void> {
	const running = (await agents.records()).filter(({ state }) => state === 'running')
	await Promise.allSettled(running.map(({ name }) => agents.kill(name, { by: 'stop' })))
}
