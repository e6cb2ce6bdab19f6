import type { Config } from '../config.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Logger } from '../kernel/log.ts'

/** Where an engine stands: its settings, its directory, and the process around it. */
export interface Surroundings {
	readonly config: Config
	/** The data directory; null keeps everything in memory. */
	readonly dir: string | null
	readonly clock: Clock
	readonly log: Logger
	/** The process's own environment, of which children get a part. */
	readonly environment: { readonly [name: string]: string | undefined }
	/** Where workers reach this server; undefined while nothing listens. */
	baseUrl(): string | undefined
}
