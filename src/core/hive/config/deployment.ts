import { MseError, messageOf } from '../../../kernel/error.ts'
import type { AppliedSpec, Rebuild, RunsOn } from './applied-spec.ts'
import { type ConfigStore, unknownProposal } from './store.ts'

interface DeploymentDeps {
	readonly store: ConfigStore
	/** Checks the config once more, since what is allowed may have changed. */
	readonly specOf: (agent: string, sha: string) => Promise<AppliedSpec>
}

interface Deployment {
	readonly agent: string
	readonly approvalId: string
	readonly rebuild: Rebuild
}

/** What a deployment failed with goes on to people. */
const REASON_BYTES = 2048

export async function deployProposal(deps: DeploymentDeps, { agent, approvalId, rebuild }: Deployment): Promise<void> {
	const { store, specOf } = deps
	const sha = await pinnedCommit(store, agent, approvalId)
	if ((await store.marks(agent, approvalId)).has('deployed')) return
	const before = await store.head(agent)
	await store.mark(agent, approvalId, 'approved')
	await store.mark(agent, approvalId, 'building')
	let started = false
	try {
		const spec = await specOf(agent, sha)
		await store.moveHead(agent, sha)
		started = true
		await rebuild(spec)
	} catch (cause) {
		const reason = await takeBack(deps, { agent, rebuild: started ? rebuild : async () => {}, before, cause })
		await store.mark(agent, approvalId, 'failed', reason)
		throw new MseError(cause instanceof MseError ? cause.kind : 'unavailable', reason, { code: 'deployment_failed', cause })
	}
	await finish(store, agent, approvalId, sha)
}

/**
 * Decides about a deployment that a dead server left: `done` when its commit is what the agent runs on. Otherwise the agent is put
 * back on the commit it was last seen to run on, and the proposal is marked `failed`. Nothing is deployed again.
 */
export async function reconcileProposal(deps: DeploymentDeps, given: Deployment & { readonly runsOn: RunsOn }): Promise<'done' | 'undone'> {
	const { agent, approvalId, rebuild, runsOn } = given
	const { store } = deps
	const sha = await store.pinned(agent, approvalId)
	if (sha === null) return 'undone'
	const marks = await store.marks(agent, approvalId)
	if (marks.has('deployed')) return 'done'
	if (marks.has('failed') || marks.has('denied')) return 'undone'
	const [head, deployed] = [await store.head(agent), await store.deployed(agent)]
	if (marks.has('building') && head === sha && (deployed === sha || (await runsOn(sha)))) {
		await finish(store, agent, approvalId, sha)
		return 'done'
	}
	const reason = 'interrupted by restart'
	const untouched = !marks.has('building') || (head === deployed && deployed !== null && (await runsOn(deployed)))
	const text = untouched ? reason : await takeBack(deps, { agent, rebuild, before: deployed, cause: new Error(reason) })
	await store.mark(agent, approvalId, 'failed', text)
	return 'undone'
}

async function pinnedCommit(store: ConfigStore, agent: string, approvalId: string): Promise<string> {
	const sha = await store.pinned(agent, approvalId)
	if (sha === null) throw unknownProposal(agent, approvalId)
	return sha
}

/** The commit is told to be deployed before the proposal is: a death in between is finished by `reconcileProposal`. */
async function finish(store: ConfigStore, agent: string, approvalId: string, sha: string): Promise<void> {
	await store.setDeployed(agent, sha)
	await store.mark(agent, approvalId, 'deployed')
	await store.keepOnly(agent, sha)
}

interface WayBack {
	readonly agent: string
	readonly rebuild: Rebuild
	readonly before: string | null
	readonly cause: unknown
}

/** Puts head and agent back. Never throws on account of the agent; returns the reason with what else went wrong. */
async function takeBack({ store, specOf }: DeploymentDeps, { agent, rebuild, before, cause }: WayBack): Promise<string> {
	await store.moveHead(agent, before)
	const reason = messageOf(cause)
	try {
		await rebuild(before === null ? undefined : await specOf(agent, before))
		return cut(reason)
	} catch (second) {
		return cut(`${reason.slice(0, REASON_BYTES / 2)}; and the config before could not be restored: ${messageOf(second)}`)
	}
}

function cut(text: string): string {
	const bytes = Buffer.from(text)
	return bytes.byteLength <= REASON_BYTES
		? text
		: `${bytes
				.subarray(0, REASON_BYTES - 8)
				.toString('utf8')
				.replace(/\ufffd+$/, '')}…`
}
