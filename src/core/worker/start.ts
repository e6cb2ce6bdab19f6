import { messageOf } from '../../kernel/error.ts'
import type { Logger } from '../../kernel/log.ts'
import type { WorkerExecutionResult } from '../../protocol/runtime.ts'
import type { ProtocolEvent } from '../../protocol/runtime-frame.ts'
import type { WorkerInput } from '../../protocol/runtime-worker.ts'
import type { Attachments } from './attachment.ts'
import { accepted, type Execution, refused, type TurnAnswer } from './execution.ts'
import { executionRejected } from './failure.ts'
import type { ProfileCatalog } from './profile.ts'
import type { NewWorker, WorkerStore } from './store.ts'
import { Voice } from './voice.ts'
import type { WorkerRecord } from './worker.ts'

/** A worker's execution in this process. */
export interface Live {
	readonly execution: Execution
	readonly generation: number
	readonly voice: Voice
}

export interface StartDeps {
	readonly store: WorkerStore
	readonly profiles: ProfileCatalog
	readonly attachments: Pick<Attachments, 'has' | 'read'>
	readonly log: Logger
}

/** Starts what runs a worker. Throws `worker_execution_rejected` with the reason. Nothing it says is written before its voice begins. */
export async function startExecution(
	deps: StartDeps,
	{ id, request, profile }: Pick<WorkerRecord, 'id' | 'request' | 'profile'>,
	generation: number,
	isRestored: boolean,
): Promise<Live> {
	const { store, profiles } = deps
	const found = profiles.find(profile)
	const reason = found === null ? `there is no profile \`${profile}\`; GET /v1/runtime lists them` : found.unavailable()
	if (found === null || reason !== null) throw executionRejected(id, refused('spawn', 'rejected', reason ?? ''))
	const voice = new Voice(deps, id)
	try {
		const execution = await found.spawn({
			...{ workerId: id, generation, request, isRestored },
			publish: (event) => voice.publish(event),
			flushed: () => voice.flushed(),
			transcript: async () => (await store.transcript(id, 0, -1)).lines,
			attachment: (wanted) => deps.attachments.read(wanted),
		})
		return { execution, generation, voice }
	} catch (error) {
		throw executionRejected(id, refused('spawn', 'errored', messageOf(error)), error)
	}
}

/** A new worker and its first turn are on disk together, or neither is. Resolves to the place of that turn, 0 without one. */
export async function writeWorker(
	store: WorkerStore,
	worker: Omit<NewWorker, 'execution'>,
	first: WorkerInput | null,
	answer: Exclude<TurnAnswer, WorkerExecutionResult> | null,
): Promise<number> {
	const execution = { backend: 'connected', run_state: 'idle', last_result: accepted('spawn', 'idle') } as const
	const [, acked] = await Promise.all([
		store.create({ ...worker, execution }),
		first && answer ? store.acceptInput(worker.id, 1, first, accepted('input', answer.runState)) : null,
	])
	return acked?.sequence ?? 0
}

/** Goes on with the turn of that place, or tells that it was cut off. */
export function takeUp({ execution, voice }: Live, turn: number): void {
	if (execution.resume) execution.resume(turn)
	else voice.publish(CUT_OFF)
}

const CUT_OFF: ProtocolEvent = { event: 'error', data: { code: 'internal', message: 'the server stopped during this turn' } }
