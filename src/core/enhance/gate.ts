import type { RunId } from '../../kernel/id.ts'
import type { CommitDecision } from '../../protocol/enhance.ts'
import type { Issue } from './issue.ts'

/** A verified change that shall become the head, put to whoever may say so. */
export interface GateQuestion {
	/** The same question after a restart has the same run, and is not asked twice. */
	readonly runId: RunId
	readonly issue: Issue
	/** The version it was made for, which has to be the head still when it is committed. */
	readonly prevHash: string
	readonly decision: Extract<CommitDecision, { committed: true }>
}

export type GateAnswer =
	| { readonly granted: true; readonly by: string }
	| { readonly granted: false; readonly by: string; readonly reason: string }

/** Resolves once somebody answered, however long that takes; a deadline is the asked one's business. Heeds the signal. */
export type AskGate = (question: GateQuestion, signal: AbortSignal) => Promise<GateAnswer>
