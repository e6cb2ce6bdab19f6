import { MANAGER } from './agent-name.ts'

export type AgentRole = 'agent' | 'manager'

export interface Mount {
	/** On this machine. */
	readonly host: string
	/** In the cage. */
	readonly guest: string
	/** Read only. */
	readonly ro?: boolean
}

export interface Limits {
	/** Cores. */
	readonly cpu?: number
	/** Bytes. */
	readonly memory?: number
	/** Processes. */
	readonly pids?: number
}

/** What becomes of an agent that ended by itself. The wait doubles with each restart in a row. */
export type RestartPolicy = 'never' | { readonly policy: 'on-failure'; readonly max: number; readonly backoff_ms: number }

/** How to run an agent, as its applied config says it. The keys are those of that file. */
export interface AgentSpec {
	/** Empty: what the image runs by itself. */
	readonly argv?: readonly string[]
	readonly env?: { readonly [name: string]: string }
	/** The cage it runs in. */
	readonly backend?: string
	/** Undefined: its state folder. */
	readonly cwd?: string
	/** Of a container, or the root folder of a machine. */
	readonly image?: string
	readonly mounts?: readonly Mount[]
	readonly limits?: Limits
	/** `recv`: it counts as started only once it made its first call on its socket. */
	readonly ready?: 'started' | 'recv'
	readonly restart?: RestartPolicy
	/** Whom it may write to; undefined: everybody. */
	readonly allowed_recipients?: readonly string[]
}

/** What was deployed for an agent. */
export interface AppliedConfig {
	/** The commit it is from. */
	readonly sha: string
	/** Holds exactly the files of that commit. */
	readonly folder: string
	readonly config: AgentSpec
}

/** A spec with everything decided; kept with the agent, so that a start later means the same. */
export interface RunSpec {
	/** The commit it is from; absent where the defaults are run. */
	readonly sha?: string
	/** With the files of that commit; read only, and at the same place in the cage. */
	readonly folder?: string
	readonly argv: readonly string[]
	readonly env: { readonly [name: string]: string }
	readonly cwd?: string
	readonly image?: string
	readonly mounts: readonly Mount[]
	readonly limits: Limits
	readonly ready: 'started' | 'recv'
	readonly restart: RestartPolicy
	/** Whom it may write to; absent: everybody. */
	readonly recipients?: readonly string[]
}

export interface AgentDefaults {
	/** What runs where an agent has no applied config. */
	readonly spec: AgentSpec
	/** The cage of those that name none. */
	readonly cage: string
	/** What an agent runs that was told nothing: it stays alive and leaves its messages alone. */
	readonly idleArgv: readonly string[]
	/** What the manager runs, where that differs. */
	readonly managerArgv?: readonly string[]
}

/** The cage and the spec of an agent: its applied config or, without one, the defaults. */
export function resolveSpec(name: string, applied: AppliedConfig | undefined, defaults: AgentDefaults): { cage: string; spec: RunSpec } {
	const { argv, env, backend, cwd, image, mounts, limits, ready, restart, allowed_recipients } = applied?.config ?? defaults.spec
	const ofManager = name === MANAGER && applied === undefined ? defaults.managerArgv : undefined
	const given = [ofManager, argv].find((each) => each !== undefined && each.length > 0)
	return {
		cage: backend ?? defaults.cage,
		spec: {
			argv: given ?? (image === undefined ? defaults.idleArgv : []),
			env: env ?? {},
			...(applied !== undefined && { sha: applied.sha, folder: applied.folder }),
			...(cwd !== undefined && { cwd }),
			...(image !== undefined && { image }),
			...(allowed_recipients !== undefined && { recipients: allowed_recipients }),
			...{ mounts: mounts ?? [], limits: limits ?? {}, ready: ready ?? 'started', restart: restart ?? 'never' },
		},
	}
}
