import { absentBlueprintStore } from '../core/blueprint/absent-store.ts'
import type { DataDir } from '../store/data-dir.ts'
import { SqliteApprovalStore } from '../store/sqlite/approval/approval-store.ts'
import { SqliteBlueprintStore } from '../store/sqlite/blueprint-store.ts'
import { SqliteEnhanceStore } from '../store/sqlite/enhance-store.ts'
import { SqliteEventStore } from '../store/sqlite/event/event-store.ts'
import { SqliteIdempotencyStore } from '../store/sqlite/idempotency-store.ts'
import { SqliteOpenRequestStore } from '../store/sqlite/operator/open-request-store.ts'
import { SqliteOperatorStore } from '../store/sqlite/operator/operator-store.ts'
import { SqliteOutputStore } from '../store/sqlite/output-store.ts'
import { SqliteRetentionStore } from '../store/sqlite/retention-store.ts'
import { AttemptMemory } from '../store/sqlite/run/attempt-memory.ts'
import { SqliteAttemptStore } from '../store/sqlite/run/attempt-store.ts'
import { SqliteProducedStepStore } from '../store/sqlite/run/produced-step-store.ts'
import { SqliteRunStore } from '../store/sqlite/run/run-store.ts'
import { SqliteServerStateStore } from '../store/sqlite/server-state-store.ts'
import { SqliteTraceStore } from '../store/sqlite/trace-store.ts'
import { SqliteWebhookStore } from '../store/sqlite/webhook-store.ts'
import { SqliteAttachSessionStore } from '../store/sqlite/worker/attach-session-store.ts'
import type { EngineOptions } from './option.ts'

export type Stores = ReturnType<typeof openStores>

/** Every store of a server on its one database; an embedder's own ones stand in for them. */
export function openStores({ db, values, fault }: DataDir, options: Pick<EngineOptions, 'blueprintStore' | 'outputStore'>) {
	const memory = new AttemptMemory()
	const pins = new SqliteBlueprintStore(db, values)
	const blueprintStore = options.blueprintStore === undefined ? pins : (options.blueprintStore ?? undefined)
	return {
		/** Keeps the documents of runs, whoever else has them. */
		pins,
		blueprintStore,
		runs: new SqliteRunStore(db, values, memory),
		events: new SqliteEventStore(db),
		blueprints: blueprintStore ?? absentBlueprintStore(),
		outputs: options.outputStore ?? new SqliteOutputStore(db, values, fault),
		attempts: new SqliteAttemptStore(db, values, memory),
		openRequests: new SqliteOpenRequestStore(db),
		operatorStore: new SqliteOperatorStore(db, values),
		attachStore: new SqliteAttachSessionStore(db),
		keys: new SqliteIdempotencyStore(db),
		enhance: new SqliteEnhanceStore(db, pins),
		produced: new SqliteProducedStepStore(db, values),
		retention: new SqliteRetentionStore(db, values),
		approvalStore: new SqliteApprovalStore(db, values),
		webhookStore: new SqliteWebhookStore(db),
		serverState: new SqliteServerStateStore(db),
		traceStore: new SqliteTraceStore(db),
	}
}
