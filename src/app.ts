import type { Config } from './config.ts'
import { attachSessions } from './core/access/attach.ts'
import { lintBlueprint } from './core/blueprint/lint.ts'
import { shared } from './core/doctor/probe.ts'
import type { JobReport } from './core/operator/sweep.ts'
import { serverChecks } from './doctor.ts'
import type { RunningServer } from './edge/cli/command/serve.ts'
import { mountApi } from './edge/http/api.ts'
import { httpApp, listen } from './edge/http/app.ts'
import { adminCheck } from './edge/http/guard.ts'
import type { HealthDeps } from './edge/http/routes/health.ts'
import type { TaskStepDeps } from './edge/http/routes/task-steps.ts'
import { type Engine, openEngine } from './engine.ts'
import { expandPosted } from './expansion.ts'
import { systemClock } from './kernel/clock.ts'
import type { Logger } from './kernel/log.ts'
import { VERSION } from './kernel/version.ts'
import type { Blueprint } from './protocol/blueprint.ts'
import type { PeriodicJob } from './protocol/health.ts'

/** The process's own variables. */
type Environment = { readonly [name: string]: string | undefined }

/** Opens everything and listens. Unfinished runs of an earlier life go on as soon as workers can reach the address. */
export async function startServer(config: Config, log: Logger, environment: Environment): Promise<RunningServer> {
	let url: string | undefined
	const dir = config.ephemeral ? null : config.dataDir
	const engine = await openEngine({ config, dir, clock: systemClock, log, environment, baseUrl: () => url })
	const stopping = new AbortController()
	try {
		const checks = shared(() => serverChecks(engine, url, environment))
		const http = listen(newHttp(engine, environment, stopping.signal, checks), { hostname: config.bind.host, port: config.bind.port })
		url = http.url
		engine.data.nameHolder({ pid: process.pid, address: url })
		engine.data.fault('start.listening')
		const recovered = await engine.supervisor.recover()
		engine.data.fault('start.recovered')
		if (recovered > 0) log.info('unfinished runs go on', { runs: recovered })
		let stopped: Promise<void> | undefined
		const stop = (): Promise<void> => {
			stopped ??= stopServer(engine, http.server, stopping)
			return stopped
		}
		return { url, stop }
	} catch (error) {
		await engine.stop()
		throw error
	}
}

/** Readiness goes first, then sockets and streams are told, then runs are let go of; an open connection cannot hold it up. */
async function stopServer(engine: Engine, server: Bun.Server<unknown>, stopping: AbortController): Promise<void> {
	stopping.abort()
	await engine.stop()
	await Promise.race([server.stop(), Bun.sleep(engine.config.drainSecs * 1000)])
	await server.stop(true)
}

function newHttp(engine: Engine, environment: Environment, stopping: AbortSignal, checks: HealthDeps['checks']) {
	const { config, clock, log, runs, service, events, face, blueprints } = engine
	const options = {
		...{ limits: config.limits, version: VERSION, log, bindHost: config.bind.host, adminToken: config.adminToken },
		...{ openJoin: config.openJoin, allowedHosts: config.allowedHosts, allowedOrigins: config.allowedOrigins },
	}
	const lint = (blueprint: Blueprint) => lintBlueprint(blueprint, engine.offered)
	const isAdmin = adminCheck(config.adminToken)
	const { sessions, hub, outputs, attempts, seats } = engine
	return httpApp(options, (root) =>
		mountApi(root, {
			health: { ...newHealth(engine, stopping), checks },
			tasks: { service, runs },
			taskSteps: newTaskSteps(engine),
			runs: { service, runs, events },
			runHistory: { runs, planOf: seats.planOf },
			steer: { service, runs },
			seats: { ...seats, sessions, hub, outputs, attempts, events, isAdmin },
			events: { events, clock, log, subscribers: config.limits.subscribers, stopping },
			operators: { sessions, hub, isAdmin, clock, log },
			blueprints: { blueprints, lint, expand: expandPosted(config, environment) },
			blueprintVersions: { blueprints },
			blueprintInspection: { blueprints, lint, rejectLegacyBinding: engine.offered.rejectLegacyBinding === true },
			enhance: { enhance: engine.enhance, blueprints, clock },
			stepWorker: { face },
			data: { face },
			sessions: { sessions: attachSessions({ store: engine.attachStore, clock }) },
		}),
	)
}

function newTaskSteps({ runs, stepOutputDeps: outputs, plans, face }: Engine): TaskStepDeps {
	return {
		...{ runs, outputs, planOf: (hash) => plans.planOf(hash) },
		readableRun: ({ headers }) => face.readableRun({ authorization: headers.get('authorization') ?? undefined, queryToken: undefined }),
	}
}

function newHealth({ config, blueprints, runs, sessions, sweep, data }: Engine, stopping: AbortSignal): Omit<HealthDeps, 'checks'> {
	return {
		async readiness() {
			if (!data.db.healthy) await data.db.tryWrite()
			const reasons = [
				...(stopping.aborted ? ['the server is stopping'] : []),
				...(data.db.healthy ? [] : ['the database cannot be written']),
			]
			return { ready: reasons.length === 0, reasons }
		},
		async doctor() {
			const ids = (await blueprints.list()).filter(({ archived }) => !archived).map(({ id }) => id)
			return {
				...{ bind: config.bind.text, blueprint_backend: data.dir === null ? 'in_memory' : 'sqlite' },
				...{ blueprint_store_root: data.dir, blueprint_ref_base: config.blueprintRefBase, enhance_flow_enabled: config.enableEnhanceFlow },
				...{ seed_blueprint_id: config.seedBlueprintId, registered_blueprint_ids: ids, registered_blueprint_count: ids.length },
				...{ legacy_worker_binding_policy: config.legacyWorkerBindingPolicy, check_policy: config.checkPolicy },
			}
		},
		async status() {
			return {
				running_runs: await runs.countByStatus('running'),
				attached_operators: sessions.list().filter(({ connected }) => connected).length,
				periodic_jobs: [toPeriodicJob(sweep.report())],
			}
		},
	}
}

function toPeriodicJob(report: JobReport): PeriodicJob {
	return {
		...{ name: report.name, period_secs: report.periodSecs, enabled: report.periodSecs > 0, runs: report.runs },
		...{ errors: report.errors, panics: 0, acted_total: report.actedTotal, last_outcome: report.lastOutcome },
		...{ last_started_secs: report.lastStartedSecs, last_finished_secs: report.lastFinishedSecs, last_duration_ms: report.lastDurationMs },
	}
}
