import type { Approval, ApprovalEntry } from '../../core/approval/approval.ts'
import type { ApprovalGate, Approved, Asked } from '../../core/approval/gate.ts'
import { checkAgentName, MANAGER } from '../../core/hive/agent-name.ts'
import { type HiveHost, OPERATOR } from '../../core/hive/hive.ts'
import { MseError, messageOf } from '../../kernel/error.ts'
import type { HiveApproval, Int64 } from '../../protocol/hive.ts'
import { about, commitRef } from './asked.ts'
import type { HiveCrew } from './crew.ts'

interface QueueDeps {
	readonly gate: ApprovalGate
	/** Most approvals that wait at a time. */
	readonly maxPending: number
	/** Throws where this server runs no agents. */
	crew(): HiveCrew
}

/** What is asked for in a hive and waits at the gate, together with everything else that does. */
export interface HiveQueue extends Pick<HiveHost, 'pending' | 'approve' | 'deny'> {
	/** The same name waits once. Whether it is taken is seen when it is granted. */
	requestSpawn(name: string, requester: string): Promise<Approval>
	/** The commit is copied and checked first; from then on it cannot change. */
	requestApplyCommit(agent: string, ref: string, requester: string): Promise<Approval>
}

/** How the wire of the hive names the kinds that it knows; a reader refuses a list with any other. */
const KINDS = ['spawn', 'apply_commit'] as const

export function openHiveQueue({ gate, maxPending, crew }: QueueDeps): HiveQueue {
	return {
		async requestSpawn(name, requester) {
			checkAgentName(name)
			crew()
			return gate.ask({ kind: 'spawn', subject: about(name), requester, payload: { agent: name }, once: true })
		},
		async requestApplyCommit(agent, ref, requester) {
			const { agents, configs } = crew()
			if (agent !== MANAGER && !(await agents.isManaged(agent))) throw new MseError('not_found', 'no such agent', { code: 'no_such_agent' })
			const asked: Asked = { kind: 'apply_commit', subject: about(agent), requester, payload: { agent, commit_ref: ref } }
			const { sha } = await configs.resolveProposal(agent, ref).catch((error) => refuse(gate, asked, error))
			const approval = await gate.ask({ ...asked, payload: { agent, commit_ref: ref, fetched_sha: sha } })
			await configs.pin(agent, String(approval.id), sha)
			return approval
		},
		async pending() {
			const lists = await Promise.all(KINDS.map((kind) => gate.list({ status: 'pending', kind, after: 0, limit: maxPending })))
			const rows = lists.flat().sort((a, b) => a.id - b.id)
			return Promise.all(rows.map((row) => toHiveApproval(row, row.kind === 'spawn' ? '' : () => gate.get(row.id))))
		},
		approve: async (id) => requireApproved(await gate.approve(toId(id), { names: [OPERATOR] })),
		async deny(id, note) {
			await gate.deny(toId(id), { names: [OPERATOR], note })
		},
	}
}

/** A config that is no good waits for nobody, and yet it is kept that it was proposed. */
async function refuse(gate: ApprovalGate, asked: Asked, error: unknown): Promise<never> {
	if (error instanceof MseError && error.code === 'agent_config_invalid') {
		const { id } = await gate.ask(asked)
		await gate.fail(id, messageOf(error))
	}
	throw error
}

async function toHiveApproval(row: ApprovalEntry, ref: '' | (() => Promise<Approval>)): Promise<HiveApproval> {
	const { id, subject, kind, requestedAt, status, resolvedAt, note } = row
	return {
		...{ id, agent: subject.id, kind: kind === 'spawn' ? kind : 'apply_commit' },
		commit_ref: ref === '' ? ref : commitRef((await ref()).payload),
		...{ requested_at: toSecs(requestedAt), status },
		...(resolvedAt !== null && { resolved_at: toSecs(resolvedAt) }),
		...(note !== null && { note }),
	}
}

const toSecs = (ms: number): number => Math.floor(ms / 1000)

/** Ids of ours are far smaller than what the wire takes. */
function toId(id: Int64): number {
	if (typeof id === 'number') return id
	throw new MseError('not_found', `no such approval ${id}`, { code: 'unknown_approval' })
}

function requireApproved({ approval, running }: Approved): void {
	const { id, status, note, grants, required } = approval
	if (status === 'approved') return
	if (running)
		throw new MseError('timed_out', `approval ${id} still running; see the manager inbox or GET /v1/approvals/${id}`, {
			code: 'approval_running',
		})
	if (status === 'pending')
		throw new MseError('conflict', `approval ${id} has ${grants.length} of the ${required} grants that it needs`, {
			code: 'grants_missing',
		})
	throw new MseError('conflict', note ?? `approval ${id} failed`, { code: 'approval_failed' })
}
