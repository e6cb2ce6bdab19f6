import { MseError, messageOf } from '../../kernel/error.ts'
import type { RunId, StepId } from '../../kernel/id.ts'
import type { Json } from '../../kernel/json.ts'
import type { Logger } from '../../kernel/log.ts'
import type { AgentDef, Blueprint, CheckPolicy, ProjectionPlacement } from '../../protocol/blueprint.ts'
import type { OutputEvent } from '../../protocol/output.ts'
import type { AgentContext } from '../dispatch/backend.ts'
import { contentValue } from './fold.ts'

/** A file that shows an output: `name` in the folder `dir` under `root`, which is a folder of the user's. */
export interface ProjectionPlace {
	readonly root: string
	readonly dir: string
	readonly name: string
}

/** Files of this machine that show outputs to workers and people. */
export interface ProjectionFiles {
	/** Writes a file whole, over an earlier one, and returns its path. Throws an Error when it cannot lie really under its root. */
	write(place: ProjectionPlace, text: string): Promise<string>
	/** The file's path and bytes; null when there is none that lies really under its root and has at most `limit` bytes. */
	read(place: ProjectionPlace, limit: number): Promise<{ readonly path: string; readonly bytes: Uint8Array } | null>
}

/** How the outputs of one agent's steps are shown as files. */
export interface Projection {
	/** The name of the step's file, without its extension. */
	readonly canonical: string
	readonly placement: ProjectionPlacement | undefined
	readonly checkPolicy: CheckPolicy
}

export interface ProjectionDeps {
	readonly files: ProjectionFiles
	readonly log: Logger
}

export interface ProjectedStep {
	readonly runId: RunId
	readonly stepId: StepId
	readonly n: number
	readonly agent: string
	readonly context: AgentContext
}

const DEFAULT_DIR = 'workspace/tasks/{task_id}/ctx'

export function projectionOf(blueprint: Blueprint, agent: AgentDef, checkPolicy: CheckPolicy): Projection {
	return { canonical: agent.meta?.projection_name ?? agent.name, placement: blueprint.projection_placement, checkPolicy }
}

/** Where the files of a step go; null when its agent knows neither a work_dir nor a project_root. */
export function projectionFolder(
	placement: ProjectionPlacement | undefined,
	{ work_dir, project_root }: AgentContext,
	stepId: StepId,
): Pick<ProjectionPlace, 'root' | 'dir'> | null {
	const root = placement?.root === 'project_root' ? (project_root ?? work_dir) : (work_dir ?? project_root)
	if (root === undefined) return null
	return { root, dir: (placement?.dir_template ?? DEFAULT_DIR).replaceAll('{task_id}', stepId) }
}

/** Whether showing the step's outputs can do anything at all: there is a folder for them, or its absence is an error. */
export function isShown({ placement, checkPolicy }: Projection, { stepId, context }: Pick<ProjectedStep, 'stepId' | 'context'>): boolean {
	return checkPolicy === 'strict' || projectionFolder(placement, context, stepId) !== null
}

/** Where a step's own output is shown; null when it is not. */
export function finalPlace(
	projection: Pick<Projection, 'canonical' | 'placement'>,
	{ stepId, context }: Pick<ProjectedStep, 'stepId' | 'context'>,
): ProjectionPlace | null {
	const folder = projectionFolder(projection.placement, context, stepId)
	return folder && isFileName(projection.canonical) ? { ...folder, name: `${projection.canonical}.md` } : null
}

/**
 * Shows a Final or an artifact as a file while `append` keeps it; other events are only kept. With check policy `strict` the
 * file comes first, and an output that cannot be shown is refused with nothing kept; otherwise a miss is at most logged.
 */
export async function keepAndProject<Kept>(
	deps: ProjectionDeps,
	projection: Projection,
	step: ProjectedStep,
	event: OutputEvent,
	append: () => Promise<Kept>,
): Promise<Kept> {
	if (projection.checkPolicy === 'strict') {
		await project(deps, projection, step, event)
		return append()
	}
	const kept = await append()
	await project(deps, projection, step, event)
	return kept
}

async function project({ files, log }: ProjectionDeps, projection: Projection, step: ProjectedStep, event: OutputEvent): Promise<void> {
	if (event.type !== 'final' && event.type !== 'artifact') return
	const { checkPolicy } = projection
	const [name, file] = event.type === 'final' ? [projection.canonical, `${projection.canonical}.md`] : [event.name, event.name]
	try {
		const folder = projectionFolder(projection.placement, step.context, step.stepId)
		if (!folder && checkPolicy !== 'strict') return
		if (!folder) throw new Error('neither work_dir nor project_root is known')
		if (!isFileName(name)) throw new Error(`${JSON.stringify(name)} cannot be the name of a file`)
		await files.write({ ...folder, name: file }, event.type === 'final' ? finalText(step, event) : bodyText(contentValue(event.content)))
	} catch (error) {
		if (checkPolicy === 'silent') return
		log.warn('an output could not be shown as a file', {
			run_id: step.runId,
			step_id: step.stepId,
			agent: step.agent,
			name,
			reason: messageOf(error),
		})
		if (checkPolicy === 'strict') throw refusedByPolicy(`${event.type} ${name}`, error)
	}
}

const isFileName = (name: string): boolean => name !== '' && name !== '.' && name !== '..' && !/[/\\\0]/.test(name)

/** Markdown with front matter; the value stands in it as it was submitted, before any folding. */
function finalText({ stepId, n, agent }: ProjectedStep, event: OutputEvent & { type: 'final' }): string {
	const front = [`task_id: ${stepId}`, `step: ${JSON.stringify(agent)}`, `attempt: ${n}`, `ok: ${event.ok}`]
	const value = JSON.stringify(contentValue(event.content), null, 2)
	return `---\n${front.join('\n')}\n---\n\n\`\`\`json\n${value}\n\`\`\`\n`
}

const bodyText = (value: Json): string => (typeof value === 'string' ? value : `${JSON.stringify(value, null, 2)}\n`)

function refusedByPolicy(what: string, cause: unknown): MseError {
	return new MseError('unavailable', `check policy strict: ${what}: ${messageOf(cause)}`, {
		code: 'check_policy_strict',
		hint: 'Nothing of this submission was kept. Make the folder writable, or launch with "check_policy": "warn".',
		cause,
	})
}
