import { MseError } from '../../kernel/error.ts'
import { sha256Hex } from '../../kernel/hash.ts'
import { asText } from '../../kernel/json.ts'
import type { PromptQuery, WorkerPrompt } from '../../protocol/worker.ts'
import type { AttemptRecord } from '../dispatch/attempt-store.ts'
import { attemptOf, identify, presentedBearer, requireReadable, requireStep } from './caller.ts'
import type { Presented, WorkerFaceDeps } from './face-deps.ts'

/** What a worker needs to begin; may be read again and again. */
export async function prompt(deps: WorkerFaceDeps, presented: Presented, query: PromptQuery): Promise<WorkerPrompt> {
	const bearer = presentedBearer(presented)
	const attempt = await attemptOf(deps, bearer, 'fetch_prompt')
	await requireStep(deps, attempt, query.task_id)
	requireReadable(attempt, deps.clock.now())
	return {
		...identityOf(attempt),
		...systemPart(attempt, query, bearer),
		prompt: asText(attempt.prompt),
		context: await contextWithSteps(deps, attempt),
	}
}

/** What the worker of an attempt was given, for somebody who takes its operator's place. */
export function materialOf(attempt: AttemptRecord): WorkerPrompt {
	return {
		...identityOf(attempt),
		...(attempt.system !== null && { system: attempt.system }),
		prompt: asText(attempt.prompt),
		context: contextOf(attempt),
	}
}

/** The system prompt alone, as text. Throws `not_found` when the agent has none. */
export async function promptSystem(
	deps: WorkerFaceDeps,
	presented: Presented,
	query: { readonly task_id: string; readonly attempt?: string | undefined },
): Promise<string> {
	const attempt = await identify(deps, presented, 'fetch_prompt')
	await requireStep(deps, attempt, query.task_id)
	requireReadable(attempt, deps.clock.now())
	if (attempt.system !== null && (query.attempt === undefined || query.attempt === String(attempt.n))) return attempt.system
	throw new MseError('not_found', `no system prompt for ${query.task_id} attempt ${query.attempt ?? attempt.n}`, {
		code: 'no_system_prompt',
	})
}

/** The wire's own word for a step is `task_id`. */
function identityOf({ stepId, n, agent }: AttemptRecord): { task_id: string; attempt: number; agent: string } {
	return { task_id: stepId, attempt: n, agent }
}

/** Stock clients download a reference without any header, so its address carries the credential that asked for it. */
function systemPart({ system, stepId, n }: AttemptRecord, query: PromptQuery, bearer: string): Pick<WorkerPrompt, 'system' | 'system_ref'> {
	if (system === null) return {}
	if (query.system !== 'ref') return { system }
	const address = new URLSearchParams({ task_id: stepId, attempt: String(n), token: bearer })
	return {
		system_ref: {
			uri: `/v1/worker/prompt/system?${address}`,
			sha256: sha256Hex(system),
			size_bytes: Buffer.byteLength(system),
			mode: 'http',
		},
	}
}

async function contextWithSteps(deps: WorkerFaceDeps, attempt: AttemptRecord): Promise<WorkerPrompt['context']> {
	const steps = await deps.stepsFor(attempt)
	return { ...contextOf(attempt), ...(steps.length > 0 && { steps: [...steps] }) }
}

function contextOf(attempt: AttemptRecord): WorkerPrompt['context'] {
	const { project_root, work_dir, task_metadata, project_name_alias, input_refs, extra, approval } = attempt.context
	return {
		...identityOf(attempt),
		...(project_root !== undefined && { project_root }),
		...(work_dir !== undefined && { work_dir }),
		...(task_metadata !== undefined && { task_metadata }),
		run_id: attempt.runId,
		...(project_name_alias !== undefined && { project_name_alias }),
		...(input_refs !== undefined && { input_refs: [...input_refs] }),
		...(extra !== undefined && Object.keys(extra).length > 0 && { extra }),
		...(approval !== undefined && { approval: { ...approval } }),
	}
}
