import type { ChildSlots } from '../../backend/process/child-slots.ts'
import type { ApprovalGate } from '../../core/approval/gate.ts'
import { MANAGER } from '../../core/hive/agent-name.ts'
import type { HiveAgents } from '../../core/hive/agents.ts'
import { type AgentConfigs, agentConfigs } from '../../core/hive/config/agent-configs.ts'
import { containerCrash } from '../../core/hive/helper-event.ts'
import type { AgentSockets } from '../../core/hive/hive.ts'
import { messageOf } from '../../kernel/error.ts'
import type { DataDir } from '../../store/data-dir.ts'
import { GitConfigStore } from '../../store/git/config-store.ts'
import { realPathOf } from '../../store/regular-file.ts'
import type { SqliteDatabase } from '../../store/sqlite/database.ts'
import { type Alongside, SqliteHiveAgentStore } from '../../store/sqlite/hive/hive-agent-store.ts'
import { insertMessage, type SqliteMessageStore } from '../../store/sqlite/hive/message-store.ts'
import type { EngineOptions } from '../option.ts'
import type { Stores } from '../stores.ts'
import { openHiveAgents } from './agents.ts'
import { about } from './asked.ts'
import { openHiveMarks } from './mark.ts'
import { hiveSettings } from './setting.ts'

interface CrewDeps extends Pick<EngineOptions, 'config' | 'clock' | 'log' | 'environment'> {
	readonly data: DataDir
	readonly runDir: string
	readonly stateDir: string
	readonly sockets: AgentSockets
	readonly events: Stores['events']
	readonly childSlots: ChildSlots
	readonly gate: ApprovalGate
	readonly messages: Pick<SqliteMessageStore, 'returnUnanswered'>
}

/** The agents of a hive with their configs. */
export interface HiveCrew extends Omit<ReturnType<typeof openHiveAgents>, 'agents'> {
	readonly agents: HiveAgents
	readonly configs: AgentConfigs
	/** Takes back what an earlier life left. */
	recover(): Promise<void>
	/** Makes the manager where it is to be there by itself; one that does not start is logged. One that was stopped stays so. */
	startManager(): Promise<void>
	/** Agents live on, unless nothing is kept that could find them again. */
	stop(): Promise<void>
}

/** Agents as the config wants them. Nothing runs until `recover()`. */
export function openCrew({ data, config, clock, log, environment, gate, events, messages, ...given }: CrewDeps): HiveCrew {
	const { hive } = config
	const { backend, sandbox, mountAllow } = hive
	const { defaults, manager, agents: settings } = hiveSettings(config)
	const { stateDir } = given
	const configs = agentConfigs({ store: new GitConfigStore({ stateDir, clock }), mounts: { allow: mountAllow, realPath: realPathOf } })
	const marks = openHiveMarks({ gate, events, configs, agents: new SqliteHiveAgentStore(data.db), log })
	const opened = openHiveAgents({
		...given,
		beginsAnew: (name) => messages.returnUnanswered(name),
		approvals: { failPending: async (name, note) => void (await gate.failAll(about(name), note)) },
		...(hive.helperEvents === 'extended' && { alongside: tellOfCrashes(data.db) }),
		...{ db: data.db, dataDirId: data.id, fault: data.fault, config: configs, defaults, backend, sandbox, settings },
		...{ environment, clock, log, ...(manager.argv !== undefined && { managerArgv: manager.argv }) },
	})
	const { agents } = opened
	return {
		...{ ...opened, configs },
		async recover() {
			await agents.recover()
			await marks.catchUp()
		},
		async startManager() {
			if (manager.autostart !== true || (await agents.isManaged(MANAGER))) return
			await agents
				.ensureManager({ by: 'autostart' })
				.catch((error) => log.error('the manager of the hive does not start', { reason: messageOf(error) }))
		},
		async stop() {
			if (data.dir === null) await endAll(agents)
			await agents.close()
			await marks.stop()
		},
	}
}

/** The manager hears of a crash in the transaction that records it. */
function tellOfCrashes(db: SqliteDatabase): Alongside {
	return (name, { kind, data }) => {
		if (kind === 'hive.agent_crashed') insertMessage(db, containerCrash(name, typeof data?.exit_code === 'number' ? data.exit_code : null))
	}
}

async function endAll(agents: HiveAgents): Promise<void> {
	const running = (await agents.records()).filter(({ state }) => state === 'running')
	await Promise.allSettled(running.map(({ name }) => agents.kill(name, { by: 'stop' })))
}
