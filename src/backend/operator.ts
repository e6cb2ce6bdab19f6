import { operatorRefOf } from '../core/blueprint/operator-kind.ts'
import { resolveRunner } from '../core/blueprint/runner.ts'
import type { AttemptStore } from '../core/dispatch/attempt-store.ts'
import type { Attempt, Backend, Completion, Credentials, Worker } from '../core/dispatch/backend.ts'
import { ASLEEP, Stop } from '../core/dispatch/stop.ts'
import { spawnDirective } from '../core/operator/directive.ts'
import type { OperatorHub } from '../core/operator/hub.ts'
import type { Asking, Reply } from '../core/operator/request.ts'
import type { OutputStore } from '../core/output/store.ts'
import { readStats } from '../core/output/worker-stats.ts'
import { MseError } from '../kernel/error.ts'
import type { Json, JsonObject } from '../kernel/json.ts'
import type { AgentDef, Blueprint, ProjectionPlacement } from '../protocol/blueprint.ts'
import type { FrameWorker } from '../protocol/operator-frame.ts'
import { renderSystem } from './system-prompt.ts'

export interface OperatorBackendDeps {
	readonly hub: Pick<OperatorHub, 'ask' | 'resume'>
	readonly attempts: Pick<AttemptStore, 'setSystem'>
	readonly outputs: Pick<OutputStore, 'listForAttempt'>
	/** Makes an attempt's credentials anew at each sending: the same handle, a token with its full lifetime. */
	mint(attempt: Attempt): Credentials
	/** Where workers reach this server; null when that is unknown. Asked at each sending. */
	baseUrl(): string | null
	/** Base address of the data routes that workers shall use (`data_sink_endpoint`); null when they shall not. */
	dataBase(): string | null
	/** Writes a file that tells what the attempt is about, and returns its path; null where there is no place for it. */
	contextFile(placement: ProjectionPlacement | undefined, attempt: Attempt): Promise<string | null>
}

/** What of an agent is the same for all its attempts. */
interface Prepared {
	readonly to: Asking['to']
	readonly system: string
	readonly worker: FrameWorker | null
	readonly placement: ProjectionPlacement | undefined
}

/**
 * Performs attempts through an operator: the agent names a seat (or an operator's sid or role), whoever answers for it
 * is sent a `spawn`, and starts a worker that reports back by itself.
 */
export function operatorBackend(deps: OperatorBackendDeps): Backend {
	return {
		name: 'operator',
		leavesProcess: true,
		prepare(agent, blueprint) {
			return spawning(deps, prepare(agent, blueprint))
		},
	}
}

/** A worker that hands whole attempts to the operator of that sid or role, who is given no system prompt. */
export function operatorWorker(deps: OperatorBackendDeps, name: string): Worker {
	return spawning(deps, { to: { operator: name }, system: '', worker: null, placement: undefined })
}

function spawning(deps: OperatorBackendDeps, prepared: Prepared): Worker {
	return {
		pure: false,
		sharesCommits: true,
		async perform(attempt) {
			return completed(deps.hub.ask(await toAsking(deps, prepared, attempt)))
		},
		async resume(attempt) {
			return completed(deps.hub.resume(await toAsking(deps, prepared, attempt)))
		},
	}
}

function prepare(agent: AgentDef, blueprint: Blueprint): Prepared {
	const slot = operatorRefOf(agent)
	if (!slot) throw invalidSpec("operator spec: 'operator_ref' (string) required")
	const { runner, error } = resolveRunner(blueprint, agent)
	if (error !== null) throw invalidSpec(error)
	const isClient = runner?.backend === 'ws_operator' || runner?.backend === 'ws_claude_code'
	const model = agent.profile?.model
	const worker = isClient ? { variant: runner.variant, tools: [...runner.tools], ...(model && { requested_model: model }) } : null
	return { to: { slot }, system: agent.profile?.system_prompt ?? '', worker, placement: blueprint.projection_placement }
}

function invalidSpec(sentence: string): MseError {
	return new MseError('invalid', sentence, { code: 'invalid_agent_spec' })
}

/** The system prompt of the attempt's worker is written with its request. Throws at once where it cannot be rendered. */
function keepSystem(deps: OperatorBackendDeps, { system }: Prepared, { stepId, n, prompt }: Attempt): Promise<void> {
	const rendered = renderSystem(system, prompt)
	return rendered === null ? Promise.resolve() : deps.attempts.setSystem(stepId, n, rendered)
}

async function toAsking(deps: OperatorBackendDeps, prepared: Prepared, attempt: Attempt): Promise<Asking> {
	const contextFile = await deps.contextFile(prepared.placement, attempt)
	attempt.signal.throwIfAborted()
	const { stepId, runId, taskId, n, agent, signal } = attempt
	return {
		kind: 'spawn',
		runId,
		taskId,
		stepId,
		attempt: n,
		to: prepared.to,
		frame: { task_id: stepId, agent, attempt: n, ...(prepared.worker && { worker: prepared.worker }) },
		alongside: () => Promise.all([attempt.begun, keepSystem(deps, prepared, attempt)]),
		secrets: () => spawnSecrets(deps, prepared, attempt, contextFile),
		signal,
		standsAfter,
		sleepsAfter: (reason) => reason instanceof Stop && reason.code === ASLEEP,
		...(attempt.restsOn && { restsOn: attempt.restsOn }),
		standing: (afterMs) => attempt.standing(afterMs),
		working: (isWorking) => attempt.working(isWorking),
		hasFinal: async () => (await deps.outputs.listForAttempt(stepId, n, 'tail')).some(({ event }) => event.type === 'final'),
	}
}

/** A request outlives the process that made it. */
export const standsAfter = (reason: unknown): boolean => reason instanceof Stop && reason.kind === 'detached'

function spawnSecrets(deps: OperatorBackendDeps, { worker }: Prepared, attempt: Attempt, contextFile: string | null): JsonObject {
	const { token, handle } = deps.mint(attempt)
	const { agent, stepId, runId, context, prompt } = attempt
	const directive = spawnDirective({
		agent,
		stepId,
		runId,
		handle,
		baseUrl: deps.baseUrl(),
		variant: worker?.variant ?? null,
		dataBase: deps.dataBase(),
		context,
		contextFile,
		taskDirective: prompt,
	})
	return { capability_token: token, worker_handle: handle, directive }
}

/** A seat that moved is no failure: another attempt follows. */
async function completed(asked: Promise<Reply>): Promise<Completion> {
	try {
		return toCompletion(await asked)
	} catch (error) {
		if (error instanceof MseError && error.code === 'displaced') throw new Stop('displaced', error.message)
		throw error
	}
}

/** The worker's own Final decides; what the operator says counts where there is none. An error of the operator fails the step. */
function toCompletion(reply: Reply): Completion {
	if (reply.type === 'final') return {}
	if (reply.type === 'spawn_halt') {
		const { reason = null, value = null } = reply
		return { final: { value: { halted: true, reason, value: value as Json }, ok: true } }
	}
	if (reply.type !== 'spawn_ack') throw new Error('ws operator: unexpected non-spawn reply')
	if (reply.error !== undefined && reply.error !== null) throw new Error(reply.error || 'the operator reported an error without a text')
	const stats = readStats(reply.stats)
	return { final: { value: (reply.value ?? null) as Json, ok: reply.ok ?? true }, ...(stats && { stats }) }
}
