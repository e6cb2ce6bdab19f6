import type { ApprovalGate } from '../../core/approval/gate.ts'
import type { EventLog } from '../../core/event/log.ts'
import { MANAGER } from '../../core/hive/agent-name.ts'
import type { AgentStore } from '../../core/hive/agent-store.ts'
import type { AgentConfigs } from '../../core/hive/config/agent-configs.ts'
import { messageOf } from '../../kernel/error.ts'
import type { Logger } from '../../kernel/log.ts'
import { pinProposal } from './asked.ts'

interface MarkDeps {
	readonly gate: ApprovalGate
	readonly events: Pick<EventLog, 'subscribe'>
	readonly configs: AgentConfigs
	readonly agents: Pick<AgentStore, 'find'>
	readonly log: Logger
}

/** Proposals that ended as they should not, marked in the store of their configs as well. */
export interface HiveMarks {
	/** Makes up for what a death of the server kept from being marked. */
	catchUp(): Promise<void>
	stop(): Promise<void>
}

const ENDS = ['approval.denied', 'approval.failed']
/** So many of each kind of end are looked at again at a start. */
const LOOKED_AT = 100
const MANY = 1_000_000

/** Marks a proposal once its end is on disk. */
export function openHiveMarks({ gate, events, configs, agents, log }: MarkDeps): HiveMarks {
	let last: Promise<void> = Promise.resolve()
	const mark = async (id: number): Promise<void> => {
		try {
			const approval = await gate.get(id)
			if (await isPurged(agents, approval.subject.id)) return
			const agent = await pinProposal(configs, approval)
			const { status, note } = approval
			if (status === 'denied') await configs.markDenied(agent, String(id), note ?? 'denied')
			if (status === 'failed') await configs.markFailed(agent, String(id), note ?? 'failed')
		} catch (error) {
			log.debug('a proposal has no commit to mark any more', { approval: id, reason: messageOf(error) })
		}
	}
	const enqueue = (id: number): Promise<void> => {
		last = last.then(() => mark(id))
		return last
	}
	const unsubscribe = events.subscribe((facts) => {
		for (const { kind, data } of facts) if (ENDS.includes(kind) && data.kind === 'apply_commit') void enqueue(Number(data.id))
	})
	return {
		async catchUp() {
			for (const status of ['denied', 'failed'] as const) {
				const ended = await gate.list({ kind: 'apply_commit', status, after: 0, limit: MANY })
				await Promise.all(ended.slice(-LOOKED_AT).map(({ id }) => enqueue(id)))
			}
		},
		async stop() {
			unsubscribe()
			await last
		},
	}
}

/** What is being deleted must not be written to. */
async function isPurged(agents: MarkDeps['agents'], name: string): Promise<boolean> {
	const record = await agents.find(name)
	return record === null ? name !== MANAGER : record.purge
}
