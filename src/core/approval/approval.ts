import type { RunId, StepId, TaskId } from '../../kernel/id.ts'
import type { Json } from '../../kernel/json.ts'
import type { ApprovalKind, ApprovalStatus, OnTimeout } from '../../protocol/approval.ts'

/** What is asked for, and how it may be answered; fixed once it is asked. */
export interface Question {
	readonly kind: ApprovalKind
	/** `name` is what people know it by, where that is not its id. */
	readonly subject: { readonly type: string; readonly id: string; readonly name?: string }
	readonly requester: string
	/** SHA-256 of what is asked for. */
	readonly digest: string
	readonly payload: Json
	/** What would change, where there is something to compare with; else null. */
	readonly diff: Json
	/** How many different approvers have to say yes. */
	readonly required: number
	/** Names or roles of which an approver needs one; empty lets everybody who may approve at all. */
	readonly approvers: readonly string[]
	readonly noSelfApproval: boolean
	/** Milliseconds since the epoch. */
	readonly deadlineAt: number | null
	readonly onTimeout: OnTimeout
	/** JSON Schema of the answer; null takes any. */
	readonly form: Json
	/** Where in a run it stands: the step that waits for it, and the position of the question itself. */
	readonly runId: RunId | null
	readonly taskId: TaskId | null
	readonly stepId: StepId | null
	readonly position: string | null
}

export interface Grant {
	readonly by: string
	readonly at: number
}

/** A question that waits, or how it ended. `approved`, `denied` and `failed` are final. */
export interface Approval extends Question {
	/** Only grows, and is never given out twice. */
	readonly id: number
	readonly status: ApprovalStatus
	readonly grants: readonly Grant[]
	/** What the last approver filled in. */
	readonly answer: Json
	readonly note: string | null
	/** Who ended it. */
	readonly by: string | null
	/** Set while it is pending and what was approved is being done. */
	readonly startedAt: number | null
	/** How often that was begun. */
	readonly attempt: number
	/** When its deadline passed without ending it. */
	readonly expiredAt: number | null
	readonly requestedAt: number
	readonly resolvedAt: number | null
}

/** An approval without what may be large. */
export type ApprovalEntry = Omit<Approval, 'payload' | 'diff' | 'form' | 'answer'>

/** A reader of a list: ids above `after`, at most `limit`, in their order. */
export interface ApprovalQuery {
	readonly status?: ApprovalStatus | undefined
	readonly kind?: ApprovalKind | undefined
	readonly runId?: RunId | undefined
	readonly subject?: Question['subject'] | undefined
	/** Newest first; `after` then counts downwards, and 0 starts at the newest. */
	readonly newestFirst?: boolean
	readonly after: number
	readonly limit: number
}
