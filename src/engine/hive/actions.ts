import type { ApprovalAction } from '../../core/approval/action.ts'
import type { Approval } from '../../core/approval/approval.ts'
import { MANAGER } from '../../core/hive/agent-name.ts'
import type { HiveAgents } from '../../core/hive/agents.ts'
import type { Rebuild } from '../../core/hive/config/applied-spec.ts'
import { approvalResolved } from '../../core/hive/helper-event.ts'
import type { SqliteDatabase } from '../../store/sqlite/database.ts'
import { insertMessage } from '../../store/sqlite/hive/message-store.ts'
import { commitRef, pinProposal } from './asked.ts'
import type { HiveCrew } from './crew.ts'

interface ActionDeps {
	readonly db: SqliteDatabase
	/** Throws where this server runs no agents. */
	crew(): HiveCrew
}

/** What is done once a spawn or a commit is granted, and how the manager hears of every end: in the transaction that makes it. */
export function hiveActions({ db, crew }: ActionDeps): { readonly spawn: ApprovalAction; readonly applyCommit: ApprovalAction } {
	const onResolved: ApprovalAction['onResolved'] = (_tx, approval) => void insertMessage(db, toldManager(approval))
	return {
		spawn: {
			onResolved,
			async perform({ id, subject, requester }, signal) {
				signal.throwIfAborted()
				await crew().agents.spawn(subject.id, { by: byApproval(id), parent: requester })
			},
			reconcile: (approval) => reconcileSpawn(crew().agents, approval),
		},
		applyCommit: {
			onResolved,
			async perform(approval, signal) {
				signal.throwIfAborted()
				const { agents, configs } = crew()
				const agent = await pinProposal(configs, approval)
				await configs.deploy(agent, String(approval.id), await rebuildOf(agents, agent, approval.id))
			},
			async reconcile(approval) {
				const { agents, configs } = crew()
				const agent = await pinProposal(configs, approval)
				const rebuild = await rebuildOf(agents, agent, approval.id)
				return configs.reconcile(agent, String(approval.id), (sha) => agents.runsOn(agent, sha), rebuild)
			},
		},
	}
}

const byApproval = (id: number): string => `approval ${id}`

function toldManager({ id, subject, payload, status, note }: Approval) {
	return approvalResolved({ id, agent: subject.id, commit_ref: commitRef(payload), status, ...(note !== null && { note }) })
}

/** Whether the agent that runs is the one that this approval made. Another of its name is none of its business. */
async function reconcileSpawn(agents: HiveAgents, { id, subject, requester, startedAt }: Approval): Promise<'done' | 'undone'> {
	const record = (await agents.records()).find(({ name }) => name === subject.id)
	if (!record || record.parent !== requester || record.createdAt < (startedAt ?? 0)) return 'undone'
	if (record.state === 'running') return 'done'
	await agents.destroy(record.name, { by: byApproval(id), purge: false })
	return 'undone'
}

/** A manager that was never started is made by its first config, and is gone again when that is taken back. */
async function rebuildOf(agents: HiveAgents, agent: string, id: number): Promise<Rebuild> {
	const by = byApproval(id)
	if (agent !== MANAGER || (await agents.isManaged(agent))) return () => agents.rebuild(agent, { by })
	return async (spec) => {
		if (spec !== undefined) await agents.ensureManager({ by })
	}
}
