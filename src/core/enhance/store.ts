import type { RunId } from '../../kernel/id.ts'
import type { EnhanceLogEntry, EnhanceSetting, IssueStatus } from '../../protocol/enhance.ts'
import type { NewCommit } from '../blueprint/store.ts'
import type { Issue, IssueOutcome } from './issue.ts'

/**
 * Issues, their log and the settings of the work on them. Each method is one transaction and appends its event, a promise
 * of a write resolves after COMMIT, `null` means absent.
 */
export interface EnhanceStore {
	addIssue(issue: Issue): Promise<void>
	issue(id: string): Promise<Issue | null>
	/** Newest first. */
	issues(query: {
		readonly status?: IssueStatus | undefined
		readonly blueprintId?: string | undefined
		readonly limit: number
	}): Promise<readonly Issue[]>
	/**
	 * The oldest pending issue of a Blueprint that no issue in flight is about, now in flight itself; null when there is none. Its
	 * next attempt will be the run of that id.
	 */
	takeIssue(runId: RunId): Promise<Issue | null>
	/** Oldest first. */
	issuesInFlight(): Promise<readonly Issue[]>
	/** Ends an issue in flight and logs it; false, with nothing written, when it is not in flight. */
	settleIssue(id: string, outcome: IssueOutcome, entry: EnhanceLogEntry | null): Promise<boolean>
	/**
	 * As `settleIssue` for an applied one, with the commit it led to in the same transaction. Throws like `commit` of the Blueprint
	 * store, with nothing written.
	 */
	applyIssue(id: string, change: NewCommit, entry: EnhanceLogEntry): Promise<boolean>
	/** Back from in flight to pending, in its old place of the order; false, with nothing written, when it is not in flight. */
	requeueIssue(id: string, why: string): Promise<boolean>
	/** From rejected to pending, attempts counted anew; null, with nothing written, when it is not rejected. */
	retryIssue(id: string): Promise<Issue | null>
	/** The newest entries, oldest of them first. */
	log(query: { readonly blueprintId?: string | undefined; readonly limit: number }): Promise<readonly EnhanceLogEntry[]>
	/** The newest entry about an issue. */
	logOf(issueId: string): Promise<EnhanceLogEntry | null>
	/** Replaces one of the same id. */
	putSetting(setting: EnhanceSetting): Promise<void>
	setting(id: string): Promise<EnhanceSetting | null>
	/** Sorted. */
	settingIds(): Promise<readonly string[]>
	/** False when there was none. */
	removeSetting(id: string): Promise<boolean>
}
