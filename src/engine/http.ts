import type { Config } from '../config.ts'
import { attachSessions } from '../core/access/attach.ts'
import { lintBlueprint } from '../core/blueprint/lint.ts'
import { type ApiDeps, mountApi } from '../edge/http/api.ts'
import { httpApp } from '../edge/http/app.ts'
import { adminCheck } from '../edge/http/guard.ts'
import { newMetrics } from '../edge/http/metrics.ts'
import type { HealthDeps } from '../edge/http/routes/health.ts'
import { mcpRoutes } from '../edge/http/routes/mcp.ts'
import type { TaskStepDeps } from '../edge/http/routes/task-steps.ts'
import type { McpSessions } from '../edge/mcp/http.ts'
import { MseError } from '../kernel/error.ts'
import type { SessionId } from '../kernel/id.ts'
import type { JobReport } from '../kernel/periodic-job.ts'
import { VERSION } from '../kernel/version.ts'
import type { Blueprint } from '../protocol/blueprint.ts'
import type { PeriodicJob } from '../protocol/health.ts'
import { blueprintReadiness } from './blueprint-readiness.ts'
import type { Engine } from './engine.ts'
import { interruptionOf } from './enhance.ts'
import { expandPosted } from './expansion.ts'
import { figuresOf } from './figures.ts'

/** The process's own variables. */
type Environment = { readonly [name: string]: string | undefined }

/** What the routes need to know of the server that they are part of. */
export interface HttpSurroundings {
	readonly environment: Environment
	/** Ends its streams. */
	readonly stopping: AbortSignal
	/** Proves what the server can do. */
	readonly checks: HealthDeps['checks']
	/** Where it listens; undefined before that. */
	baseUrl(): string | undefined
}

/** All routes around an engine. */
export function newHttp(engine: Engine, surroundings: HttpSurroundings) {
	const { environment, stopping, checks } = surroundings
	const { config, clock, log, runs, service, events, face, blueprints } = engine
	const options = {
		...{ limits: config.limits, version: VERSION, log, bindHost: config.bind.host, adminToken: config.adminToken },
		runtimeToken: runtimeTokenOf(config, environment),
		...{ openJoin: config.openJoin, allowedHosts: config.allowedHosts, allowedOrigins: config.allowedOrigins },
	}
	const metrics = newMetrics(figuresOf(engine))
	engine.data.db.onBatch(metrics.committed)
	const lint = (blueprint: Blueprint) => lintBlueprint(blueprint, engine.offered)
	const isAdmin = adminCheck(config.adminToken)
	const { sessions, hub, outputs, attempts, seats, keys } = engine
	const streamLimits = streamLimitsOf(config)
	const endOperator = (sid: SessionId) => sessions.end(sid, 'ended')
	return httpApp({ ...options, metrics }, (root) => {
		const mounted = mountApi(root, {
			health: { ...newHealth(engine), checks },
			tasks: { service, runs, keys, spawner: face.spawner },
			taskSteps: newTaskSteps(engine),
			runs: { service, runs, events, approvalsOf: engine.approvals.openOf },
			approvals: { ...engine.approvals, sessions, keys, clock, isAdmin, isOpen: config.adminToken === null },
			runHistory: { runs, planOf: seats.planOf },
			steps: { runs, attempts, outputs },
			requests: { openRequests: engine.openRequests, sessions, hub },
			server: { pause: engine.pause, backUp: engine.backUp },
			metrics: { metrics },
			steer: { service, runs },
			seats: { ...seats, sessions, hub, outputs, attempts, events, isAdmin },
			events: { events, streams: engine.streams, clock, log, subscribers: config.limits.subscribers, stopping, streamLimits },
			operatorSessions: { sessions, runs },
			operators: { sessions, hub, isAdmin, clock, log, streamLimits },
			blueprints: { blueprints, lint, expand: expandPosted(config, environment), keys, propose: engine.approvals.propose },
			blueprintVersions: { blueprints, propose: engine.approvals.propose },
			blueprintInspection: { blueprints, lint, rejectLegacyBinding: engine.offered.rejectLegacyBinding === true },
			blueprintDoctor: { blueprints, lint, expand: expandPosted(config, environment), readiness: blueprintReadiness(engine, environment) },
			enhance: { enhance: engine.enhance, blueprints, clock, keys, interruptionOf: (runId) => interruptionOf(runs, runId) },
			stepWorker: { face, keys },
			data: { face, keys },
			sessions: { sessions: attachSessions({ store: engine.attachStore, clock, endOperator }), operators: sessions, isAdmin },
			webhooks: { webhooks: engine.webhooks },
			hive: { hive: engine.hive.operated, keys },
			...newWorkerRoutes(engine, stopping),
		})
		mounted.use(newMcpRoutes(engine, surroundings))
		return mounted
	})
}

/** They are clients of the other routes, so no client is typed by them. */
function newMcpRoutes({ config, clock }: Engine, { stopping, baseUrl }: HttpSurroundings) {
	let opened: Promise<McpSessions> | undefined
	// What it is made of is large, and not for every server.
	const open = async (): Promise<McpSessions> => {
		const { McpSessions } = await import('../edge/mcp/http.ts')
		return new McpSessions({ baseUrl, adminToken: config.adminToken, bodyBytes: config.limits.bodyBytes, clock })
	}
	stopping.addEventListener('abort', () => void opened?.then((sessions) => sessions.close()))
	return mcpRoutes({
		sessions() {
			opened ??= open()
			return opened
		},
	})
}

const streamLimitsOf = ({ limits }: Config) => ({
	inboxFrames: limits.inboxFrames,
	framesPerSec: limits.framesPerSec,
	stallMs: limits.stallSecs * 1000,
})

function newWorkerRoutes(
	{ config, data, clock, log, events, keys, workers }: Engine,
	stopping: AbortSignal,
): Pick<ApiDeps, 'runtime' | 'workers' | 'attachments' | 'leases'> {
	const { runtimeId, displayName, maxTranscriptProjectionItems: maxTranscriptItems, maxEventBatchItems: maxEventItems } = config.runtime
	const { store, profiles, attachments, runtime, desk } = workers
	const backend = data.dir === null ? 'memory' : 'fs_store'
	return {
		runtime: { store, profiles, runtimeId, displayName, backend, maxTranscriptItems, maxEventItems, version: VERSION },
		workers: { runtime, store, events, keys, clock, log, runtimeId, maxTranscriptItems, stopping, streamLimits: streamLimitsOf(config) },
		attachments: { attachments },
		leases: { desk, profiles, stopping },
	}
}

/** Throws `config_invalid` when the variable that shall hold the token is empty. */
function runtimeTokenOf({ runtime: { localToken, localTokenEnv } }: Config, environment: Environment): string | null {
	if (localToken !== null || localTokenEnv === null) return localToken
	const token = environment[localTokenEnv]
	if (token) return token
	throw new MseError('invalid', `runtime.local_token_env names ${localTokenEnv}, which is not set.`, { code: 'config_invalid' })
}

function newTaskSteps({ runs, stepOutputDeps: outputs, plans, face }: Engine): TaskStepDeps {
	return {
		...{ runs, outputs, planOf: (hash) => plans.planOf(hash) },
		readableRun: ({ headers }) => face.readableRun({ authorization: headers.get('authorization') ?? undefined, queryToken: undefined }),
	}
}

function newHealth(engine: Engine): Omit<HealthDeps, 'checks'> {
	const { config, blueprints, runs, sessions, sweep, retentionJob, data, supervisor, pause, hive } = engine
	return {
		async readiness() {
			if (!data.db.healthy) await data.db.tryWrite()
			const reasons = [
				...(supervisor.hold.isDraining ? ['the server is stopping'] : []),
				...(pause.state ? [`the server is paused: ${pause.state.reason}`] : []),
				...(data.db.healthy ? [] : ['the database cannot be written']),
			]
			return { ready: reasons.length === 0, reasons }
		},
		async doctor() {
			const ids = (await blueprints.list()).filter(({ archived }) => !archived).map(({ id }) => id)
			return {
				...{ bind: config.bind.text, blueprint_backend: backendName(engine) },
				...{ blueprint_store_root: data.dir, blueprint_ref_base: config.blueprintRefBase, enhance_flow_enabled: config.enableEnhanceFlow },
				traces_enabled: engine.telemetry.isOn,
				...{ seed_blueprint_id: config.seedBlueprintId, registered_blueprint_ids: ids, registered_blueprint_count: ids.length },
				...{ legacy_worker_binding_policy: config.legacyWorkerBindingPolicy, check_policy: config.checkPolicy },
			}
		},
		async status() {
			return {
				running_runs: await runs.countByStatus('running'),
				attached_operators: sessions.list().filter(({ connected }) => connected).length,
				...(pause.state && { paused: { ...pause.state } }),
				...(hive.open && { hive_open: true as const }),
				periodic_jobs: [sweep.report(), retentionJob.report(), ...(hive.open?.claim.jobs() ?? [])].map(toPeriodicJob),
			}
		},
	}
}

function backendName({ blueprintStore, pins, data }: Engine): string {
	if (blueprintStore !== pins) return blueprintStore ? 'custom' : 'none'
	return data.dir === null ? 'in_memory' : 'sqlite'
}

function toPeriodicJob(report: JobReport): PeriodicJob {
	return {
		...{ name: report.name, period_secs: report.periodSecs, enabled: report.periodSecs > 0, runs: report.runs },
		...{ errors: report.errors, panics: 0, acted_total: report.actedTotal, last_outcome: report.lastOutcome },
		...{ last_started_secs: report.lastStartedSecs, last_finished_secs: report.lastFinishedSecs, last_duration_ms: report.lastDurationMs },
	}
}
