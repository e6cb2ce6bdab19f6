import { operatorRefOf } from '../core/blueprint/operator-kind.ts'
import { resolveRunner } from '../core/blueprint/runner.ts'
import type { AttemptStore } from '../core/dispatch/attempt-store.ts'
import type { Attempt, Backend, Completion, Credentials, Worker } from '../core/dispatch/backend.ts'
import { Stop } from '../core/dispatch/stop.ts'
import { spawnDirective } from '../core/operator/directive.ts'
import type { OperatorHub } from '../core/operator/hub.ts'
import type { Asking, Reply } from '../core/operator/request.ts'
import type { OutputStore } from '../core/output/store.ts'
import { readStats } from '../core/output/worker-stats.ts'
import type { Clock } from '../kernel/clock.ts'
import { MseError, messageOf } from '../kernel/error.ts'
import { asText, isJsonObject, type Json, type JsonObject, parseJson } from '../kernel/json.ts'
import type { AgentDef, Blueprint } from '../protocol/blueprint.ts'
import type { FrameWorker } from '../protocol/operator-frame.ts'

export interface OperatorBackendDeps {
	readonly hub: OperatorHub
	readonly attempts: Pick<AttemptStore, 'setSystem'>
	readonly outputs: Pick<OutputStore, 'listForAttempt'>
	readonly clock: Clock
	/** `renderTemplate` of the kernel. */
	render(source: string, slots: JsonObject): string
	/** Makes an attempt's credentials anew: the same handle, a token with a fresh expiry. */
	mint(attempt: Attempt): Credentials
	/** How long a token is good for. */
	readonly tokenTtlSecs: number
	/** Where workers reach this server; null when that is unknown. Asked at each sending. */
	baseUrl(): string | null
	/** Base address of the data routes that workers shall use (`data_sink_endpoint`); null when they shall not. */
	dataBase(): string | null
}

/** What of an agent is the same for all its attempts. */
interface Prepared {
	readonly to: Asking['to']
	readonly system: string
	readonly worker: FrameWorker | null
}

/** A token with no more than this left is replaced before the frame that carries it goes out. */
const TOKEN_MARGIN_MS = 60_000

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
	return spawning(deps, { to: { operator: name }, system: '', worker: null })
}

function spawning(deps: OperatorBackendDeps, prepared: Prepared): Worker {
	return {
		pure: false,
		async perform(attempt) {
			const system = renderSystem(deps, prepared.system, attempt.prompt)
			const alongside = system === null ? undefined : deps.attempts.setSystem(attempt.stepId, attempt.n, system)
			alongside?.catch(() => {})
			const asking = toAsking(deps, prepared, attempt)
			return toCompletion(await deps.hub.ask(alongside ? { ...asking, alongside } : asking))
		},
		async resume(attempt) {
			return toCompletion(await deps.hub.resume(toAsking(deps, prepared, attempt)))
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
	return { to: { slot }, system: agent.profile?.system_prompt ?? '', worker }
}

function invalidSpec(sentence: string): MseError {
	return new MseError('invalid', sentence, { code: 'invalid_agent_spec' })
}

/** Members of an object prompt fill the template's slots; any other prompt is its `directive`. */
function renderSystem(deps: OperatorBackendDeps, source: string, prompt: Json): string | null {
	if (source.trim() === '') return null
	const value = typeof prompt === 'string' ? parseJson(prompt) : prompt
	try {
		return deps.render(source, isJsonObject(value) ? value : { directive: asText(prompt) })
	} catch (error) {
		throw new Error(`internal: render system_prompt: ${messageOf(error)}`)
	}
}

function toAsking(deps: OperatorBackendDeps, prepared: Prepared, attempt: Attempt): Asking {
	const { stepId, runId, taskId, n, agent, signal } = attempt
	const credentials = freshCredentials(deps, attempt)
	return {
		kind: 'spawn',
		runId,
		taskId,
		stepId,
		attempt: n,
		to: prepared.to,
		frame: { task_id: stepId, agent, attempt: n, ...(prepared.worker && { worker: prepared.worker }) },
		secrets: () => spawnSecrets(deps, prepared, attempt, credentials()),
		signal,
		standsAfter,
		working: (isWorking) => attempt.working(isWorking),
		hasFinal: async () => (await deps.outputs.listForAttempt(stepId, n, 'tail')).some(({ event }) => event.type === 'final'),
	}
}

/** A request outlives the process that made it. */
export const standsAfter = (reason: unknown): boolean => reason instanceof Stop && reason.kind === 'detached'

/** The attempt's own credentials while their token is good for a while, later ones made anew. */
function freshCredentials(deps: OperatorBackendDeps, attempt: Attempt): () => Credentials {
	const nextStale = () => deps.clock.now() + deps.tokenTtlSecs * 1000 - TOKEN_MARGIN_MS
	let current = attempt.credentials ?? deps.mint(attempt)
	let staleAt = nextStale()
	return () => {
		if (deps.clock.now() < staleAt) return current
		current = deps.mint(attempt)
		staleAt = nextStale()
		return current
	}
}

function spawnSecrets(deps: OperatorBackendDeps, { worker }: Prepared, attempt: Attempt, { token, handle }: Credentials): JsonObject {
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
		taskDirective: prompt,
	})
	return { capability_token: token, worker_handle: handle, directive }
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
