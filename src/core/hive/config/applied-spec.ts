import type { AgentConfigFile } from '../../../protocol/hive-config.ts'

/** What an agent is to run on. */
export interface AppliedSpec {
	/** The commit it is from. */
	readonly sha: string
	/** Holds exactly the files of that commit. */
	readonly folder: string
	/** A relative `cwd` has become a folder below `folder`, and mounts are what their links mean. */
	readonly config: AgentConfigFile
}

/** Brings an agent to run on a spec, or on the defaults when there is none, and resolves once it was seen to run. */
export type Rebuild = (spec: AppliedSpec | undefined) => Promise<void>

/** Whether the agent runs on that commit now. */
export type RunsOn = (sha: string) => Promise<boolean>
