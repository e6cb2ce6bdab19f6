import type { EnhanceLogEntry, EnhanceSetting, IssueStatus } from '../../protocol/enhance.ts'
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
	/** The oldest pending issue, now in flight; null when none is pending. */
	takeIssue(): Promise<Issue | null>
	/** Ends an issue in flight and logs it; false, with nothing written, when it is not in flight. */
	settleIssue(id: string, outcome: IssueOutcome, entry: EnhanceLogEntry | null): Promise<boolean>
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
