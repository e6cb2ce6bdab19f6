import type { Clock } from '../../kernel/clock.ts'
import type { ModelSource } from './model.ts'
import type { Fetch } from './patient-fetch.ts'

/** What it takes to run workers by language models. */
export interface LlmWorkerOptions extends ModelSource {
	readonly clock: Clock
	readonly fetch: Fetch
	readonly outputBytes: number
}
