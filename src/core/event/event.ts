import type { RunId, SessionId, StepId, TaskId } from '../../kernel/id.ts'
import type { Json } from '../../kernel/json.ts'
import type { EventKind } from '../../protocol/event.ts'

/** A fact about to be appended: the store gives it its `seq` and `at` inside the transaction that makes it true. */
export interface EventDraft {
	readonly kind: EventKind
	readonly runId?: RunId | undefined
	readonly taskId?: TaskId | undefined
	readonly stepId?: StepId | undefined
	readonly operator?: SessionId | undefined
	readonly worker?: string | undefined
	readonly data?: { readonly [key: string]: Json | undefined }
}
