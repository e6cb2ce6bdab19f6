import type { Config } from '../config.ts'
import type { AttemptStore } from '../core/dispatch/attempt-store.ts'
import type { OperatorHub } from '../core/operator/hub.ts'
import type { OperatorSessions } from '../core/operator/sessions.ts'
import { projectionOf } from '../core/output/projection.ts'
import type { OutputStore } from '../core/output/store.ts'
import { type WorkerFace, workerFace } from '../core/output/worker-face.ts'
import type { StepOutputDeps } from '../core/run/step-output.ts'
import { stepPointers } from '../core/run/step-pointer.ts'
import type { RunSupervisor } from '../core/run/supervise/supervisor.ts'
import type { Clock } from '../kernel/clock.ts'
import { equalInConstantTime, sha256Hex } from '../kernel/hash.ts'
import type { Logger } from '../kernel/log.ts'
import { projectionFiles } from '../store/projection-file.ts'
import { submittedFiles } from '../store/submitted-file.ts'

/** What the worker's face is made of, of an engine. */
export interface FaceParts {
	readonly config: Config
	readonly clock: Clock
	readonly log: Logger
	readonly attempts: AttemptStore
	readonly outputs: OutputStore
	readonly hub: OperatorHub
	readonly sessions: OperatorSessions
	readonly supervisor: RunSupervisor
	readonly secret: Uint8Array
	readonly stepOutputDeps: StepOutputDeps
}

/** The worker's face over the parts of an engine. */
export function newWorkerFace({ config, supervisor, hub, sessions, stepOutputDeps, ...parts }: FaceParts): WorkerFace {
	return workerFace({
		...{ ...parts, files: submittedFiles, projections: projectionFiles, limits: config.limits },
		openReads: config.adminToken === null,
		isTrusted: async (bearer) => (await sessions.byToken(bearer)) !== null || isAdminToken(config.adminToken, bearer),
		async agentOf(runId, name) {
			const found = await supervisor.runAndPlan(runId)
			const agent = found?.plan.routes.get(name)?.agent
			if (!found || !agent) return null
			const { blueprint } = found.plan
			const policy = found.run.options.checkPolicy ?? blueprint.check_policy ?? config.checkPolicy
			return { ...agent, projection: projectionOf(blueprint, agent, policy) }
		},
		async stepsFor({ runId, agent }) {
			const found = await supervisor.runAndPlan(runId)
			return found ? stepPointers(stepOutputDeps, found.run, found.plan, agent) : []
		},
		finalArrived: (stepId, n) => hub.finalArrived(stepId, n),
	})
}

function isAdminToken(adminToken: string | null, bearer: string): boolean {
	return adminToken !== null && equalInConstantTime(sha256Hex(adminToken), sha256Hex(bearer))
}
