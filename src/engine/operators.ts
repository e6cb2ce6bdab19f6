import { OperatorHub } from '../core/operator/hub.ts'
import { connectInboxes } from '../core/operator/inbox.ts'
import { isInScope } from '../core/operator/session.ts'
import { OperatorSessions } from '../core/operator/sessions.ts'
import type { LaunchDeps } from '../core/run/launch/launch.ts'
import type { PlanCache } from '../core/run/launch/plan-cache.ts'
import type { RunSupervisor } from '../core/run/supervise/supervisor.ts'
import type { RunId } from '../kernel/id.ts'
import type { CapabilityManifest } from '../protocol/operator.ts'
import type { DataDir } from '../store/data-dir.ts'
import { SqliteInboxStore } from '../store/sqlite/hive/inbox-store.ts'
import { sqliteSeating } from '../store/sqlite/operator/seating.ts'
import { runPolicyOf } from './default-policy.ts'
import type { Hive } from './hive/hive.ts'
import { followAgents } from './hive/sessions.ts'
import type { EngineOptions } from './option.ts'
import type { Stores } from './stores.ts'
import { tracingOf } from './telemetry.ts'

export type Operators = Awaited<ReturnType<typeof openOperators>>

/** Who answers requests: the sessions, those of hive agents among them, and the hub that brings requests to them. */
export async function openOperators(
	{ config, clock, log }: EngineOptions,
	{ db, values, fault }: DataDir,
	{ operatorStore: store, runs, events }: Stores,
	hive: Pick<Hive, 'agents'>,
	wake: (runId: RunId) => Promise<unknown>,
) {
	const isAgent = async (name: string): Promise<boolean> => (await hive.agents?.isManaged(name)) ?? false
	const sessions = await OperatorSessions.open({ store, clock, log, isAgent })
	const hub = new OperatorHub({
		...{ sessions, store, seating: sqliteSeating(db, runs, fault), clock, log, fault },
		requestDeadlineMs: config.operator.requestDeadlineSecs * 1000,
		ackGraceMs: config.operator.ackGraceSecs * 1000,
		limits: config.limits,
		wake,
	})
	connectInboxes({ sessions, hub, store: new SqliteInboxStore(db, values), clock, log })
	await followAgents({ hive, sessions, hub, events })
	return { sessions, hub }
}

/** What a launch needs to know about whom a run can ask. */
export function launchDeps(
	{ config, clock, environment, operatorFactory }: EngineOptions,
	{ runs }: Stores,
	{ sessions }: Operators,
	supervisor: RunSupervisor,
	plans: PlanCache,
): Omit<LaunchDeps, 'layers'> {
	return {
		...{ runs, supervisor, clock, syncTimeoutSecs: config.syncTimeoutSecs },
		...{ checkPolicy: config.checkPolicy, runPolicy: runPolicyOf(config) },
		spawnDepth: { most: config.limits.spawnDepth, base: Number(environment.MSE_SPAWN_DEPTH) || 0 },
		operators: {
			find: async (name) => (await sessions.find(name))?.record.sid ?? null,
			takes: (name, blueprintId) => {
				const session = sessions.peek(name)
				return session === null || isInScope(session.record, blueprintId)
			},
			manifestOf: (name) => (sessions.peek(name)?.record.capabilityManifest ?? null) as CapabilityManifest | null,
			anyLive: async () => (operatorFactory?.size ?? 0) > 0 || sessions.hasLive(),
		},
		traceparentOf: tracingOf(config, environment),
		resolve: (reference) => plans.resolve(reference),
		planOf: (hash) => plans.planOf(hash),
	}
}
