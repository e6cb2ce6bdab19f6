import type { RunId } from '../../kernel/id.ts'
import { asText } from '../../kernel/json.ts'
import type { Logger } from '../../kernel/log.ts'
import type { AgentDef, Blueprint, CheckPolicy, ProjectionPlacement } from '../../protocol/blueprint.ts'
import type { OutputEvent } from '../../protocol/output.ts'
import type { Attempt, Backend, Completion } from '../dispatch/backend.ts'
import {
	isShown,
	keepAndProject,
	type Projection,
	type ProjectionDeps,
	type ProjectionFiles,
	projectionFolder,
	projectionOf,
} from './projection.ts'
import type { OutputStore } from './store.ts'

export interface ProjectingDeps extends ProjectionDeps {
	readonly outputs: Pick<OutputStore, 'listForAttempt'>
	/** The check policy of a run, as far as its launch gave one. */
	checkPolicyOf(runId: RunId): Promise<CheckPolicy | undefined>
	/** The server's own, for runs and Blueprints that say nothing. */
	readonly checkPolicy: CheckPolicy
}

/** A backend whose workers' outputs are shown as files too: what they report on the way, and what the backend brings back. */
export function projectingBackend(deps: ProjectingDeps, backend: Backend): Backend {
	return {
		...backend,
		prepare(agent, blueprint) {
			const worker = backend.prepare(agent, blueprint)
			const { resume } = worker
			const around = async <Ended extends Completion | null>(attempt: Attempt, perform: (attempt: Attempt) => Ended | Promise<Ended>) => {
				const projection = await effectiveProjection(deps, blueprint, agent, attempt)
				attempt.signal.throwIfAborted()
				const completion = await perform(projectingAttempt(deps, projection, attempt))
				if (completion) await projectCompletion(deps, projection, attempt, completion)
				return completion
			}
			return {
				...worker,
				perform: (attempt) => around(attempt, (projected) => worker.perform(projected)),
				...(resume && { resume: (attempt: Attempt) => around(attempt, resume) }),
			}
		},
	}
}

/**
 * Writes what an attempt is about beside where its outputs will be, and returns the path: null without a root, or where it
 * cannot be written.
 */
export async function projectContext(
	{ files, log }: { readonly files: ProjectionFiles; readonly log: Logger },
	placement: ProjectionPlacement | undefined,
	{ stepId, runId, n, agent, context, prompt, begun }: Attempt,
): Promise<string | null> {
	const folder = projectionFolder(placement, context, stepId)
	if (!folder) return null
	await begun
	const view = { task_id: stepId, agent, attempt: n, ...context, prompt: asText(prompt) }
	try {
		return await files.write({ ...folder, name: 'ctx.json' }, `${JSON.stringify(view, null, 2)}\n`)
	} catch (reason) {
		log.warn('the context of a step could not be written as a file', { run_id: runId, step_id: stepId, agent, attempt: n, reason })
		return null
	}
}

async function effectiveProjection(deps: ProjectingDeps, blueprint: Blueprint, agent: AgentDef, attempt: Attempt): Promise<Projection> {
	const policy = (await deps.checkPolicyOf(attempt.runId)) ?? blueprint.check_policy ?? deps.checkPolicy
	return projectionOf(blueprint, agent, policy)
}

function projectingAttempt(deps: ProjectingDeps, projection: Projection, attempt: Attempt): Attempt {
	const { restsOn, ...rest } = attempt
	// A file is not written before what it shows is on disk.
	const isAhead = restsOn !== undefined && !isShown(projection, attempt)
	const emit: Attempt['emit'] = (event) => keepAndProject(deps, projection, attempt, event, () => attempt.emit(event))
	return { ...rest, ...(isAhead && { restsOn }), emit }
}

/** What a backend brings back counts only where the worker left no Final, which was shown when it came. */
async function projectCompletion(deps: ProjectingDeps, projection: Projection, attempt: Attempt, { final }: Completion): Promise<void> {
	if (!final || !isShown(projection, attempt)) return
	const tail = await deps.outputs.listForAttempt(attempt.stepId, attempt.n, 'tail')
	if (tail.some(({ event }) => event.type === 'final')) return
	const event: OutputEvent = { type: 'final', content: { kind: 'inline', value: final.value }, ok: final.ok }
	await keepAndProject(deps, projection, attempt, event, async () => {})
}
