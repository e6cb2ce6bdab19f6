import { MseError } from '../../../kernel/error.ts'
import { newRunId, newTaskId } from '../../../kernel/id.ts'
import { isJsonObject, type Json, mergeShallow } from '../../../kernel/json.ts'
import type { RunPolicy } from '../../../protocol/policy.ts'
import { type Attestations, attest, unattestedAgents } from '../../blueprint/attestation.ts'
import type { Plan } from '../../dispatch/plan.ts'
import { Stop } from '../../dispatch/stop.ts'
import type { EventDraft } from '../../event/event.ts'
import { POSITION_SCHEME } from '../../flow/evaluate-flow.ts'
import { type LayerRegistry, unknownHints } from '../../layer/layer.ts'
import { parseTraceparent, type TraceparentOf } from '../../trace/context.ts'
import type { Run, RunOptions, Seat, Task, TaskAsked, TaskInput } from '../record.ts'
import type { RunStore } from '../store.ts'
import type { RunSupervisor } from '../supervise/supervisor.ts'
import { isLegacy, pinSeats, refuseWithoutOperator } from './launch-operator.ts'
import type { OperatorDirectory } from './operator-directory.ts'
import { descent, type SpawnDepth } from './parent.ts'
import type { ResolvedBlueprint } from './plan-cache.ts'
import type { Launched, LaunchRequest, WaitingRequest } from './request.ts'

export interface LaunchDeps {
	readonly runs: RunStore
	readonly operators: OperatorDirectory
	readonly supervisor: RunSupervisor
	readonly clock: { now(): number; after(ms: number, fn: () => void): () => void }
	readonly syncTimeoutSecs: number
	readonly checkPolicy: NonNullable<RunOptions['checkPolicy']>
	readonly layers: LayerRegistry
	/** Limits of runs whose Blueprint and launch say nothing. */
	readonly runPolicy: RunPolicy
	readonly spawnDepth: SpawnDepth
	/** What a run is told of the span of the worker that asks for it. */
	readonly traceparentOf?: TraceparentOf | undefined
	/** Resolves a reference once; what it found is what runs. */
	resolve(request: LaunchRequest['reference']): Promise<ResolvedBlueprint>
	/** The compiled Blueprint of a version that runs already use. */
	planOf(hash: string): Promise<Plan>
}

const DEFAULT_TTL_SECS = 1800

/** Starts a run of a Blueprint. Everything a caller can get wrong is refused before the first row is written. */
export async function launch(deps: LaunchDeps, request: LaunchRequest, existing?: Task): Promise<Launched> {
	deps.supervisor.hold.requireOpen(!request.detach)
	const descended = { ...(await descent(deps, request.parent)), ...calledBy(request) }
	const resolved = await deps.resolve(request.reference)
	const { plan } = resolved
	const taskInput = taskInputOf(request)
	refuseStrictWithoutRoot(deps, request, plan, taskInput)
	const seats = await pinSeats(deps.operators, plan.blueprint, request)
	if (seats === null && !request.waitsForOperator) await refuseWithoutOperator(deps.operators, plan.blueprint)
	const sid = request.operator?.sid
	const manifest = sid === undefined ? null : deps.operators.manifestOf(sid)
	const attestations = attest(plan.blueprint, manifest)
	const unattested = unattestedAgents(plan.blueprint, manifest, attestations)
	const ttl = timeToLive(request, plan)

	const task = existing ?? newTask(deps, request, resolved, taskInput)
	const run = newRun(deps, request, resolved, task, { seats: seats ?? [], ttl, taskInput, attestations, unattested, descended })
	const written = Promise.all([
		resolved.pin(),
		existing ? undefined : deps.runs.createTask(task),
		deps.runs.createRun(run, startEvents(deps, run, task, plan)),
	])
	// The writes are queued ahead of everything the driver records, so it need not wait for them.
	const driver = deps.supervisor.start(run, plan)
	await written
	const declaredSlots = plan.blueprint.operators.map(({ name }) => name)
	const launched = { task, run, boundVersion: resolved.boundVersion, ttl, declaredSlots }
	return withEnd(launched, deps, request, () => deps.supervisor.endOf(driver))
}

const calledBy = ({ traceparent }: LaunchRequest): Pick<RunOptions, 'traceparent'> =>
	traceparent !== undefined && parseTraceparent(traceparent) ? { traceparent } : {}

function refuseStrictWithoutRoot(deps: LaunchDeps, request: LaunchRequest, plan: Plan, taskInput: TaskInput | undefined): void {
	const policy = request.checkPolicy ?? plan.blueprint.check_policy ?? deps.checkPolicy
	if (policy !== 'strict' || taskInput?.project_root !== undefined || taskInput?.work_dir !== undefined) return
	throw new MseError('malformed', 'check_policy=strict requires project_root or work_dir, but the launch supplied neither', {
		code: 'check_policy_needs_root',
		hint: 'Send "project_root": "<absolute path>" with the launch.',
	})
}

function taskInputOf(request: LaunchRequest): TaskInput | undefined {
	const init = isJsonObject(request.initCtx) ? request.initCtx : {}
	const text = (key: 'project_root' | 'work_dir'): string | undefined => {
		const given = request.taskInput?.[key] ?? init[key]
		return typeof given === 'string' ? given : undefined
	}
	const [root, workDir, metadata] = [text('project_root'), text('work_dir'), request.taskInput?.task_metadata ?? init.task_metadata]
	const input: TaskInput = {
		...(root !== undefined && { project_root: root }),
		...(workDir !== undefined && { work_dir: workDir }),
		...(metadata !== undefined && { task_metadata: metadata }),
	}
	return Object.keys(input).length > 0 ? input : undefined
}

/** How long the run may take, and who said so. */
export function timeToLive(request: WaitingRequest, plan: Plan): Launched['ttl'] {
	if (request.ttlSecs !== undefined) return { secs: request.ttlSecs, source: 'request_body' }
	const declared = plan.blueprint.metadata.default_run_ttl_secs
	if (declared !== undefined && declared !== null) return { secs: declared, source: 'bp_metadata' }
	return { secs: DEFAULT_TTL_SECS, source: 'server_default' }
}

function newTask(deps: LaunchDeps, request: LaunchRequest, resolved: ResolvedBlueprint, taskInput: TaskInput | undefined): Task {
	const now = deps.clock.now()
	const goal = request.goal ?? `run ${resolved.plan.blueprint.id}`
	const asked = askedOf(request)
	return {
		...{ id: newTaskId(), goal, blueprintRef: resolved.reference, initCtx: request.initCtx, taskInput, createdAt: now, updatedAt: now },
		...(asked && { asked }),
	}
}

function askedOf({ ttlSecs, checkPolicy, runPolicy, operator }: LaunchRequest): TaskAsked | undefined {
	const { sid: _, ...faces } = operator ?? {}
	const asked: TaskAsked = {
		...(ttlSecs !== undefined && { ttlSecs }),
		...(checkPolicy && { checkPolicy }),
		...(runPolicy && { runPolicy }),
		...(Object.keys(faces).length > 0 && { operator: faces }),
	}
	return Object.keys(asked).length > 0 ? asked : undefined
}

function newRun(
	deps: LaunchDeps,
	request: LaunchRequest,
	resolved: ResolvedBlueprint,
	task: Task,
	decided: {
		readonly seats: readonly Seat[]
		readonly ttl: Launched['ttl']
		readonly taskInput: TaskInput | undefined
		readonly attestations: Attestations
		readonly descended: Pick<RunOptions, 'parent' | 'depth' | 'traceparent'>
		readonly unattested: readonly string[]
	},
): Run {
	const { blueprint, hash } = resolved.plan
	const bounded = request.detach && decided.ttl.source !== 'server_default'
	const runPolicy = { ...deps.runPolicy, ...blueprint.metadata.run_policy, ...request.runPolicy }
	const options: RunOptions = {
		detached: request.detach,
		...decided.descended,
		...(bounded && { ttlMs: decided.ttl.secs * 1000 }),
		...(Object.keys(runPolicy).length > 0 && { runPolicy }),
		...(decided.taskInput && { taskInput: decided.taskInput }),
		...(request.checkPolicy && { checkPolicy: request.checkPolicy }),
		...(request.operator && { operator: request.operator, ...(isLegacy(request) && { legacyOperator: true }) }),
		...(Object.keys(decided.attestations).length > 0 && { attestations: decided.attestations }),
		...(decided.unattested.length > 0 && { unattested: decided.unattested }),
	}
	const now = deps.clock.now()
	return {
		id: request.runId ?? newRunId(),
		taskId: task.id,
		generation: 1,
		status: 'running',
		phase: 'running',
		blueprintId: blueprint.id,
		blueprintHash: hash,
		boundVersion: resolved.boundVersion,
		initCtx: mergeShallow(blueprint.default_init_ctx as Json | undefined, request.initCtx) ?? null,
		options,
		result: null,
		operatorSid: request.operator?.sid ?? null,
		seatGeneration: decided.seats.length,
		seats: decided.seats,
		ttlUsedMs: 0,
		positionScheme: POSITION_SCHEME,
		createdAt: now,
		updatedAt: now,
	}
}

function startEvents({ layers }: LaunchDeps, run: Run, task: Task, { blueprint }: Plan): EventDraft[] {
	const about = { runId: run.id, taskId: task.id }
	const started: EventDraft = {
		kind: 'run.started',
		...about,
		data: { blueprint: run.blueprintId, hash: run.blueprintHash, goal: task.goal, ...parentOf(run), ...tracedIn(run) },
	}
	const seats = run.seats.map(
		({ slot, op, desc, generation }, index): EventDraft => ({
			kind: 'seat.assigned',
			...about,
			data: { slot, op, desc, generation, source: index === 0 ? 'launch_pin' : 'auto_seat', previous: null },
		}),
	)
	const skipped = unknownHints(layers, blueprint).map((layer): EventDraft => {
		const message = `spawner_hints.layers names '${layer}', which this server does not have; it is skipped.`
		return { kind: 'run.warned', ...about, data: { code: 'unknown_spawner_hint', layer, message } }
	})
	return [started, ...seats, ...skipped]
}

const tracedIn = ({ options: { traceparent } }: Run) => (traceparent === undefined ? {} : { traceparent })

const parentOf = ({ options: { parent } }: Run) => (parent ? { parent_run: parent.runId, parent_step: parent.stepId } : {})

/** Adds the run's end. Of a detached run it is waited for only once somebody looks at it: until then the run may sleep. */
export function withEnd(launched: Omit<Launched, 'ended'>, deps: LaunchDeps, request: WaitingRequest, wait: () => Promise<Run>): Launched {
	let known = request.detach ? undefined : endOf(deps, request, launched.run, wait())
	return {
		...launched,
		get ended() {
			known ??= wait()
			return known
		},
	}
}

/** A synchronous launch ends by its ceiling: the run then fails, and its work is stopped. */
function endOf(deps: LaunchDeps, request: WaitingRequest, run: Run, ended: Promise<Run>): Promise<Run> {
	const secs = request.timeoutSecs ?? deps.syncTimeoutSecs
	const message = `The synchronous launch reached its ceiling of ${secs} s; the run was stopped.`
	let reached = false
	const disarm = deps.clock.after(secs * 1000, () => {
		const stop = new Stop('timed_out', message, 'sync_ceiling')
		void deps.supervisor.end(run, 'failed', stop, { error: message }).then((isEnded) => {
			reached = isEnded
		})
	})
	return ended.finally(disarm).then((end) => {
		if (!reached && !isCeiling(end, message)) return end
		const hint = 'Launch with "detach": true, or send a larger "timeout_secs".'
		throw new MseError('timed_out', message, { code: 'sync_ceiling', hint, details: { task_id: run.taskId, run_id: run.id } })
	})
}

const isCeiling = (run: Run, message: string): boolean => isJsonObject(run.result) && run.result.error === message
