import type { HiveWorkers } from '../backend/worker/hive.ts'
import { newRunEnds } from '../backend/worker/run-end.ts'
import type { EventLog } from '../core/event/log.ts'
import { agentOf } from '../core/operator/agent-sid.ts'
import type { OperatorSessions } from '../core/operator/sessions.ts'
import type { OutputStore } from '../core/output/store.ts'
import type { RunService } from '../core/run/launch/request.ts'
import { isTerminal } from '../core/run/record.ts'
import type { RunStore } from '../core/run/store.ts'
import { LeaseDesk } from '../core/worker/lease-desk.ts'
import { endLeftBehind, endWithRuns } from '../core/worker/run-worker.ts'
import { WorkerRuntime } from '../core/worker/runtime.ts'
import { newTurns } from '../core/worker/turn.ts'
import { asRunId } from '../kernel/id.ts'
import type { SqliteDatabase } from '../store/sqlite/database.ts'
import { SqliteTurnRunStore } from '../store/sqlite/run/turn-run-store.ts'
import { SqliteLeaseStore } from '../store/sqlite/worker/lease-store.ts'
import { SqliteWorkerStore } from '../store/sqlite/worker/worker-store.ts'
import { newAttachments } from './worker-attachments.ts'
import { hiveOff, newCatalog, operatorFamily, type ProfileFamily, type ProfileOptions } from './worker-profiles.ts'

export interface WorkerPartOptions extends Omit<ProfileOptions, 'desk' | 'families'> {
	readonly db: SqliteDatabase
	readonly outputs: Pick<OutputStore, 'append' | 'get'>
	readonly events: Pick<EventLog, 'subscribe'>
	readonly runs: Pick<RunStore, 'run' | 'listed'>
	readonly sessions: OperatorSessions
	/** Operators inside this process. */
	readonly operatorFactory?: { readonly size: number } | undefined
	/** Asked for when it is needed: runs are put together after workers. */
	service(): Pick<RunService, 'launch' | 'cancel'>
	/** `hive:<agent>`, where a hive is on. */
	readonly hive?: (desk: LeaseDesk) => ProfileFamily & HiveWorkers
}

/** The worker runtime of an engine: its store, the profiles that the configuration gives, and the runtime around them. */
export async function openWorkers(options: WorkerPartOptions) {
	const { config, clock, log, db, outputs, events, runs, sessions } = options
	const { runtimeId, defaultProfile, keepObservations } = config.runtime
	const store = new SqliteWorkerStore(db, keepObservations)
	await store.open()
	const desk = new LeaseDesk({ store: new SqliteLeaseStore(db), clock, log })
	const ends = newRunEnds(events, (runId) => runs.run(runId))
	const anyOperator = (): boolean => sessions.hasLive() || (options.operatorFactory?.size ?? 0) > 0
	const asked = { turnRuns: new SqliteTurnRunStore(db), ends, runs: options.service, anyOperator }
	const ofHive = options.hive?.(desk)
	const profiles = newCatalog({ ...options, desk, families: [operatorFamily(asked, () => namesOf(sessions)), ofHive ?? hiveOff] })
	const attachments = newAttachments(outputs, config.limits)
	const runtime = new WorkerRuntime({
		...{ store, profiles, attachments, runtimeId, defaultProfile, log },
	})
	const stopEnding = endWithRuns({ events, store, runtime, log })
	return {
		...{ store, profiles, attachments, runtime, desk, turns: newTurns(runtime), ofHive },
		/** Takes up the workers that an earlier life left running, in the background. */
		restore(): void {
			const hasEnded = async (runId: string): Promise<boolean> => isTerminal((await runs.listed(asRunId(runId)))?.status ?? 'done')
			endLeftBehind({ store, runtime, hasEnded })
				.then(() => runtime.restore())
				.catch((cause: unknown) => log.error('workers could not be taken up again', { cause }))
		},
		/** Lets go of all executions; the next life starts them again. */
		async stop(): Promise<void> {
			await stopEnding()
			desk.stop()
			await runtime.stop()
			ends.stop()
		},
	}
}

/** Whom workers can be run by: each role of the sessions, and the sid of one without. */
function namesOf(sessions: OperatorSessions): readonly string[] {
	const live = sessions.list().filter(({ record }) => agentOf(record.sid) === null)
	return live.flatMap(({ record: { sid, roles } }) => (roles.length > 0 ? roles : [sid]))
}
