import { type Execution, type ExecutionContext, endedBy, refused } from '../../core/worker/execution.ts'
import { failed, type TurnOffer } from '../../core/worker/lease.ts'
import type { LeaseDesk } from '../../core/worker/lease-desk.ts'
import { messageOf } from '../../kernel/error.ts'
import type { WorkerInput } from '../../protocol/runtime-worker.ts'

/** How the turns of a profile are given out. */
export interface Elsewhere {
	readonly desk: LeaseDesk
	readonly profile: string
	readonly isPulled: boolean
	readonly leaseMs: number
	readonly deadlineMs: number
	/** Brings an open turn to whoever shall carry it out, when that is our part. `offer` is on the desk. */
	readonly deliver?: (offer: TurnOffer) => void
	/** The turn is over, or this process lets go of it. */
	readonly letGo?: () => void
}

/** An execution whose turns somebody outside this process carries out. They outlive this process. */
export function elsewhereExecution(at: Elsewhere, context: ExecutionContext): Execution {
	const { desk } = at
	const { workerId } = context
	const opening = newOpening(at, context)
	const end = async (): Promise<void> => {
		opening.stop()
		at.letGo?.()
		await desk.settle(workerId, [])
	}
	return {
		input: (input) => {
			if (opening.isUnderWay() || desk.has(workerId)) return refused('input', 'busy', 'already running')
			return { runState: 'busy', begin: (turn) => opening.begin(turn, async () => input) }
		},
		resume: (turn) => opening.begin(turn, () => inputOf(context, turn)),
		...endedBy(end),
		async method({ method }) {
			if (method !== 'cancel' || !desk.has(workerId)) return false
			at.letGo?.()
			await desk.settle(workerId, [failed('the turn was cancelled')])
			return true
		},
		async close() {
			opening.stop()
			at.letGo?.()
			desk.leave(workerId)
		},
	}
}

/** Turns on their way to the desk; one at a time. */
function newOpening(at: Elsewhere, context: ExecutionContext) {
	let isOver = false
	let isUnderWay = false
	const open = async (turn: number, find: () => Promise<WorkerInput | null>): Promise<void> => {
		try {
			const input = await find()
			if (input === null) throw new Error('the turn is no longer kept')
			const offer = toOffer(at, context, turn, input)
			const { isHeld } = await at.desk.open(offer)
			if (isOver) at.desk.leave(context.workerId)
			else if (!isHeld) at.deliver?.(offer)
		} catch (error) {
			context.publish(failed(messageOf(error)))
		} finally {
			isUnderWay = false
		}
	}
	return {
		isUnderWay: () => isUnderWay,
		begin(turn: number, find: () => Promise<WorkerInput | null>): void {
			isUnderWay = true
			void open(turn, find)
		},
		stop(): void {
			isOver = true
		},
	}
}

function toOffer(at: Elsewhere, context: ExecutionContext, turn: number, input: WorkerInput): TurnOffer {
	const { profile, isPulled, leaseMs, deadlineMs, deliver } = at
	const offer: TurnOffer = {
		...{ workerId: context.workerId, turn, profile, input, isPulled, leaseMs, deadlineMs },
		transcript: () => context.transcript(),
		publish: (event) => context.publish(event),
		flushed: () => context.flushed(),
		...(deliver && { returned: () => deliver(offer) }),
	}
	return offer
}

async function inputOf({ transcript }: ExecutionContext, turn: number): Promise<WorkerInput | null> {
	const line = (await transcript()).find(({ sequence }) => sequence === turn)
	if (line === undefined || line.role === 'assistant') return null
	const { role, content, attachments = [] } = line
	return { kind: role, content, attachments: [...attachments] }
}
