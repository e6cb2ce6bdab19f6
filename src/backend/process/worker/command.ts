import type { Logger } from '../../../kernel/log.ts'
import type { ProcessProfile } from '../../../protocol/runtime-profile.ts'
import type { ChildList } from '../child-list.ts'
import type { ChildSlots } from '../child-slots.ts'
import type { EnvironmentSource } from '../environment.ts'
import type { Ending } from '../tree.ts'

/** What all children of workers share. */
export interface WorkerProcessOptions extends EnvironmentSource, Ending {
	readonly log: Logger
	readonly childSlots: ChildSlots
	readonly outputBytes: number
	readonly dataDirId: string
	readonly childList?: ChildList | undefined
}

/** What one worker's children are started with. */
export interface WorkerCommand {
	readonly settings: ProcessProfile
	readonly env: Record<string, string>
	/** Marks every process of this worker. */
	readonly key: string
}
