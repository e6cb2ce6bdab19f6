import { isAbsolute, join } from 'node:path'
import type { ConfigDiff } from '../../../protocol/hive-config.ts'
import { type MountRule, readAgentConfig } from './agent-config.ts'
import type { AppliedSpec, Rebuild, RunsOn } from './applied-spec.ts'
import { diffConfigs } from './config-diff.ts'
import { deployProposal, reconcileProposal } from './deployment.ts'
import { type ConfigStore, type ProposalMark, unknownProposal } from './store.ts'

export interface AgentConfigsDeps {
	readonly store: ConfigStore
	readonly mounts: MountRule
}

export type AgentConfigs = ReturnType<typeof agentConfigs>

/** Configs of agents from proposal to deployment. Approval ids are those of the approvals that ask for them. */
export function agentConfigs({ store, mounts }: AgentConfigsDeps) {
	const turns = newTurns()
	const specOf = async (agent: string, sha: string): Promise<AppliedSpec> => {
		const config = await readAgentConfig(await store.tree(agent, sha), mounts)
		const folder = await store.checkOut(agent, sha)
		const { cwd } = config
		return { sha, folder, config: cwd === undefined || isAbsolute(cwd) ? config : { ...config, cwd: join(folder, cwd) } }
	}
	const deployment = { store, specOf }
	const marker = (mark: ProposalMark) => (agent: string, approvalId: string, text?: string) =>
		turns(agent, () => store.mark(agent, approvalId, mark, text))
	return {
		/**
		 * Copies a commit into the store and checks its config file; the first step of a proposal, before its approval is asked for.
		 * Whatever becomes of the proposed repository afterwards does not matter.
		 */
		resolveProposal: (agent: string, ref: string): Promise<{ readonly sha: string }> =>
			turns(agent, async () => ({ sha: await store.fetch(agent, ref, async (tree) => void (await readAgentConfig(tree, mounts))) })),
		/** Ties the resolved commit to its approval; the second step. Doing it again is fine. */
		pin: (agent: string, approvalId: string, sha: string): Promise<void> => turns(agent, () => store.pin(agent, approvalId, sha)),
		markApproved: marker('approved'),
		markBuilding: marker('building'),
		markDeployed: marker('deployed'),
		markFailed: marker('failed'),
		markDenied: marker('denied'),
		/**
		 * What the agent runs on, or is being moved to; undefined when it was never deployed. A `rebuild` may ask: the head is moved by
		 * then, and no turn is waited for.
		 */
		async appliedSpec(agent: string): Promise<AppliedSpec | undefined> {
			const sha = await store.head(agent)
			return sha === null ? undefined : await specOf(agent, sha)
		},
		/**
		 * Makes a pinned proposal what the agent runs on. When anything fails the agent is back on what it ran on before, the proposal
		 * is marked `failed` with the reason, and the reason is thrown. One at a time for each agent.
		 */
		deploy: (agent: string, approvalId: string, rebuild: Rebuild): Promise<void> =>
			turns(agent, () => deployProposal(deployment, { agent, approvalId, rebuild })),
		/** What became of a deployment during which the server died: finished, or taken back. */
		reconcile: (agent: string, approvalId: string, runsOn: RunsOn, rebuild: Rebuild): Promise<'done' | 'undone'> =>
			turns(agent, () => reconcileProposal(deployment, { agent, approvalId, runsOn, rebuild })),
		/** A proposal beside what its agent runs on now. */
		async diff(agent: string, approvalId: string): Promise<ConfigDiff> {
			const [head, sha] = [await store.head(agent), await store.pinned(agent, approvalId)]
			if (sha === null) throw unknownProposal(agent, approvalId)
			return diffConfigs(agent, head === null ? null : await store.tree(agent, head), await store.tree(agent, sha))
		},
	}
}

/** Work of one agent is done one after another. */
function newTurns() {
	const last = new Map<string, Promise<unknown>>()
	return <T>(agent: string, work: () => Promise<T>): Promise<T> => {
		const next = (last.get(agent) ?? Promise.resolve()).then(work)
		const tail = next.catch(() => {})
		last.set(agent, tail)
		void tail.then(() => last.get(agent) === tail && last.delete(agent))
		return next
	}
}
