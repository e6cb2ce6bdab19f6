import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type ConfigStore, type ConfigTree, type ProposalMark, unknownProposal } from '../../core/hive/config/store.ts'
import type { Clock } from '../../kernel/clock.ts'
import { MseError } from '../../kernel/error.ts'
import { checkOutFiles } from './check-out.ts'
import { durableFs as fs } from './durable-fs.ts'
import { loadGit } from './git.ts'
import type { GitObject } from './git-object.ts'
import { initBare } from './init-bare.ts'
import { require } from './object-view.ts'
import { listFiles, reachable } from './proposal.ts'
import { openProposedRepository } from './proposed-repository.ts'
import { resolveCommit } from './resolve-commit.ts'

export interface GitConfigOptions {
	/** Holds `agents/<name>/config`, which managers write to, and `applied/<name>.git`, which is the store's alone. */
	readonly stateDir: string
	readonly clock: Clock
}

const MARKS: readonly ProposalMark[] = ['approved', 'building', 'deployed', 'failed', 'denied']
const AT_ONCE = 32
const MAIN = 'refs/heads/main'
const DEPLOYED = 'refs/hive/deployed'
const proposalRef = (approvalId: string): string => `refs/tags/proposal/${approvalId}`

/** Configs of agents as commits of one bare git repository each. Proposals are tags by the ids of their approvals. */
export class GitConfigStore implements ConfigStore {
	readonly #stateDir: string
	readonly #clock: Clock

	constructor(options: GitConfigOptions) {
		this.#stateDir = options.stateDir
		this.#clock = options.clock
	}

	/** The bare repository of an agent, which its manager may be shown. */
	folderOf(agent: string): string {
		return join(this.#stateDir, 'applied', `${plainName(agent)}.git`)
	}

	async fetch(agent: string, ref: string, check: (tree: ConfigTree) => Promise<void>): Promise<string> {
		const proposed = await openProposedRepository(join(this.#stateDir, 'agents', plainName(agent), 'config'))
		const sha = await resolveCommit(proposed, ref)
		await check(await treeOf(proposed.read, sha))
		const kept = await this.#pinnedCommits(agent)
		const objects = await reachable(proposed.read, sha, (commit) => kept.has(commit))
		const gitdir = this.folderOf(agent)
		await initBare(gitdir)
		await writeObjects(gitdir, objects)
		return sha
	}

	tree(agent: string, sha: string): Promise<ConfigTree> {
		return treeOf((id) => this.#read(agent, id), sha)
	}

	async pin(agent: string, approvalId: string, sha: string): Promise<void> {
		const pinned = await this.pinned(agent, approvalId)
		if (pinned === sha) return
		if (pinned !== null) throw new MseError('conflict', `Proposal ${approvalId} of "${agent}" is commit ${pinned} already.`)
		await require((id) => this.#read(agent, id), sha, 'commit')
		await this.#setRef(agent, proposalRef(approvalId), sha)
	}

	pinned(agent: string, approvalId: string): Promise<string | null> {
		return this.#ref(agent, proposalRef(plainName(approvalId)))
	}

	async mark(agent: string, approvalId: string, mark: ProposalMark, text?: string): Promise<void> {
		const sha = await this.pinned(agent, approvalId)
		if (sha === null) throw unknownProposal(agent, approvalId)
		if ((await this.marks(agent, approvalId)).has(mark)) return
		if (text === undefined) return this.#setRef(agent, `refs/tags/${mark}/${approvalId}`, sha)
		const timestamp = Math.floor(this.#clock.now() / 1000)
		const tagger = { name: 'mse-server', email: 'mse-server@localhost', timestamp, timezoneOffset: 0 }
		const { annotatedTag } = await loadGit()
		await annotatedTag({
			...{ fs, gitdir: this.folderOf(agent), ref: `${mark}/${approvalId}`, object: sha, message: text.trim() || mark, tagger },
		})
	}

	async marks(agent: string, approvalId: string): Promise<ReadonlySet<ProposalMark>> {
		const tags = await Promise.all(MARKS.map((mark) => this.#ref(agent, `refs/tags/${mark}/${plainName(approvalId)}`)))
		return new Set(MARKS.filter((_, index) => tags[index] !== null))
	}

	head(agent: string): Promise<string | null> {
		return this.#ref(agent, MAIN)
	}

	async moveHead(agent: string, sha: string | null): Promise<void> {
		if (sha !== null) await this.#setRef(agent, MAIN, sha)
		else if ((await this.head(agent)) !== null) await (await loadGit()).deleteRef({ fs, gitdir: this.folderOf(agent), ref: MAIN })
	}

	deployed(agent: string): Promise<string | null> {
		return this.#ref(agent, DEPLOYED)
	}

	setDeployed(agent: string, sha: string): Promise<void> {
		return this.#setRef(agent, DEPLOYED, sha)
	}

	async checkOut(agent: string, sha: string): Promise<string> {
		const folder = join(this.#checkOuts(agent), sha)
		await checkOutFiles(await this.tree(agent, sha), folder)
		return folder
	}

	async keepOnly(agent: string, sha: string): Promise<void> {
		const folder = this.#checkOuts(agent)
		await mkdir(folder, { recursive: true })
		for (const name of await readdir(folder)) if (name !== sha) await rm(join(folder, name), { recursive: true, force: true })
	}

	#checkOuts(agent: string): string {
		return join(this.folderOf(agent), 'checkout')
	}

	async #read(agent: string, oid: string): Promise<GitObject | null> {
		return orNull(async () => {
			const { readObject } = await loadGit()
			const { type, object } = await readObject({ fs, gitdir: this.folderOf(agent), oid, format: 'content' })
			return { type: type as GitObject['type'], bytes: object as Uint8Array }
		})
	}

	#ref(agent: string, ref: string): Promise<string | null> {
		return orNull(async () => (await loadGit()).resolveRef({ fs, gitdir: this.folderOf(agent), ref }))
	}

	async #setRef(agent: string, ref: string, value: string): Promise<void> {
		const { writeRef } = await loadGit()
		await writeRef({ fs, gitdir: this.folderOf(agent), ref, value, force: true })
	}

	async #pinnedCommits(agent: string): Promise<ReadonlySet<string>> {
		const { listRefs, resolveRef } = await loadGit()
		const ids = await listRefs({ fs, gitdir: this.folderOf(agent), filepath: 'refs/tags/proposal' })
		return new Set(await Promise.all(ids.map((id) => resolveRef({ fs, gitdir: this.folderOf(agent), ref: proposalRef(id) }))))
	}
}

/** Most of the time goes into waiting for the disk, so some are written at once. */
async function writeObjects(gitdir: string, objects: readonly GitObject[]): Promise<void> {
	const { writeObject } = await loadGit()
	for (let at = 0; at < objects.length; at += AT_ONCE) {
		const batch = objects.slice(at, at + AT_ONCE)
		await Promise.all(batch.map(({ type, bytes }) => writeObject({ fs, gitdir, type, object: bytes, format: 'content' })))
	}
}

async function treeOf(read: (id: string) => Promise<GitObject | null>, sha: string): Promise<ConfigTree> {
	return { sha, files: await listFiles(read, sha), read: async ({ id }) => (await require(read, id, 'blob')).bytes }
}

async function orNull<T>(reading: () => Promise<T>): Promise<T | null> {
	try {
		return await reading()
	} catch (error) {
		if (error instanceof (await loadGit()).Errors.NotFoundError) return null
		throw error
	}
}

/** Names become parts of paths and references. */
function plainName(name: string): string {
	if (/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) return name
	throw new MseError('invalid', `${JSON.stringify(name)} names no agent and no approval.`)
}
