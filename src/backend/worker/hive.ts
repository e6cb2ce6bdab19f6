import type { Correspondents } from '../../core/hive/agent-face.ts'
import type { MessageDraft } from '../../core/hive/message-store.ts'
import { withAttachments } from '../../core/worker/attachment.ts'
import type { ExecutionContext, ExecutionProfile } from '../../core/worker/execution.ts'
import { eventsOf, failed, type TurnOffer } from '../../core/worker/lease.ts'
import type { LeaseDesk } from '../../core/worker/lease-desk.ts'
import { newSerial } from '../../core/worker/serial.ts'
import { MseError, messageOf } from '../../kernel/error.ts'
import { elsewhereExecution } from './elsewhere.ts'

export interface HiveWorkerDeps {
	readonly desk: LeaseDesk
	/** Why no agent can be had; null when one can. */
	unavailable(): string | null
	/** Resolves once the agent runs, made if there was none. `by` is who wants it. */
	ensureRunning(agent: string, by: string): Promise<void>
	/** Puts a message into an inbox, once for each key. */
	send(draft: MessageDraft & { readonly key: string }): Promise<void>
}

/** Workers that are agents of the hive. */
export interface HiveWorkers extends Correspondents {
	/** `hive:<agent>` */
	profile(agent: string): ExecutionProfile
}

const PREFIX = 'runtime:'
const DEADLINE_MS = 24 * 3600 * 1000

/**
 * `hive:<agent>`: each turn is a message from `runtime:<worker id>`, and what the agent sends to that name is the turn's result. The
 * end of a worker is not that of its agent, which others may talk to.
 */
export function hiveWorkers(deps: HiveWorkerDeps): HiveWorkers {
	const agents = new Map<string, string>()
	const inTurn = newSerial()
	return {
		profile: (agent) => ({
			name: `hive:${agent}`,
			rests: true,
			unavailable: deps.unavailable,
			async spawn(context) {
				await deps.ensureRunning(agent, PREFIX + context.workerId)
				agents.set(context.workerId, agent)
				return execution(deps, agent, context, () => agents.delete(context.workerId))
			},
		}),
		async take(from, to, body) {
			if (!to.startsWith(PREFIX)) return false
			const workerId = to.slice(PREFIX.length)
			if (agents.get(workerId) !== from)
				throw new MseError('not_found', `unknown recipient ${JSON.stringify(to)}`, { code: 'unknown_recipient' })
			await inTurn(workerId, () => answer(deps.desk, workerId, body))
			return true
		},
	}
}

function execution(deps: HiveWorkerDeps, agent: string, context: ExecutionContext, gone: () => void) {
	const deliver = (offer: TurnOffer): void => {
		const { workerId, turn, input } = offer
		const send = async (): Promise<void> => {
			const body = await withAttachments(input, context.attachment)
			await deps.send({ from: PREFIX + workerId, to: agent, body, via: 'daemon', key: `${workerId}:${turn}` })
		}
		send().catch((error: unknown) => deps.desk.settle(workerId, [failed(messageOf(error))]).catch(() => {}))
	}
	const place = { desk: deps.desk, profile: `hive:${agent}`, isPulled: false, leaseMs: DEADLINE_MS, deadlineMs: DEADLINE_MS, deliver }
	const elsewhere = elsewhereExecution(place, context)
	return {
		...elsewhere,
		async close(): Promise<void> {
			gone()
			await elsewhere.close()
		},
	}
}

/** On disk when it resolves. */
async function answer(desk: LeaseDesk, workerId: string, body: string): Promise<void> {
	if (desk.has(workerId)) return desk.settle(workerId, eventsOf({ text: body }))
	throw new MseError('conflict', `${PREFIX}${workerId} waits for no answer: one is taken for each message`, { code: 'no_turn' })
}
