import { MseError } from '../../../kernel/error.ts'

/** A file of a commit. `path` is relative, with `/` between its names; `id` names its content. */
export interface ConfigFile {
	readonly path: string
	readonly id: string
	readonly executable: boolean
}

/** All files of one commit. */
export interface ConfigTree {
	/** Full object name of the commit. */
	readonly sha: string
	readonly files: readonly ConfigFile[]
	read(file: ConfigFile): Promise<Uint8Array>
}

/** What became of a proposal. A failure and a denial carry a text. */
export type ProposalMark = 'approved' | 'building' | 'deployed' | 'failed' | 'denied'

/**
 * The commits that agents may be deployed from, one store for each agent, which only the server writes to. What a method did is on
 * disk when it resolves. Whoever changes one agent's store from two places takes turns.
 */
export interface ConfigStore {
	/**
	 * Copies a commit of the repository that the agent's manager writes to, with its history, and resolves with its full name. `check`
	 * may refuse it: nothing is kept then. Throws `unknown_commit`, `commit_ambiguous`, `commit_refused`, `repository_refused`.
	 */
	fetch(agent: string, ref: string, check: (tree: ConfigTree) => Promise<void>): Promise<string>
	tree(agent: string, sha: string): Promise<ConfigTree>
	/** Ties a fetched commit to an approval. Once more with the same commit is fine; with another it is a conflict. */
	pin(agent: string, approvalId: string, sha: string): Promise<void>
	pinned(agent: string, approvalId: string): Promise<string | null>
	/** Only what is pinned can be marked. A mark that is there stays as it is. */
	mark(agent: string, approvalId: string, mark: ProposalMark, text?: string): Promise<void>
	marks(agent: string, approvalId: string): Promise<ReadonlySet<ProposalMark>>
	/** The commit that the agent runs on, or is being moved to; null before the first deployment. */
	head(agent: string): Promise<string | null>
	moveHead(agent: string, sha: string | null): Promise<void>
	/** The commit that the agent was last seen to run on. Written before the mark `deployed`. */
	deployed(agent: string): Promise<string | null>
	setDeployed(agent: string, sha: string): Promise<void>
	/** A folder with exactly the files of the commit. It stays until `keepOnly`. */
	checkOut(agent: string, sha: string): Promise<string>
	/** Removes the folders of all commits but one. */
	keepOnly(agent: string, sha: string): Promise<void>
}

export function unknownProposal(agent: string, approvalId: string): MseError {
	return new MseError('not_found', `"${agent}" has no proposal ${approvalId}.`, { code: 'unknown_proposal' })
}
