import { MseError } from '../../../kernel/error.ts'
import type { RunId, StepId } from '../../../kernel/id.ts'
import type { TraceparentOf } from '../../trace/context.ts'
import type { RunOptions } from '../record.ts'
import type { RunStore } from '../store.ts'

/** The attempt whose worker asks for a run. */
export interface RunParent {
	readonly runId: RunId
	readonly stepId: StepId
	/** Which attempt at that step. */
	readonly n: number
}

/** How deep workers may start workers. */
export interface SpawnDepth {
	/** `limits.spawn_depth` */
	readonly most: number
	/** Of runs that no worker of this server asked for; above 0 where the server itself was started by a worker. */
	readonly base: number
}

interface DescentDeps {
	readonly runs: Pick<RunStore, 'run'>
	readonly spawnDepth: SpawnDepth
	readonly traceparentOf?: TraceparentOf | undefined
}

/**
 * What a run keeps of the worker that asked for it: nothing for one that nobody's worker did. Throws `conflict` (code
 * `spawn_too_deep`) when there are too many runs above it.
 */
export async function descent(
	{ runs, spawnDepth, traceparentOf }: DescentDeps,
	parent: RunParent | undefined,
): Promise<Pick<RunOptions, 'parent' | 'depth' | 'traceparent'>> {
	const above = parent && (await runs.run(parent.runId))
	const depth = above ? depthOf(above.options, spawnDepth) + 1 : spawnDepth.base
	if (depth > spawnDepth.most)
		throw new MseError(
			'conflict',
			`The run would be ${depth} levels below the first; ${spawnDepth.most} are allowed (limits.spawn_depth).`,
			{
				code: 'spawn_too_deep',
				hint: 'Let the worker hand its result back instead of starting another run, or raise `limits.spawn_depth`.',
				details: { limit: spawnDepth.most, depth },
			},
		)
	const traceparent = above && parent && traceparentOf?.(above, parent.stepId, parent.n)
	return {
		...(parent && { parent: { runId: parent.runId, stepId: parent.stepId } }),
		...(depth > 0 && { depth }),
		...(traceparent && { traceparent }),
	}
}

const depthOf = ({ depth }: RunOptions, { base }: SpawnDepth): number => depth ?? base
