import type { Root } from './app.ts'
import { approvalRoutes } from './routes/approvals.ts'
import { attachmentRoutes } from './routes/attachments.ts'
import { blueprintDoctorRoutes } from './routes/blueprint-doctor.ts'
import { blueprintInspectionRoutes } from './routes/blueprint-inspection.ts'
import { blueprintVersionRoutes } from './routes/blueprint-versions.ts'
import { blueprintRoutes } from './routes/blueprints.ts'
import { dataRoutes } from './routes/data.ts'
import { enhanceRoutes } from './routes/enhance.ts'
import { eventRoutes } from './routes/events.ts'
import { healthRoutes } from './routes/health.ts'
import { hiveRoutes } from './routes/hive.ts'
import { leaseRoutes } from './routes/leases.ts'
import { metricsRoutes } from './routes/metrics.ts'
import { operatorSessionRoutes } from './routes/operator-sessions.ts'
import { operatorRoutes } from './routes/operators.ts'
import { requestRoutes } from './routes/requests.ts'
import { runHistoryRoutes } from './routes/run-history.ts'
import { runRoutes } from './routes/runs.ts'
import { runtimeInfoRoutes } from './routes/runtime.ts'
import { seatRoutes } from './routes/seats.ts'
import { serverRoutes } from './routes/server.ts'
import { sessionRoutes } from './routes/sessions.ts'
import { steerRoutes } from './routes/steer.ts'
import { stepWorkerRoutes } from './routes/step-worker.ts'
import { stepRoutes } from './routes/steps.ts'
import { taskStepRoutes } from './routes/task-steps.ts'
import { taskRoutes } from './routes/tasks.ts'
import { webhookRoutes } from './routes/webhooks.ts'
import { workerRoutes } from './routes/workers.ts'

type DepsOf<Routes extends (deps: never) => unknown> = Parameters<Routes>[0]

/** What the routes ask for, by file. */
export interface ApiDeps {
	readonly health: DepsOf<typeof healthRoutes>
	readonly tasks: DepsOf<typeof taskRoutes>
	readonly taskSteps: DepsOf<typeof taskStepRoutes>
	readonly runs: DepsOf<typeof runRoutes>
	readonly steps: DepsOf<typeof stepRoutes>
	readonly requests: DepsOf<typeof requestRoutes>
	readonly runHistory: DepsOf<typeof runHistoryRoutes>
	readonly metrics: DepsOf<typeof metricsRoutes>
	readonly server: DepsOf<typeof serverRoutes>
	readonly approvals: DepsOf<typeof approvalRoutes>
	readonly steer: DepsOf<typeof steerRoutes>
	readonly seats: DepsOf<typeof seatRoutes>
	readonly events: DepsOf<typeof eventRoutes>
	readonly operators: DepsOf<typeof operatorRoutes>
	readonly operatorSessions: DepsOf<typeof operatorSessionRoutes>
	readonly blueprints: DepsOf<typeof blueprintRoutes>
	readonly blueprintVersions: DepsOf<typeof blueprintVersionRoutes>
	readonly blueprintInspection: DepsOf<typeof blueprintInspectionRoutes>
	readonly blueprintDoctor: DepsOf<typeof blueprintDoctorRoutes>
	readonly enhance: DepsOf<typeof enhanceRoutes>
	readonly stepWorker: DepsOf<typeof stepWorkerRoutes>
	readonly data: DepsOf<typeof dataRoutes>
	readonly sessions: DepsOf<typeof sessionRoutes>
	readonly runtime: DepsOf<typeof runtimeInfoRoutes>
	readonly workers: DepsOf<typeof workerRoutes>
	readonly attachments: DepsOf<typeof attachmentRoutes>
	readonly webhooks: DepsOf<typeof webhookRoutes>
	readonly hive: DepsOf<typeof hiveRoutes>
	readonly leases: DepsOf<typeof leaseRoutes>
}

/** Mounts every route that clients of ours call by its type. A new file of routes is a line here. */
export function mountApi(root: Root, deps: ApiDeps) {
	return root
		.use(healthRoutes(deps.health))
		.use(taskRoutes(deps.tasks))
		.use(taskStepRoutes(deps.taskSteps))
		.use(runRoutes(deps.runs))
		.use(runHistoryRoutes(deps.runHistory))
		.use(stepRoutes(deps.steps))
		.use(requestRoutes(deps.requests))
		.use(metricsRoutes(deps.metrics))
		.use(serverRoutes(deps.server))
		.use(approvalRoutes(deps.approvals))
		.use(steerRoutes(deps.steer))
		.use(seatRoutes(deps.seats))
		.use(eventRoutes(deps.events))
		.use(operatorRoutes(deps.operators))
		.use(operatorSessionRoutes(deps.operatorSessions))
		.use(blueprintRoutes(deps.blueprints))
		.use(blueprintVersionRoutes(deps.blueprintVersions))
		.use(blueprintInspectionRoutes(deps.blueprintInspection))
		.use(blueprintDoctorRoutes(deps.blueprintDoctor))
		.use(enhanceRoutes(deps.enhance))
		.use(stepWorkerRoutes(deps.stepWorker))
		.use(dataRoutes(deps.data))
		.use(sessionRoutes(deps.sessions))
		.use(runtimeInfoRoutes(deps.runtime))
		.use(workerRoutes(deps.workers))
		.use(attachmentRoutes(deps.attachments))
		.use(webhookRoutes(deps.webhooks))
		.use(hiveRoutes(deps.hive))
		.use(leaseRoutes(deps.leases))
}

/** All those routes as one type, from which clients are typed. */
export type Api = ReturnType<typeof mountApi>
